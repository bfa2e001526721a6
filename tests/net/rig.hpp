// What the tests of this folder stand on: a server that runs in a thread of its own, plain blocking
// sockets as its peers, and a way to run a coroutine to its end. Knows no service but echo.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <doctest/doctest.h>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "log/logger.hpp"
#include "net/server.hpp"

namespace netkit::net::tests {

/// Nothing here takes as long: whatever does, hangs.
inline constexpr std::chrono::seconds hang_limit{60};

/// The coroutines that serve: all bytes back, and whole WebSocket messages back.
asio::awaitable<Status> echo_bytes(Connection& connection);
asio::awaitable<Status> echo_messages(Connection& connection);
asio::awaitable<Status> echo_datagrams(Datagram& datagram);

/// echo on one TLS mode for all schemes; ws and wss get messages.
Service echo_service(TlsMode tls = TlsMode::never);

/// A self-signed certificate for "localhost" and 127.0.0.1, made once.
const std::string& certificate();
const std::string& certificate_key();
TlsContext server_tls();

/// The default options, changed by `change`.
template <typename Change>
ServerOptions options_with(Change change) {
  ServerOptions options;
  change(options);
  return options;
}

/// A server in a thread of its own, from its construction to its end.
class RunningServer {
 public:
  struct Plan {
    std::vector<std::string> listen{"tcp://127.0.0.1:0"};
    ServerOptions options = {};
    Service service = echo_service();
    std::optional<TlsContext> tls = std::nullopt;
    std::shared_ptr<Listening> opened = {};  ///< Besides what `listen` says.
  };

  RunningServer() : RunningServer(Plan{}) {}
  explicit RunningServer(Plan plan);
  explicit RunningServer(ServerOptions options) : RunningServer(with(std::move(options))) {}
  /// Drains it, unless that was done, and waits for its end.
  ~RunningServer();

  const Endpoint& endpoint(std::size_t index = 0) const { return endpoints_.at(index); }
  std::uint16_t port(std::size_t index = 0) const { return *endpoint(index).port; }
  Server& server() { return *server_; }
  std::string log() const { return sink_.text(); }
  /// Waits for `text` in the log: for an event, not for a time.
  bool logged(std::string_view text) const;
  /// Waits until as many connections are there.
  bool reaches(std::uint64_t active);
  /// Waits for the end of run() and answers with what it returned.
  Status wait();

 private:
  static Plan with(ServerOptions options) {
    Plan plan;
    plan.options = std::move(options);
    return plan;
  }

  log::MemorySink sink_{100'000};
  log::Logger log_{"test", sink_, {.limits = {1'000'000, 1'000'000, std::chrono::seconds{1}}}};
  std::vector<Endpoint> endpoints_;
  std::optional<Server> server_;
  Status outcome_ = ok;
  std::jthread thread_;
};

/// A blocking client of plain bytes. Reads and writes that take too long fail the test.
class Peer {
 public:
  explicit Peer(std::uint16_t port, int receive_buffer_size = 0);
  explicit Peer(const std::string& unix_path);

  bool connected() const { return static_cast<bool>(socket_); }
  /// False once the other side has reset the connection.
  bool send(std::string_view bytes);
  /// What one non-blocking attempt to send took.
  std::size_t send_now(std::string_view bytes);
  /// Exactly `size` bytes, or what came before the end.
  std::string receive(std::size_t size);
  /// Everything up to the end of the stream.
  std::string receive_all() { return receive(SIZE_MAX); }
  /// True if the end of the stream, in order or by reset, is what comes next.
  bool ended() { return receive(1).empty(); }
  bool was_reset() const { return was_reset_; }
  void half_close();
  void reset();
  void close() { socket_.reset(); }
  int handle() const { return socket_.get(); }

 private:
  void connect(const void* address, std::size_t size);

  FileDescriptor socket_;
  bool was_reset_ = false;
};

/// Runs `part` to its end on an io_context of its own.
template <typename T>
T run(asio::awaitable<T> part) {
  asio::io_context io{1};
  std::optional<T> result;
  asio::co_spawn(io, std::move(part), [&](std::exception_ptr thrown, T value) {
    if (thrown) std::rethrow_exception(thrown);
    result = std::move(value);
    io.stop();
  });
  io.run_for(hang_limit);
  REQUIRE_MESSAGE(result.has_value(), "the coroutine hangs");
  return std::move(*result);
}

/// Waits for `holds`, asking it again and again; false if it hangs.
bool becomes_true(const std::function<bool()>& holds);

/// Bytes of this process in memory.
std::size_t resident_size();

/// `size` bytes that follow from `seed` alone, of every value.
std::string noise(std::size_t size, std::uint32_t seed = 1);

}  // namespace netkit::net::tests
