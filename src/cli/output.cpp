// Writes to stdout.
#include "cli/output.hpp"

#include "base/file.hpp"

namespace netkit::cli {

Status Output::line(std::string_view text) {
  std::string whole{text};
  whole += '\n';
  return bytes(whole);
}

Status Output::bytes(std::string_view bytes) {
  Status written = write_all(descriptor_, bytes);
  if (written) return ok;
  const bool gone = written.error().code == std::errc::broken_pipe;
  return Error{gone ? make_error_code(Errc::no_reader) : written.error().code,
               "write to standard output"};
}

}  // namespace netkit::cli
