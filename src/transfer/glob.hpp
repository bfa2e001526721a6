// Patterns over names of files: * ? [a-z] [!a-z] and \ before any of them; ** over whole folders.
// Bytes, no locale; opens nothing.
#pragma once

#include <string>
#include <string_view>

namespace netkit::transfer {

/// True if `text` has an unescaped * ? or [.
bool has_wildcards(std::string_view text);
/// One component against one name, in linear-ish time whatever the pattern: no exponential
/// backtracking. A name that begins with a dot is only matched by a pattern that does.
bool matches(std::string_view pattern, std::string_view name);
/// `text` without the backslashes that escape; for patterns without wildcards.
std::string unescape(std::string_view text);

}  // namespace netkit::transfer
