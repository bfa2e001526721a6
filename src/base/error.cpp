// The sentences of the errors that netkit itself detects.
#include "base/error.hpp"

#include <string>

namespace netkit {
namespace {

const char* sentence(Errc code) {
  switch (code) {
    case Errc::malformed: return "not a valid message";
    case Errc::too_large: return "larger than the limit";
    case Errc::not_utf8: return "not valid UTF-8";
    case Errc::wrong_version: return "protocol version not supported";
    case Errc::unexpected: return "unexpected message";
    case Errc::timed_out: return "timed out";
    case Errc::closed: return "the other side closed the connection";
    case Errc::name_not_found: return "host name not found";
    case Errc::refused: return "refused";
    case Errc::not_found: return "not found";
    case Errc::mismatch: return "not the expected answer";
    case Errc::busy: return "busy";
    case Errc::stopped: return "stopped";
    case Errc::usage: return "not understood";
    case Errc::unknown_command: return "no such command";
    case Errc::no_reader: return "nobody reads it";
    case Errc::interrupted: return "interrupted";
  }
  return "unknown error";
}

struct Category final : std::error_category {
  const char* name() const noexcept override { return "netkit"; }
  std::string message(int code) const override { return sentence(static_cast<Errc>(code)); }
};

}  // namespace

const std::error_category& category() noexcept {
  static const Category instance;
  return instance;
}

}  // namespace netkit
