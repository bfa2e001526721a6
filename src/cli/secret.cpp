// Reads the line byte by byte: what stands behind it on standard input is for whoever reads next.
#include "cli/secret.hpp"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.hpp"
#include "base/text.hpp"

namespace netkit::cli {
namespace {

Result<std::string> read_line(int fd, const std::string& attempt, std::size_t size_max) {
  const Error too_long{Errc::usage, attempt,
                       "its first line is longer than " + std::to_string(size_max) + " bytes"};
  std::string line;
  line.reserve(size_max + 2);  // A secret is not to be left behind where a line was before it grew.
  for (;;) {
    char byte = 0;
    const ssize_t got = ::read(fd, &byte, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error(attempt);
    if (got == 0 || byte == '\n') break;
    if (byte == '\0') return Error{Errc::usage, attempt, "there is a NUL in its first line"};
    // One byte more than that may be the CR of the line's end.
    if (line.size() > size_max) return too_long;
    line += byte;
  }
  if (line.ends_with('\r')) line.pop_back();
  if (line.size() > size_max) return too_long;
  if (line.empty()) return Error{Errc::usage, attempt, "its first line is empty"};
  return line;
}

}  // namespace

Result<std::string> read_secret_file(const std::string& path, std::size_t size_max) {
  if (path == "-") return read_line(STDIN_FILENO, "read standard input", size_max);
  const std::string attempt = "read " + escape_for_display(path);
  const FileDescriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY)};
  if (!file) return errno_error(attempt);
  return read_line(file.get(), attempt, size_max);
}

}  // namespace netkit::cli
