// The failures that netkit itself detects. Every layer uses them; the operating system's, Asio's
// and OpenSSL's codes keep their own categories and pass through.
#pragma once

#include <system_error>

namespace netkit {

enum class Errc {
  // What a peer did wrong. Each ends its connection, never the process.
  malformed = 1,  ///< Bytes that the protocol does not allow.
  too_large,      ///< More bytes announced or sent than the limit allows.
  not_utf8,       ///< Text that is not UTF-8.
  wrong_version,  ///< A protocol version that this program does not speak.
  unexpected,     ///< A valid message where another was due.
  // What happened on the way.
  timed_out,       ///< Nothing came for as long as the caller was ready to wait.
  closed,          ///< The peer ended the stream.
  name_not_found,  ///< The host name does not resolve.
  // What was decided.
  refused,    ///< The peer is not authenticated, not allowed or not trusted.
  not_found,  ///< The thing asked for does not exist.
  mismatch,   ///< The answer was not the expected one.
  busy,       ///< A limit is reached or a resource is held by another.
  stopped,    ///< The program was told to stop.
  // What the user wrote.
  usage,            ///< Arguments or configuration that make no sense.
  unknown_command,  ///< A command that does not exist.
  no_reader,        ///< Nobody reads our output any more.
  interrupted,      ///< A client was told to stop (SIGINT).
};

const std::error_category& category() noexcept;
inline std::error_code make_error_code(Errc code) noexcept {
  return {static_cast<int>(code), category()};
}

}  // namespace netkit

template <>
struct std::is_error_code_enum<netkit::Errc> : std::true_type {};
