// The knocking. Each attempt is a coroutine that writes into its own Try; the limits are one table.
#include "commands/doctor/way.hpp"

#include <algorithm>
#include <array>
#include <asio/ip/tcp.hpp>
#include <asio/ip/udp.hpp>

#include "base/random.hpp"
#include "cli/globals.hpp"
#include "net/connect.hpp"
#include "net/deadline.hpp"
#include "net/limits.hpp"
#include "net/resolve.hpp"
#include "net/sctp_stack.hpp"
#include "net/spawn.hpp"
#include "net/together.hpp"
#include "wire/http.hpp"

namespace netkit::doctor {
namespace {

using std::chrono::steady_clock;
using std::chrono::system_clock;

constexpr std::size_t addresses_max = 4;  // More are not knocked at.
constexpr int datagrams = 2;              // One may be lost.
constexpr std::chrono::seconds datagram_wait{1};
constexpr std::chrono::seconds sctp_limit{2};
constexpr std::chrono::seconds http_limit{1};

/// As errno has it, whoever found it.
int number_of(const std::error_code& code) {
  if (code == Errc::timed_out) return ETIMEDOUT;
  return code.category() == category() ? EPROTO : code.value();
}

asio::awaitable<Status> try_tcp(Try& each) {
  asio::ip::tcp::socket socket{co_await asio::this_coro::executor};
  net::Deadline deadline{socket.get_executor(), [&socket] {
                           std::error_code ignored;
                           socket.close(ignored);
                         }};
  deadline.expire_in(net::connect_limit);
  const auto begin = steady_clock::now();
  std::error_code failed;
  const asio::ip::tcp::endpoint to{each.to, each.port.number};
  co_await socket.async_connect(to, net::into(failed));
  each.error = deadline.passed() ? ETIMEDOUT : failed.value();
  each.took = steady_clock::now() - begin;
  co_return ok;
}

asio::awaitable<Status> try_sctp(Try& each, net::SctpChoice choice) {
  const net::Endpoint to{.scheme = net::Scheme::sctp,
                         .host = each.to.to_string(),
                         .port = each.port.number,
                         .path = {}};
  const auto begin = steady_clock::now();
  const auto stream = co_await net::connect(to, std::nullopt, sctp_limit, choice);
  each.error = stream ? 0 : number_of(stream.error().code);
  each.took = steady_clock::now() - begin;
  co_return ok;
}

/// What is asked by a datagram, and what came back.
struct Question {
  std::string text;
  std::string answer = {};
  Exchange exchange = {};
};

/// Connected, so that the kernel passes on what routers and the host say by ICMP.
asio::awaitable<Status> try_udp(Try& each, Question& question) {
  asio::ip::udp::socket socket{co_await asio::this_coro::executor};
  net::Deadline deadline{socket.get_executor(), [&socket] {
                           std::error_code ignored;
                           socket.cancel(ignored);
                         }};
  std::error_code failed;
  socket.connect({each.to, each.port.number}, failed);
  question.answer.resize(512);
  for (int sent = 0; sent < datagrams && !failed; ++sent) {
    deadline.expire_in(datagram_wait);
    const auto begin = steady_clock::now();
    question.exchange.asked = system_clock::now();
    if (socket.send(asio::buffer(question.text), 0, failed); failed) break;
    const std::size_t size =
        co_await socket.async_receive(asio::buffer(question.answer), net::into(failed));
    question.exchange.heard = system_clock::now();
    if (deadline.passed()) {
      failed.clear();
      continue;
    }
    each.took = steady_clock::now() - begin;
    if (failed) break;
    question.answer.resize(size);
    each.error = 0;
    co_return ok;
  }
  if (failed) each.error = failed.value();
  question.answer.clear();
  co_return ok;
}

/// By the Date that the file server, or whatever speaks HTTP there, puts into every answer.
asio::awaitable<std::optional<ClockOffset>> ask_date(const Try& open) {
  const net::Endpoint at{.scheme = net::Scheme::tcp,
                         .host = open.to.to_string(),
                         .port = open.port.number,
                         .path = {}};
  Result<net::Stream> stream = co_await net::connect(at, std::nullopt, http_limit);
  if (!stream) co_return std::nullopt;
  stream->expire_in(http_limit);
  Exchange exchange{system_clock::now(), {}};
  const std::string request =
      "HEAD / HTTP/1.1\r\nHost: " + net::authority(at) + "\r\nConnection: close\r\n\r\n";
  if (const Status sent = co_await stream->write(request); !sent) co_return std::nullopt;
  std::string answer;
  std::array<char, 1024> piece;
  wire::HttpResponseDecoder decoder;
  for (;;) {
    const Result<std::size_t> got = co_await stream->read_some(piece);
    if (!got) co_return std::nullopt;
    exchange.heard = system_clock::now();
    answer.append(piece.data(), *got);
    const auto head = decoder.next(answer);
    if (!head) co_return std::nullopt;
    if (!head->message) continue;
    const auto date = head->message->fields.find("Date");
    if (!date) co_return std::nullopt;
    co_return read_date(*date, exchange);
  }
}

net::Carrier carrier_of(net::Scheme scheme) {
  if (scheme == net::Scheme::udp) return net::Carrier::udp;
  return scheme == net::Scheme::sctp ? net::Carrier::sctp : net::Carrier::tcp;
}

std::vector<net::ServicePort> ports_of(const net::Endpoint& to) {
  const net::Carrier carrier = carrier_of(to.scheme_or(net::Scheme::tcp));
  std::vector<net::ServicePort> ports;
  for (const net::ServicePort& each : net::service_ports)
    // What is said to the group by peers is answered by none.
    if (to.port
            ? each.number == *to.port && each.carrier == carrier
            : each.number != net::presence_group_port && (!to.scheme || each.carrier == carrier))
      ports.push_back(each);
  if (to.port && ports.empty()) ports.push_back({*to.port, carrier});
  return ports;
}

/// All that is tried at a host, and what it answers. Stays where it is while coroutines run.
struct Knocking {
  std::vector<Try> tries;             ///< By port, then by address.
  Question hello{"netkit doctor\n"};  // For the one port of UDP that is among them.
  Question time{sntp_question(random_u64())};
  Try time_try;

  bool reached() const {
    return time_try.reached() ||
           std::any_of(tries.begin(), tries.end(), [](const Try& each) { return each.reached(); });
  }
};

asio::awaitable<void> knock(Knocking& at, net::SctpChoice choice) {
  std::vector<asio::awaitable<Status>> parts;
  parts.push_back(try_udp(at.time_try, at.time));
  for (Try& each : at.tries)
    if (each.port.carrier == net::Carrier::tcp)
      parts.push_back(try_tcp(each));
    else if (each.port.carrier == net::Carrier::sctp)
      parts.push_back(try_sctp(each, choice));
    else
      parts.push_back(try_udp(each, at.hello));
  static_cast<void>(co_await net::together(std::move(parts)));  // None fails.
}

asio::awaitable<std::optional<ClockOffset>> offset_of(const Knocking& at, bool wanted) {
  if (const auto offset = read_sntp(at.time.text, at.time.answer, at.time.exchange))
    co_return offset;
  for (const Try& each : at.tries)
    if (each.error == 0 && each.port.carrier == net::Carrier::tcp &&
        (wanted || each.port.service == "filesrv"))
      co_return co_await ask_date(each);
  co_return std::nullopt;
}

/// The first address that there is a route to, else the first.
asio::ip::address first_with_route(const std::vector<asio::ip::address>& addresses,
                                   const asio::any_io_executor& executor) {
  for (const asio::ip::address& each : addresses) {
    asio::ip::udp::socket socket{executor};
    std::error_code failed;
    socket.connect({each, sntp_port}, failed);
    if (!failed) return each;
  }
  return addresses.front();
}

}  // namespace

asio::awaitable<Try> try_user_sctp() {
  const auto executor = co_await asio::this_coro::executor;
  auto& io = static_cast<asio::io_context&>(executor.context());
  Try itself{.port = {}, .to = asio::ip::address_v4::loopback()};
  std::error_code failed;
  asio::ip::udp::socket socket{executor, asio::ip::udp::v4()};
  socket.bind({itself.to, 0}, failed);
  itself.port.number = socket.local_endpoint(failed).port();
  auto listener = net::SctpListener::open(io, FileDescriptor{socket.release(failed)},
                                          net::SctpSettings{}, [](const auto&) { return true; });
  if (listener)
    static_cast<void>(co_await try_sctp(itself, net::SctpChoice::user));
  else
    itself.error = number_of(listener.error().code);
  co_return itself;
}

asio::awaitable<Way> look_at_way(cli::Context& context, net::Endpoint to) {
  const auto executor = co_await asio::this_coro::executor;
  Way way;
  const auto begin = steady_clock::now();
  const auto found = co_await net::resolve(to, begin + net::connect_limit);
  std::error_code no_address;
  asio::ip::make_address(to.host, no_address);
  if (no_address) way.findings.push_back(judge_name(to.host, found, steady_clock::now() - begin));
  if (!found) {
    way.reached = Error{Errc::name_not_found, "reach " + to.host, "see the line marked bad"};
    co_return way;
  }

  std::vector<asio::ip::address> addresses = net::interleave(*found);
  addresses.resize(std::min(addresses.size(), addresses_max));
  const asio::ip::address first = first_with_route(addresses, executor);
  Knocking at;
  for (const net::ServicePort& port : ports_of(to))
    for (const asio::ip::address& each : addresses)
      if (port.carrier == net::Carrier::tcp || each == first)
        at.tries.push_back({.port = port, .to = each});
  at.time_try = {.port = {sntp_port, net::Carrier::udp}, .to = first};
  co_await knock(at, context.globals.sctp);

  for (auto from = at.tries.cbegin(); from != at.tries.cend();) {
    const auto same = [&](const Try& each) {
      return each.port.number == from->port.number && each.port.carrier == from->port.carrier;
    };
    const auto end = std::find_if_not(from, at.tries.cend(), same);
    way.findings.push_back(judge_reach({from, end}, to.port.has_value()));
    from = end;
  }
  if (!at.reached()) {
    way.reached = Error{std::make_error_code(std::errc::host_unreachable), "reach " + to.host,
                        "see the lines marked bad"};
    co_return way;
  }
  const auto offset = co_await offset_of(at, to.port.has_value());
  way.findings.push_back(judge_offset(to.host, offset));
  co_return way;
}

}  // namespace netkit::doctor
