// The requests of one connection, one after the other in the order they came, while the connection
// goes on reading. Used by the dialects whose messages are requests: frame and ws.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string_view>

#include "commands/auth/office.hpp"

namespace netkit::auth {

/// All members on the connection's thread.
class Conversation : public std::enable_shared_from_this<Conversation> {
 public:
  /// Sends an answer; may be called when the connection has gone already.
  using Say = std::function<void(std::uint32_t stream, std::string_view answer)>;

  Conversation(Office& office, Caller caller, const asio::any_io_executor& executor, Say say);

  /// Errc::busy beyond what one connection may have waiting, by count and by bytes; Errc::malformed
  /// for what is no JSON: both end the connection. A request that makes no sense is answered with
  /// why.
  Status hear(std::uint32_t stream, std::string_view text);
  /// Signs in by what stood in the handshake, before what follows.
  void sign_in(identity::Secret credential);
  /// Until everything that was asked has been answered.
  asio::awaitable<void> finish();
  /// The connection goes: what waits is dropped, and only what has begun is finished.
  void drop() { waiting_.clear(); }

 private:
  struct Waiting {
    std::uint32_t stream = 0;
    Result<Request> request;
    std::int64_t id = 0;
    bool silent = false;   ///< Only a failure is answered.
    std::size_t size = 0;  ///< Of its text.
  };

  void add(Waiting waiting);
  asio::awaitable<void> work();

  Office& office_;
  Caller caller_;
  const asio::any_io_executor executor_;
  const Say say_;
  std::deque<Waiting> waiting_;
  bool working_ = false;
  asio::steady_timer idle_;  // Never fires; cancelled when nothing waits any more.
};

}  // namespace netkit::auth
