// Base64 without padding (RFC 4648, 4 and 5), in the one form that each byte string has: what PHC
// strings, key ids and tickets are written in.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace netkit::identity {

enum class Base64 { standard, url };

std::string to_base64(std::string_view bytes, Base64 alphabet);

/// The bytes; nullopt for another letter, padding, a length that no byte string has, or bits set
/// past the last byte: two different texts never stand for the same bytes.
std::optional<std::string> from_base64(std::string_view text, Base64 alphabet);

}  // namespace netkit::identity
