// Opens the file, and names it as its folder does.
#include "commands/presence/parcel.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.hpp"
#include "transfer/path.hpp"

namespace netkit::presence {

Result<Parcel> open_parcel(const std::string& path) {
  if (path == "-") return Error{Errc::usage, "send stdin as a file", "a file has a name"};
  const std::string attempt = "send " + escape_for_display(path);
  // Here links are followed, as cp does; a FIFO is not waited for.
  FileDescriptor file{::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)};
  if (!file) return errno_error(attempt);
  struct stat status;
  if (::fstat(file.get(), &status) != 0) return errno_error(attempt);
  if (S_ISDIR(status.st_mode))
    return Error{std::make_error_code(std::errc::is_a_directory), attempt, "files alone are sent"};
  if (!S_ISREG(status.st_mode)) return Error{Errc::refused, attempt, "it is no regular file"};
  Parcel parcel;
  parcel.path = path;
  parcel.name = transfer::split_path(path).name;
  parcel.file = std::make_shared<const transfer::OpenFile>(
      transfer::OpenFile{std::move(file), transfer::facts_of(status)});
  return parcel;
}

}  // namespace netkit::presence
