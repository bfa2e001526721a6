// Errors to exit codes.
#include "cli/exit_code.hpp"

#include <asio/error.hpp>
#include <asio/ssl/error.hpp>

namespace netkit::cli {
namespace {

ExitCode own(Errc code) {
  switch (code) {
    case Errc::usage: return exit_usage;
    case Errc::closed:
    case Errc::name_not_found: return exit_unreachable;
    case Errc::refused: return exit_refused;
    case Errc::not_found:
    case Errc::mismatch:
    case Errc::unexpected:
    case Errc::malformed:
    case Errc::not_utf8:
    case Errc::too_large:
    case Errc::wrong_version: return exit_not_found;
    case Errc::timed_out: return exit_timed_out;
    case Errc::unknown_command: return exit_no_command;
    case Errc::interrupted: return exit_interrupted;
    case Errc::no_reader:
    case Errc::busy:
    case Errc::stopped: return exit_failed;
  }
  return exit_failed;
}

}  // namespace

ExitCode exit_code_of(const Error& error) {
  if (error.code.category() == category()) return own(static_cast<Errc>(error.code.value()));
  if (error.code == asio::ssl::error::stream_truncated) return exit_unreachable;
  if (error.code.category() == asio::error::get_ssl_category()) return exit_refused;
  // Asio's own category maps no number to std::errc; the standard one maps all of errno(3).
  const bool of_asio = error.code.category() == asio::error::get_system_category();
  const std::error_code code =
      of_asio ? std::error_code{error.code.value(), std::system_category()} : error.code;
  using std::errc;
  for (const errc lost : {errc::connection_refused, errc::connection_reset,
                          errc::connection_aborted, errc::broken_pipe, errc::host_unreachable,
                          errc::network_unreachable, errc::network_down, errc::not_connected})
    if (code == lost) return exit_unreachable;
  // A unix socket without a server, or one that is others' alone; any other file is no peer.
  if (of_asio && code == errc::no_such_file_or_directory) return exit_unreachable;
  if (of_asio && (code == errc::permission_denied || code == errc::operation_not_permitted))
    return exit_refused;
  return code == errc::timed_out ? exit_timed_out : exit_failed;
}

}  // namespace netkit::cli
