// An SCTP server in user space whose thread the tests' clients share: the one that may have SCTP.
#pragma once

#include <asio/steady_timer.hpp>
#include <future>
#include <string>
#include <vector>

#include "net/connect.hpp"
#include "net/limits.hpp"
#include "net/rig.hpp"
#include "net/sctp_stack.hpp"
#include "net/spawn.hpp"

namespace netkit::net::tests {

/// Echoes message by message, in pieces, so that a message may be of any size.
inline asio::awaitable<Status> echo_records(Connection& connection) {
  connection.introduce("raw");
  connection.touch();
  for (;;) {
    Result<bool> more = co_await connection.receive(64 * 1024);
    if (!more) co_return more.error();
    if (!*more) co_return ok;
    connection.stream().end_messages(connection.stream().at_message_end());
    const std::span<char> bytes = connection.received().unread();
    connection.received().consume(bytes.size());
    connection.received().keep();
    Status sent = co_await connection.send({bytes.data(), bytes.size()});
    if (!sent) co_return sent;
  }
}

inline RunningServer::Plan sctp_plan(std::string listen = "sctp://127.0.0.1:0") {
  RunningServer::Plan plan;
  plan.listen = {std::move(listen)};
  plan.service.on_connection = [](Connection& connection) { return echo_records(connection); };
  return plan;
}

/// Runs `part` on the server's thread.
template <typename T>
T run_at(RunningServer& server, asio::awaitable<T> part) {
  std::promise<T> promise;
  std::future<T> result = promise.get_future();
  asio::co_spawn(server.server().main_context(), std::move(part),
                 [&](std::exception_ptr thrown, T value) {
                   if (thrown)
                     promise.set_exception(thrown);
                   else
                     promise.set_value(std::move(value));
                 });
  REQUIRE_MESSAGE(result.wait_for(hang_limit) == std::future_status::ready, "it hangs");
  return result.get();
}

inline asio::awaitable<Result<Stream>> dial(Endpoint to) {
  auto stream = co_await connect(to, std::nullopt, connect_limit);
  if (stream) stream->expire_in(hang_limit);
  co_return stream;
}

/// One message, however many reads it takes.
inline asio::awaitable<Result<std::string>> read_message(Stream& stream) {
  std::string message;
  for (;;) {
    const std::size_t before = message.size();
    message.resize(before + 64 * 1024);
    auto count = co_await stream.read_some(std::span{message}.subspan(before));
    if (!count) co_return count.error();
    message.resize(before + *count);
    if (stream.at_message_end()) co_return message;
  }
}

inline asio::awaitable<std::vector<std::string>> exchange_all(Endpoint to,
                                                              std::vector<std::string> all) {
  std::vector<std::string> answers;
  auto stream = co_await dial(to);
  if (!stream) co_return std::vector<std::string>{stream.error().message()};
  for (const std::string& each : all)
    if (!co_await stream->write(each)) co_return answers;
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto answer = co_await read_message(*stream);
    if (!answer) co_return answers;
    answers.push_back(std::move(*answer));
  }
  co_await stream->close();
  co_return answers;
}

inline asio::awaitable<std::size_t> count_associations(asio::io_context& io) {
  auto stack = SctpStack::of(io);
  co_return stack ? (*stack)->association_count() : SIZE_MAX;
}

/// How many there are in the server's process.
inline std::size_t associations(RunningServer& server) {
  return run_at(server, count_associations(server.server().main_context()));
}

}  // namespace netkit::net::tests
