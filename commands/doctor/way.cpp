// What waits for libraries (names, SCTP) is a coroutine, the rest is plain.
#include "commands/doctor/way.hpp"

#include <sys/socket.h>

#include "cli/globals.hpp"
#include "commands/doctor/knock.hpp"
#include "net/connect.hpp"
#include "net/limits.hpp"
#include "net/resolve.hpp"
#include "net/sctp_stack.hpp"

namespace netkit::doctor {
namespace {

using std::chrono::steady_clock;

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

/// Listens on a free port of loopback, which `itself` is told; that stays 0 if it cannot.
std::unique_ptr<net::SctpListener> listen_to(Try& itself, const asio::any_io_executor& executor) {
  auto& io = static_cast<asio::io_context&>(executor.context());
  itself.to = asio::ip::address_v4::loopback();
  const asio::ip::udp::endpoint any{itself.to, 0};
  FileDescriptor socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (::bind(socket.get(), any.data(), static_cast<socklen_t>(any.size())) != 0) {
    itself.error = errno;
    return nullptr;
  }
  const auto bound = net::local_endpoint(socket.get());
  auto listener = net::SctpListener::open(io, std::move(socket), net::SctpSettings{},
                                          [](const asio::ip::address&) { return true; });
  if (listener && bound) {
    itself.port.number = bound->port();
    return std::move(*listener);
  }
  if (!listener) itself.error = number_of(listener.error().code);
  return nullptr;
}

}  // namespace

asio::awaitable<void> try_sctp(Try& each, net::SctpChoice choice) {
  const auto executor = co_await asio::this_coro::executor;
  std::unique_ptr<net::SctpListener> own;
  if (each.port.number == 0) own = listen_to(each, executor);
  if (each.port.number == 0) co_return;
  const net::Endpoint to = sctp_endpoint(each);
  const auto begin = steady_clock::now();
  const auto stream = co_await net::connect(to, std::nullopt, sctp_limit, choice);
  each.error = stream ? 0 : number_of(stream.error().code);
  each.took = steady_clock::now() - begin;
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
  co_return knock_and_judge(to, tries, report);
}

}  // namespace netkit::doctor
