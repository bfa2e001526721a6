// Names of files as peers write them: bytes between slashes, below a folder that is shared. Whoever
// takes a path from a peer has it checked here first; opens nothing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace netkit::transfer {

/// A path below a root: components of 1 to name_size_max bytes between single slashes, of which
/// none is "." or ".." and none has a NUL; at most path_size_max bytes, at most depth_max deep.
/// Empty is the root itself. Errc::malformed else; the error never repeats the path.
Status check_path(std::string_view path);
/// The same of a single component, which is not empty.
Status check_name(std::string_view name);

/// The components of a checked path; none for the root.
std::vector<std::string_view> components(std::string_view path);

/// "a/b" and "c" to "a/b/c"; either may be empty.
std::string join_path(std::string_view folder, std::string_view name);

/// The last component, and what is before it: "a/b/c" to {"a/b", "c"}.
struct Split {
  std::string_view folder;
  std::string_view name;
};
Split split_path(std::string_view path);

/// `text` as a person types it on a command line, with one leading "./" or "/" and one trailing
/// slash taken off, then check_path().
Result<std::string> path_of_text(std::string_view text);

/// The bytes that a percent-encoded URL path stands for, without its leading slash, then
/// check_path(): so "%2e%2e" is refused like "..". An encoded slash or NUL is malformed.
Result<std::string> path_of_url(std::string_view target);
/// The other way; '/' stays.
std::string url_of_path(std::string_view path);

}  // namespace netkit::transfer
