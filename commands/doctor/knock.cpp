// Rounds of waiting: UDP is asked at the beginning of the first two and given up after them.
#include "commands/doctor/knock.hpp"

#include <algorithm>
#include <array>
#include <asio/ip/udp.hpp>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/file.hpp"
#include "base/text.hpp"
#include "net/limits.hpp"

namespace netkit::doctor {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;

constexpr std::array<milliseconds, 3> round_ends{milliseconds{1000}, milliseconds{2000},
                                                 net::connect_limit};
constexpr std::size_t asking_rounds = 2;
constexpr int http_pieces = 8;

/// A socket that is connected, or is about to be where errno is EINPROGRESS.
FileDescriptor open_towards(const Try& at, int flags) {
  const asio::ip::udp::endpoint to{at.to, at.port.number};  // Of TCP it would be the same.
  const bool tcp = at.port.carrier == net::Carrier::tcp;
  FileDescriptor socket{
      ::socket(to.protocol().family(), (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | flags, 0)};
  if (!socket) return socket;
  // A blocking one must not wait for ever; connect(2) takes the limit of sending.
  const timeval limit{.tv_sec = 1, .tv_usec = 0};
  for (const int of : {SO_SNDTIMEO, SO_RCVTIMEO})
    ::setsockopt(socket.get(), SOL_SOCKET, of, &limit, sizeof limit);
  errno = 0;
  const bool begun = ::connect(socket.get(), to.data(), static_cast<socklen_t>(to.size())) == 0 ||
                     errno == EINPROGRESS;
  if (!begun) socket.reset();
  return socket;
}

/// What poll(2) woke us for; true once the Try is over.
bool settle(Try& each, int socket) {
  if (each.port.carrier == net::Carrier::tcp) {
    socklen_t size = sizeof each.error;
    ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &each.error, &size);
    return true;
  }
  std::array<char, 512> answer;
  const ssize_t got = ::recv(socket, answer.data(), answer.size(), 0);
  if (got < 0 && errno == EAGAIN) return false;  // A datagram that came broken.
  each.error = got < 0 ? errno : 0;
  if (got > 0) each.answer.assign(answer.data(), static_cast<std::size_t>(got));
  return true;
}

/// Waits until then, or until nothing is waited for any more. False if a signal came.
bool wait_until(steady_clock::time_point end, std::vector<Try>& tries,
                std::vector<FileDescriptor>& sockets) {
  for (;;) {
    std::vector<pollfd> waiting;
    bool any = false;
    for (std::size_t i = 0; i < tries.size(); ++i) {
      const short wanted = tries[i].port.carrier == net::Carrier::tcp ? POLLOUT : POLLIN;
      waiting.push_back({.fd = sockets[i].get(), .events = wanted, .revents = 0});
      any = any || sockets[i];
    }
    const auto left = std::chrono::ceil<milliseconds>(end - steady_clock::now()).count();
    if (!any || left <= 0) return true;
    if (::poll(waiting.data(), waiting.size(), static_cast<int>(left)) < 0) return false;
    for (std::size_t i = 0; i < tries.size(); ++i)
      if (waiting[i].revents != 0 && settle(tries[i], sockets[i].get())) {
        sockets[i].reset();
        tries[i].exchange.heard = system_clock::now();
        tries[i].took = tries[i].exchange.heard - tries[i].exchange.asked;
      }
  }
}

}  // namespace

bool knock(std::vector<Try>& tries) {
  std::vector<FileDescriptor> sockets(tries.size());
  const auto begin = steady_clock::now();
  for (std::size_t round = 0; round < round_ends.size(); ++round) {
    for (std::size_t i = 0; i < tries.size(); ++i) {
      Try& each = tries[i];
      if (each.port.carrier == net::Carrier::sctp) continue;
      if (round == 0) {
        each.exchange.asked = system_clock::now();
        sockets[i] = open_towards(each, SOCK_NONBLOCK);
        if (!sockets[i]) each.error = errno;
      }
      if (!sockets[i] || each.port.carrier == net::Carrier::tcp) continue;
      each.exchange.asked = system_clock::now();
      const bool asks = round < asking_rounds;
      if (asks && ::send(sockets[i].get(), each.question.data(), each.question.size(), 0) >= 0)
        continue;
      if (asks) each.error = errno;
      sockets[i].reset();
    }
    if (!wait_until(begin + round_ends[round], tries, sockets)) return false;
  }
  return true;
}

bool has_route(const asio::ip::address& address) {
  return static_cast<bool>(
      open_towards({.port = {sntp_port, net::Carrier::udp}, .to = address}, 0));
}

std::optional<ClockOffset> ask_date(const Try& open) {
  const FileDescriptor socket = open_towards(open, 0);
  const std::string request = "HEAD / HTTP/1.0\r\nHost: " + open.to.to_string() + "\r\n\r\n";
  Exchange exchange{system_clock::now(), {}};
  if (::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) return std::nullopt;
  std::string head;
  for (int pieces = 0; pieces < http_pieces; ++pieces) {
    std::array<char, 1024> piece;
    const ssize_t got = ::recv(socket.get(), piece.data(), piece.size(), 0);
    if (got <= 0) break;
    exchange.heard = system_clock::now();
    head.append(piece.data(), static_cast<std::size_t>(got));
    constexpr std::string_view field = "\r\ndate: ";
    const std::size_t at = to_lower_ascii(head).find(field);
    const std::size_t end = at == std::string::npos ? at : head.find("\r\n", at + field.size());
    if (end != std::string::npos)
      return read_date(std::string_view{head}.substr(at + field.size(), end - at - field.size()),
                       exchange);
  }
  return std::nullopt;
}

}  // namespace netkit::doctor
