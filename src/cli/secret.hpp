// Secrets that a user hands over in a file or on standard input, so that they show neither in the
// list of processes nor in a shell's history. Used by commands with tokens, codes and passwords.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.hpp"

namespace netkit::cli {

/// The first line of a file, or of standard input for "-", without its line end (LF or CRLF);
/// blanks stay. What follows the line is left unread. Errc::usage, with why, for one that is empty,
/// holds a NUL or has more than `size_max` bytes.
Result<std::string> read_secret_file(const std::string& path, std::size_t size_max);

}  // namespace netkit::cli
