// Rounds of waiting: UDP is asked at the beginning of the first two and given up after them.
#include "commands/doctor/knock.hpp"

#include <algorithm>
#include <array>
#include <asio/ip/udp.hpp>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/file.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "net/connect.hpp"
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
constexpr std::size_t addresses_max = 4;  // More are not knocked at.

/// A socket that is connected, or is about to be where errno is EINPROGRESS.
FileDescriptor open_towards(const asio::ip::address& host, const net::ServicePort& port,
                            int flags) {
  const asio::ip::udp::endpoint to{host, port.number};  // Of TCP it would be the same.
  const bool tcp = port.carrier == net::Carrier::tcp;
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

/// All at once. False if a signal ended it.
bool knock(std::vector<Try>& tries) {
  std::vector<FileDescriptor> sockets(tries.size());
  const auto begin = steady_clock::now();
  for (std::size_t round = 0; round < round_ends.size(); ++round) {
    for (std::size_t i = 0; i < tries.size(); ++i) {
      Try& each = tries[i];
      if (each.port.carrier == net::Carrier::sctp) continue;
      if (round == 0) {
        each.exchange.asked = system_clock::now();
        sockets[i] = open_towards(each.to, each.port, SOCK_NONBLOCK);
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

/// Nothing is sent.
bool has_route(const asio::ip::address& address) {
  return static_cast<bool>(open_towards(address, {sntp_port, net::Carrier::udp}, 0));
}

net::Carrier carrier_of(net::Scheme scheme) {
  if (scheme == net::Scheme::udp) return net::Carrier::udp;
  return scheme == net::Scheme::sctp ? net::Carrier::sctp : net::Carrier::tcp;
}

/// By the Date that the file server, or whatever speaks HTTP there, puts into every answer. Within
/// a second a step.
std::optional<ClockOffset> ask_date(const Try& open) {
  const FileDescriptor socket = open_towards(open.to, open.port, 0);
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

std::optional<ClockOffset> offset_of(const std::vector<Try>& tries, bool wanted) {
  const Try& time = tries.back();
  if (const auto offset = read_sntp(time.question, time.answer, time.exchange)) return offset;
  for (const Try& each : tries)
    if (each.error == 0 && each.port.carrier == net::Carrier::tcp &&
        (wanted || each.port.service == "filesrv"))
      return ask_date(each);
  return std::nullopt;
}

}  // namespace

std::vector<Try> tries_at(const net::Endpoint& to, const std::vector<asio::ip::address>& found) {
  const std::vector<asio::ip::address> addresses = net::interleave(found);
  const std::size_t count = std::min(addresses.size(), addresses_max);
  std::size_t first = 0;  // Of those that there is a route to.
  while (first + 1 < count && !has_route(addresses[first]))
    ++first;
  if (!has_route(addresses[first])) first = 0;

  std::vector<Try> tries;
  const auto add = [&](const net::ServicePort& port) {
    for (std::size_t i = 0; i < count; ++i)
      if (port.carrier == net::Carrier::tcp || i == first)
        tries.push_back({.port = port, .to = addresses[i], .question = "netkit doctor\n"});
  };
  const net::Carrier carrier = carrier_of(to.scheme_or(net::Scheme::tcp));
  for (const net::ServicePort& each : net::service_ports)
    // What peers say to the group is answered by none.
    if (to.port
            ? each.number == *to.port && each.carrier == carrier
            : each.number != net::presence_group_port && (!to.scheme || each.carrier == carrier))
      add(each);
  if (tries.empty()) add({to.port.value_or(0), carrier});
  add({sntp_port, net::Carrier::udp});
  tries.back().question = sntp_question(random_u64());
  return tries;
}

Status knock_and_judge(const net::Endpoint& to, std::vector<Try>& tries, Report& report) {
  if (!knock(tries)) return Errc::interrupted;
  const bool wanted = to.port.has_value();
  for (std::size_t from = 0; from + 1 < tries.size();) {
    std::size_t end = from + 1;
    while (end + 1 < tries.size() && tries[end].port == tries[from].port)
      ++end;
    report.add(judge_reach({&tries[from], end - from}, wanted));
    from = end;
  }
  if (!std::any_of(tries.begin(), tries.end(), [](const Try& each) { return each.reached(); }))
    return Error{std::make_error_code(std::errc::host_unreachable), "reach " + to.host,
                 "see the lines marked bad"};
  report.add(judge_offset(to.host, offset_of(tries, wanted)));
  return ok;
}

}  // namespace netkit::doctor
