// Scopes: the words that say what a session or a ticket may do, and which grants which. Whatever
// checks a token uses it; it knows no user and no session.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace netkit::identity {

inline constexpr std::size_t scope_size_max = 64;

/// Errc::usage unless it is words of a-z, 0-9 and '-', joined by ':', at most scope_size_max bytes:
/// "shutdown:order", "relay:link", "admin".
Status check_scope(std::string_view scope);

/// True if one of `held` is `wanted`, is its beginning up to a ':' (`shutdown` grants
/// `shutdown:order`), or is `admin`. There are no patterns. Nothing grants an empty scope.
bool grants(std::span<const std::string> held, std::string_view wanted);

}  // namespace netkit::identity
