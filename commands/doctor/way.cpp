// What waits for libraries (names, SCTP) is a coroutine, the rest is plain.
#include "commands/doctor/way.hpp"

#include <algorithm>
#include <sys/socket.h>

#include "base/random.hpp"
#include "cli/globals.hpp"
#include "commands/doctor/knock.hpp"
#include "net/connect.hpp"
#include "net/limits.hpp"
#include "net/resolve.hpp"
#include "net/sctp_stack.hpp"

namespace netkit::doctor {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t addresses_max = 4;  // More are not knocked at.
constexpr std::chrono::seconds sctp_limit{2};

/// As errno has it, whoever found it.
int number_of(const std::error_code& code) {
  if (code == Errc::timed_out) return ETIMEDOUT;
  return code.category() == category() ? EPROTO : code.value();
}

net::Endpoint sctp_endpoint(const Try& at) {
  return {
      .scheme = net::Scheme::sctp, .host = at.to.to_string(), .port = at.port.number, .path = {}};
}

asio::awaitable<void> try_sctp(Try& each, net::SctpChoice choice) {
  const net::Endpoint to = sctp_endpoint(each);
  const auto begin = steady_clock::now();
  const auto stream = co_await net::connect(to, std::nullopt, sctp_limit, choice);
  each.error = stream ? 0 : number_of(stream.error().code);
  each.took = steady_clock::now() - begin;
}

/// Listens on a free port of loopback, which `itself` is told.
std::unique_ptr<net::SctpListener> listen_to(Try& itself, const asio::any_io_executor& executor) {
  auto& io = static_cast<asio::io_context&>(executor.context());
  itself.to = asio::ip::address_v4::loopback();
  const asio::ip::udp::endpoint any{itself.to, 0};
  FileDescriptor socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (::bind(socket.get(), any.data(), static_cast<socklen_t>(any.size())) != 0) {
    itself.error = errno;
    return nullptr;
  }
  if (const auto bound = net::local_endpoint(socket.get())) itself.port.number = bound->port();
  auto listener = net::SctpListener::open(io, std::move(socket), net::SctpSettings{},
                                          [](const asio::ip::address&) { return true; });
  if (listener) return std::move(*listener);
  itself.error = number_of(listener.error().code);
  return nullptr;
}

net::Carrier carrier_of(net::Scheme scheme) {
  if (scheme == net::Scheme::udp) return net::Carrier::udp;
  return scheme == net::Scheme::sctp ? net::Carrier::sctp : net::Carrier::tcp;
}

/// By port, then by address; the last one asks for the time.
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

std::optional<ClockOffset> offset_of(const std::vector<Try>& tries, bool wanted) {
  const Try& time = tries.back();
  if (const auto offset = read_sntp(time.question, time.answer, time.exchange)) return offset;
  for (const Try& each : tries)
    if (each.error == 0 && each.port.carrier == net::Carrier::tcp &&
        (wanted || each.port.service == "filesrv"))
      return ask_date(each);
  return std::nullopt;
}

Status conclude(const net::Endpoint& to, std::vector<Try>& tries, Report& report) {
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

}  // namespace

asio::awaitable<void> look_at_own_sctp(Report& report) {
  Try itself;
  const auto executor = co_await asio::this_coro::executor;
  const auto listener = listen_to(itself, executor);
  if (listener) co_await try_sctp(itself, net::SctpChoice::user);
  report.add(judge_user_sctp(itself.error, itself.took));
}

asio::awaitable<Status> look_at_way(cli::Context& context, const net::Endpoint& to,
                                    Report& report) {
  const auto begin = steady_clock::now();
  const auto found = co_await net::resolve(to, begin + net::connect_limit);
  if (!found || found->front().to_string() != to.host)
    report.add(judge_name(to.host, found, steady_clock::now() - begin));
  if (!found) co_return Error{Errc::name_not_found, "reach " + to.host, "see the line marked bad"};
  std::vector<Try> tries = tries_at(to, *found);
  for (Try& each : tries)
    if (each.port.carrier == net::Carrier::sctp) co_await try_sctp(each, context.globals.sctp);
  co_return conclude(to, tries, report);
}

}  // namespace netkit::doctor
