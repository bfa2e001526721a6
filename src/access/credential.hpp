// How a connection of each dialect shows its token, before anything is served: read, checked,
// refused in the dialect's own words. Every server with --require-auth lets people in by this.
#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "access/guard.hpp"
#include "base/result.hpp"
#include "net/connection.hpp"
#include "net/outlet.hpp"
#include "wire/frame.hpp"
#include "wire/http.hpp"

namespace netkit::access {

// Where a credential, a token or a ticket, stands:
//   line        the first line is `/token TOKEN`; bare bytes, too
//   len64       the same is the first message
//   frame       the first frame is a hello with the body {"token":TOKEN}
//   websocket   Authorization: Bearer of the handshake, else the first message {"token":TOKEN}
enum class Showing : std::uint8_t { line, len64, frame, websocket };

/// What a refusal begins with where the dialect has no other way to tell it from an answer.
inline constexpr std::string_view refusal_prefix = "netkit: refused: ";

/// The token of `Authorization: Bearer TOKEN` (RFC 6750, 2.1); empty for none.
std::string bearer_of(const wire::HttpRequest& request);
/// The token of a text {"token":TOKEN}; empty for anything else.
std::string token_of_json(std::string_view text);
/// The token of a line `/token TOKEN` without its end; empty for anything else.
std::string token_of_line(std::string_view line);

/// What a client says first, to servers that ask for a token; for websocket the first message.
std::string show_credential(Showing how, std::string_view credential);

/// True if others on the way could read what is sent: no token is taken there.
bool is_exposed(const net::Connection& connection);

/// What tells this server from others to those who connect as this peer did: Wish::audience.
std::string audience_of(const net::Connection& connection);

/// Somebody who was let in. The connection is closed within 1 s of the end of the right.
class Visit {
 public:
  Visit(net::Connection& connection, Guard& guard, Who who, const Wish& wish);

  const Who& who() const { return who_; }

 private:
  const Who who_;
  const net::OutletGuard outlet_;
  std::shared_ptr<Guard::Watch> watch_;
};

/// Reads what the peer shows, within the handshake limit, and asks `guard`. Who may not is told so,
/// logged as authz_fail, and is an error: the caller ends the connection. What follows the
/// credential stays in connection.received(). `bearer` is what a WebSocket handshake had.
asio::awaitable<Result<std::unique_ptr<Visit>>> let_in(net::Connection& connection, Guard& guard,
                                                       Showing how, Wish wish,
                                                       std::string bearer = {});

}  // namespace netkit::access
