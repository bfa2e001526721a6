// Tells which sockets can be read or written, for all streams of an io_context. Asio would arm each
// socket anew for each wait, a system call a message; this set stays armed while its sockets are
// waited for. Streams use it; nothing else needs to know.
#pragma once

#include <asio/async_result.hpp>
#include <asio/awaitable.hpp>
#include <asio/execution_context.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/use_awaitable.hpp>
#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

#include "base/file.hpp"
#include "base/result.hpp"

namespace netkit::net {

enum class Direction : std::uint8_t { read, write };

class Readiness;

/// Waits as an object, where a coroutine would keep its frame. It belongs to the wait meanwhile.
class Sleeper {
 public:
  virtual ~Sleeper() = default;
  /// The wait is over, as that of a coroutine would be.
  virtual void woken(std::unique_ptr<Sleeper> self, Status outcome) = 0;
};

/// One socket in the set, with those who wait for it: at most one a direction. Owned by a
/// stream; the set knows where it is, so it must not move.
class Watched {
 public:
  Watched(Readiness& set, int socket);
  ~Watched();
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

  /// Completes with ok when the socket is ready, or with what end_wait() was given. Another wait in
  /// the same direction ends the first one with ok.
  asio::awaitable<Status> ready(Direction direction);
  /// The same for one who is no coroutine.
  void sleep(Direction direction, std::unique_ptr<Sleeper> sleeper);
  /// Ends a wait in that direction, if there is one, with `outcome`.
  void end_wait(Direction direction, Status outcome);

 private:
  friend class Readiness;
  using Coroutine = asio::async_result<asio::use_awaitable_t<>, void(Status)>::handler_type;
  using Waiter = std::variant<std::monostate, Coroutine, std::unique_ptr<Sleeper>>;

  static bool waits(const Waiter& waiter) { return waiter.index() != 0; }
  static void resume(Waiter waiter, Status outcome);
  Waiter& waiter(Direction direction) { return waiters_[static_cast<std::size_t>(direction)]; }
  Waiter take(Direction direction);
  template <typename Kind>
  void begin_wait(Direction direction, Kind waiter);

  std::uint32_t awaited() const;

  Readiness& set_;
  const int socket_;
  std::uint32_t armed_ = 0;  // The epoll events the kernel watches for; 0: not in the set.
  Waiter waiters_[2];
};

/// A level-triggered epoll set inside the io_context's own one. All calls from the thread that runs
/// the io_context. Found by asio::use_service<Readiness>(context).
class Readiness final : public asio::execution_context::service {
 public:
  using key_type = Readiness;
  inline static asio::execution_context::id id;

  explicit Readiness(asio::execution_context& context);
  ~Readiness() override;

 private:
  friend class Watched;

  void shutdown() override;
  void add(Watched& watched);
  void remove(Watched& watched);
  void arm(Watched& watched, std::uint32_t events);
  void wait_begins(Watched& watched, Direction direction);
  void wait_ends();
  void watch();
  void dispatch();
  void wake(int socket, std::uint32_t events);

  FileDescriptor epoll_;
  asio::posix::stream_descriptor outer_;  // epoll_ as Asio sees it.
  std::vector<Watched*> by_socket_;
  std::size_t waiting_ = 0;
  bool watching_ = false;
};

}  // namespace netkit::net
