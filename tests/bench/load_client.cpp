// The epoll loop of the load program: opening, sending, checking. See load_client.hpp.
#include "load_client.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <utility>

namespace netkit::bench {
namespace {

constexpr std::size_t opening_max = 8;  // Below the accept queue of any peer, ncat's 10 included.
constexpr std::size_t idle_opening_max = 256;
constexpr int silence_limit_ms = 10'000;
constexpr std::size_t scratch_size = 256 * 1024;
constexpr std::size_t head_size_max = 4096;

// The key and its answer are the example of RFC 6455, 1.3.
constexpr const char* ws_key = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr const char* ws_accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

std::int64_t now_ns() noexcept {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

[[noreturn]] void give_up_errno(const std::string& attempt, int error) {
  give_up("cannot " + attempt + ": " + std::strerror(error));
}

}  // namespace

void give_up(const std::string& message) {
  std::fprintf(stderr, "load: %s\n", message.c_str());
  std::exit(1);
}

LoadClient::LoadClient(const Target& target, Cycle cycle, std::size_t window)
    : target_{target},
      cycle_{std::move(cycle)},
      window_{window},
      scratch_(scratch_size),
      epoll_{epoll_create1(EPOLL_CLOEXEC)} {
  if (epoll_ < 0) give_up_errno("open epoll", errno);
}

LoadClient::~LoadClient() {
  for (const Connection& connection : connections_) {
    // A reset leaves no socket in TIME_WAIT: 50,000 of them would burden the next measurement.
    const linger reset{.l_onoff = 1, .l_linger = 0};
    if (idle_) setsockopt(connection.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(connection.fd);
  }
  close(epoll_);
}

void LoadClient::watch(Connection& connection, int operation, std::uint32_t events) {
  epoll_event event{.events = events, .data = {.ptr = &connection}};
  if (epoll_ctl(epoll_, operation, connection.fd, &event) != 0)
    give_up_errno("watch a socket", errno);
}

void LoadClient::open(std::size_t connections, bool idle) {
  idle_ = idle;
  connections_.resize(connections);  // Never again: epoll holds pointers into it.
  const std::size_t limit = idle ? idle_opening_max : opening_max;
  std::size_t begun = 0;
  while (open_ < connections) {
    while (begun < connections && opening_ < limit)
      begin(begun++);
    if (open_ < connections) turn();
  }
}

void LoadClient::begin(std::size_t index) {
  Connection& connection = connections_[index];
  connection.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (connection.fd < 0) give_up_errno("open a socket", errno);
  const int on = 1;
  setsockopt(connection.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (target_.sources > 1) {
    setsockopt(connection.fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    sockaddr_in source{};
    source.sin_family = AF_INET;
    source.sin_addr.s_addr =
        htonl(INADDR_LOOPBACK + static_cast<in_addr_t>(index % target_.sources));
    if (bind(connection.fd, reinterpret_cast<const sockaddr*>(&source), sizeof source) != 0)
      give_up_errno("bind to a loopback address", errno);
  }
  const std::size_t first = index % cycle_.count;
  connection.send_at = first * cycle_.request_size;
  connection.expect_at = first * cycle_.reply_size;
  if (!idle_) connection.sent_ns.resize(window_);
  const int result = connect(connection.fd, reinterpret_cast<const sockaddr*>(&target_.address),
                             sizeof target_.address);
  if (result != 0 && errno != EINPROGRESS) give_up_errno("connect", errno);
  ++opening_;
  watch(connection, EPOLL_CTL_ADD, EPOLLOUT);
}

void LoadClient::connected(Connection& connection) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(connection.fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) give_up_errno("connect", error);
  watch(connection, EPOLL_CTL_MOD, EPOLLIN);
  if (!target_.websocket) {
    opened(connection);
    return;
  }
  connection.state = State::shaking_hands;
  std::array<char, INET_ADDRSTRLEN> host{};
  inet_ntop(AF_INET, &target_.address.sin_addr, host.data(), host.size());
  const std::string request = "GET / HTTP/1.1\r\nHost: " + std::string{host.data()} + ":" +
                              std::to_string(ntohs(target_.address.sin_port)) +
                              "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                              "Sec-WebSocket-Key: " +
                              ws_key + "\r\nSec-WebSocket-Version: 13\r\n\r\n";
  if (send(connection.fd, request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size()))
    give_up_errno("send a handshake", errno);
}

// The way is open: an idle connection is done, any other shows first that its echo works.
void LoadClient::opened(Connection& connection) {
  if (idle_) {
    connection.state = State::open;
    --opening_;
    ++open_;
    return;
  }
  connection.state = State::first_echo;
  post(connection, 1, now_ns());
}

void LoadClient::read_handshake(Connection& connection) {
  const ssize_t size = recv(connection.fd, scratch_.data(), scratch_.size(), 0);
  if (size <= 0) give_up("the server closed a connection in its handshake");
  connection.head.append(scratch_.data(), static_cast<std::size_t>(size));
  const std::size_t end = connection.head.find("\r\n\r\n");
  if (end == std::string::npos) {
    if (connection.head.size() > head_size_max) give_up("the handshake's answer has no end");
    return;
  }
  const std::string_view rest = std::string_view{connection.head}.substr(end + 4);
  if (!connection.head.starts_with("HTTP/1.1 101") ||
      connection.head.find(ws_accept) == std::string::npos || !target_.greeting.starts_with(rest))
    give_up("the server refused the handshake: " +
            connection.head.substr(0, connection.head.find('\r')));
  if (rest.size() < target_.greeting.size()) return;
  connection.head = {};
  opened(connection);
}

void LoadClient::post(Connection& connection, std::size_t messages, std::int64_t now) {
  for (std::size_t i = 0; i < messages; ++i)
    connection.sent_ns[(connection.oldest + connection.under_way++) % window_] = now;
  under_way_ += messages;
  connection.unsent += messages * cycle_.request_size;
  if (!connection.wants_writable) write_due(connection);
}

void LoadClient::write_due(Connection& connection) {
  const ssize_t result = send(connection.fd, cycle_.requests.data() + connection.send_at,
                              connection.unsent, MSG_NOSIGNAL);
  if (result < 0 && errno != EAGAIN) give_up_errno("send", errno);
  const std::size_t sent = result < 0 ? 0 : static_cast<std::size_t>(result);
  connection.send_at = (connection.send_at + sent) % (cycle_.count * cycle_.request_size);
  connection.unsent -= sent;
  const bool wants_writable = connection.unsent > 0;
  if (wants_writable == connection.wants_writable) return;
  connection.wants_writable = wants_writable;
  watch(connection, EPOLL_CTL_MOD, wants_writable ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

void LoadClient::read_replies(Connection& connection) {
  const ssize_t result = recv(connection.fd, scratch_.data(), scratch_.size(), 0);
  if (result < 0 && errno == EAGAIN) return;
  if (result < 0) give_up_errno("receive", errno);
  if (result == 0) give_up("the server closed a connection");
  const auto size = static_cast<std::size_t>(result);
  const std::size_t before = connection.expect_at % cycle_.reply_size;
  check(connection, size);
  finish_messages(connection, size, before);
}

void LoadClient::check(Connection& connection, std::size_t size) {
  const char* at = scratch_.data();
  while (size > 0) {
    const std::size_t piece = std::min(size, cycle_.replies.size() - connection.expect_at);
    if (std::memcmp(at, cycle_.replies.data() + connection.expect_at, piece) != 0)
      give_up("an answer differs from what was sent");
    connection.expect_at = (connection.expect_at + piece) % cycle_.replies.size();
    at += piece;
    size -= piece;
  }
}

// `before`: how many bytes of the oldest message were there before these `size` ones.
void LoadClient::finish_messages(Connection& connection, std::size_t size, std::size_t before) {
  const std::size_t finished = (before + size) / cycle_.reply_size;
  if (finished == 0) return;
  if (finished > connection.under_way) give_up("more answers than messages");
  const std::int64_t now = now_ns();
  for (std::size_t i = 0; i < finished; ++i) {
    latencies_.add(now - connection.sent_ns[connection.oldest]);
    if (++connection.oldest == window_) connection.oldest = 0;
  }
  connection.under_way -= finished;
  under_way_ -= finished;
  if (connection.state == State::first_echo) {
    connection.state = State::open;
    --opening_;
    ++open_;
  } else if (now < deadline_ns_) {
    post(connection, finished, now);
  }
}

void LoadClient::handle(std::uint32_t events, Connection& connection) {
  switch (connection.state) {
    case State::connecting: connected(connection); return;
    case State::shaking_hands: read_handshake(connection); return;
    case State::first_echo:
    case State::open: break;
  }
  if (idle_) give_up("the server closed an idle connection, or sent to it");
  if (events & EPOLLOUT) write_due(connection);
  if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) read_replies(connection);
}

// Waits for events and handles them.
void LoadClient::turn() {
  std::array<epoll_event, 512> events{};
  const int count =
      epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), silence_limit_ms);
  if (count < 0 && errno != EINTR) give_up_errno("wait", errno);
  if (count == 0)
    give_up("no answer for 10 s, " + std::to_string(open_) + " connections are open, " +
            std::to_string(under_way_) + " messages under way");
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    handle(event.events, *static_cast<Connection*>(event.data.ptr));
  }
}

Measurement LoadClient::run(double seconds) {
  latencies_ = {};
  const std::int64_t start = now_ns();
  deadline_ns_ = start + static_cast<std::int64_t>(seconds * 1e9);
  for (Connection& connection : connections_)
    post(connection, window_, now_ns());
  while (under_way_ > 0)
    turn();
  return {.latencies = latencies_, .seconds = static_cast<double>(now_ns() - start) / 1e9};
}

void LoadClient::check_idle() {
  epoll_event event{};
  if (epoll_wait(epoll_, &event, 1, 0) > 0)
    give_up("the server closed an idle connection, or sent to it");
}

}  // namespace netkit::bench
