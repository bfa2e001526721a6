// One connection of a guard to the auth service: hello, questions out, answers in, signs of life.
// Knows frames, not what they say. All on one thread.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "net/connect.hpp"
#include "net/message_reader.hpp"
#include "wire/frame.hpp"

namespace netkit::access {

/// How often the auth service is asked for a sign of life; two missed are the end.
inline constexpr std::chrono::seconds heartbeat{1};

/// Frames, and before the first one whatever text the server says to those it takes for people.
class AnswerDecoder {
 public:
  Result<wire::Decoded<wire::Frame>> next(std::span<char> unread);

 private:
  bool begun_ = false;
};

class AuthLink {
 public:
  /// Connects and greets as `name`; the other's name is server_name().
  static asio::awaitable<Result<std::unique_ptr<AuthLink>>> open(const net::Endpoint& to,
                                                                 std::optional<net::TlsContext> tls,
                                                                 std::string_view name);

  /// Gives each frame to `take` until the connection ends, `take` fails, or abort().
  asio::awaitable<Status> run(std::function<Status(const wire::Frame&)> take);
  /// Sends soon. A service that takes nothing is let go.
  void send(std::string_view frames);
  void abort();

  const std::string& server_name() const { return server_name_; }

 private:
  using Clock = std::chrono::steady_clock;
  AuthLink(net::Stream stream, const asio::any_io_executor& executor);

  asio::awaitable<Status> greet(std::string_view name);
  asio::awaitable<Status> read(std::function<Status(const wire::Frame&)> take);
  asio::awaitable<Status> write();
  void answer(const wire::Frame& ping);

  net::Stream stream_;
  net::MessageReader<AnswerDecoder> reader_;
  asio::steady_timer wake_;
  std::string waiting_;
  std::string server_name_;
  bool ended_ = false;
};

}  // namespace netkit::access
