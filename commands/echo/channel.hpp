// One conversation with an echo server, whatever carries it: send, ping, bench, compare say what,
// a channel knows how.
#pragma once

#include <asio/awaitable.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "cli/client.hpp"
#include "cli/credential.hpp"
#include "commands/echo/echo.hpp"

namespace netkit::echo {

/// Where an answer ends on a transport that keeps no message bounds.
struct AnswerEnd {
  std::size_t size = 0;      ///< As soon as this many bytes are there,
  bool at_line_end = false;  ///< or at the first LF.
};

/// All waits end with Errc::timed_out when the deadline has passed.
class Channel {
 public:
  virtual ~Channel() = default;

  /// True if messages keep their bounds, so that they need no line end.
  virtual bool keeps_bounds() const = 0;
  /// "raw", "frame", "len64", "line", "ws", "udp", "sctp".
  virtual std::string_view dialect() const = 0;
  virtual asio::awaitable<Status> send(std::string_view message) = 0;
  /// The next answer. `end` counts only where bounds are not kept. The view holds until the next
  /// call. Errc::closed at the end of the stream.
  virtual asio::awaitable<Result<std::string_view>> receive(AnswerEnd end) = 0;
  /// What came of an answer that receive() could not complete, and is forgotten with it.
  virtual std::string take_partial() { return {}; }
  virtual asio::awaitable<void> close() = 0;
  virtual void expire_in(Duration limit) = 0;
};

/// Sends `message` and receives its answer; Errc::refused if that is a refusal to serve us. A large
/// one is sent while the answer comes in, because a server that answers as it reads stops reading
/// once its answers are not taken.
asio::awaitable<Result<std::string_view>> exchange(Channel& channel, std::string_view message,
                                                   AnswerEnd end);

struct ChannelOptions {
  Framing framing = Framing::raw;
  const cli::Credential* credential = nullptr;  ///< Who we are; none: nobody.
  std::size_t message_size_max = 16 * 1024 * 1024;
};

/// Connects to `to`, which is complete, and does what its scheme needs before the first message.
asio::awaitable<Result<std::unique_ptr<Channel>>> open_channel(const cli::Context& context,
                                                               const cli::ClientOptions& client,
                                                               net::Endpoint to,
                                                               ChannelOptions options);

/// `endpoint` with echo's ports and, where it names none, the scheme tcp: an echo server's tcp port
/// is raw, so a client cannot prefer TLS there.
net::Endpoint completed(net::Endpoint endpoint);

}  // namespace netkit::echo
