// The dates of HTTP (RFC 9110, 5.6.7). For who writes Date and Last-Modified, and for who reads a
// condition or another machine's clock by them. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace netkit::wire {

/// "Sun, 06 Nov 1994 08:49:37 GMT"
std::string http_date(std::int64_t seconds);
/// The same, and the two old forms (RFC 9110, 5.6.7); years of two digits are at most 50 after that
/// of `now_s`. Names of days are not compared with the date.
std::optional<std::int64_t> parse_http_date(std::string_view text, std::int64_t now_s);

}  // namespace netkit::wire
