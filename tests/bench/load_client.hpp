// Many echo clients in one thread on epoll: keeps a fixed number of messages under way on each
// connection, checks every byte that returns and times every message. For load.cpp only; any
// failure ends the program, for half a measurement is worth nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <netinet/in.h>
#include <string>
#include <vector>

#include "cycle.hpp"
#include "latency.hpp"

namespace netkit::bench {

/// Prints "load: MESSAGE" to stderr and exits with 1.
[[noreturn]] void give_up(const std::string& message);

struct Target {
  sockaddr_in address{};
  bool websocket = false;
  std::string greeting{};   ///< What the server sends once the handshake is done, as bytes.
  std::size_t sources = 1;  ///< Connect from 127.0.0.1, 127.0.0.2, ... in turn; 1: do not bind.
};

struct Measurement {
  Latencies latencies;
  double seconds = 0;  ///< From the first message sent to the last one back.
};

class LoadClient {
 public:
  /// `window`: messages under way on each connection.
  LoadClient(const Target& target, Cycle cycle, std::size_t window);
  LoadClient(const LoadClient&) = delete;
  LoadClient& operator=(const LoadClient&) = delete;
  ~LoadClient();

  /// Returns once all are open: connected, for WebSocket also agreed, and unless `idle` with one
  /// message echoed, which shows that the server accepted it and did not just queue it.
  void open(std::size_t connections, bool idle);

  /// Keeps the load up for this long, then waits for what is still under way.
  Measurement run(double seconds);

  /// Gives up if the server has closed any connection or sent to it.
  void check_idle();

 private:
  enum class State : std::uint8_t { connecting, shaking_hands, first_echo, open };
  struct Connection {
    int fd = -1;
    State state = State::connecting;
    bool wants_writable = false;
    std::size_t send_at = 0;    // In cycle_.requests, before the end of the count requests.
    std::size_t unsent = 0;     // Bytes that are due from there.
    std::size_t expect_at = 0;  // In cycle_.replies.
    std::size_t under_way = 0;
    std::string head;                   // Of the handshake's answer.
    std::vector<std::int64_t> sent_ns;  // A ring: when each message under way was due.
    std::size_t oldest = 0;             // The place in the ring of the next reply.
  };

  void begin(std::size_t index);
  void connected(Connection& connection);
  void opened(Connection& connection);
  void handle(std::uint32_t events, Connection& connection);
  void read_handshake(Connection& connection);
  void read_replies(Connection& connection);
  void check(Connection& connection, std::size_t size);
  void finish_messages(Connection& connection, std::size_t size, std::size_t before);
  void post(Connection& connection, std::size_t messages, std::int64_t now_ns);
  void write_due(Connection& connection);
  void watch(Connection& connection, int operation, std::uint32_t events);
  void turn();

  const Target target_;
  const Cycle cycle_;
  const std::size_t window_;
  std::vector<Connection> connections_;
  std::vector<char> scratch_;
  Latencies latencies_;
  std::size_t opening_ = 0;  // Begun and not yet open.
  std::size_t open_ = 0;
  std::size_t under_way_ = 0;     // Over all connections.
  std::int64_t deadline_ns_ = 0;  // Replies after it are not followed by new messages.
  bool idle_ = false;
  int epoll_ = -1;
};

}  // namespace netkit::bench
