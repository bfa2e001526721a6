// Streams over SCTP in user space: messages with their bounds, many associations, peers that vanish
// or do not read, strangers' bytes. Server and clients share the one thread that may have SCTP.
#include <asio/steady_timer.hpp>
#include <future>
#include <memory>

#include "net/connect.hpp"
#include "net/limits.hpp"
#include "net/rig.hpp"
#include "net/sctp_stack.hpp"
#include "net/spawn.hpp"

namespace netkit::net::tests {
namespace {

/// Echoes message by message, in pieces, so that a message may be of any size.
asio::awaitable<Status> echo_records(Connection& connection) {
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

RunningServer::Plan sctp_plan(std::string listen = "sctp://127.0.0.1:0") {
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

asio::awaitable<Result<Stream>> dial(Endpoint to) {
  auto stream = co_await connect(to, std::nullopt, connect_limit);
  if (stream) stream->expire_in(hang_limit);
  co_return stream;
}

/// One message, however many reads it takes.
asio::awaitable<Result<std::string>> read_message(Stream& stream) {
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

asio::awaitable<std::vector<std::string>> exchange_all(Endpoint to, std::vector<std::string> all) {
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

TEST_CASE("sctp: messages come back with their bounds") {
  RunningServer server{sctp_plan()};
  const std::vector<std::string> all{"a", "bc", std::string(1452, 'x'), "def", noise(60'000), "g"};
  CHECK(run_at(server, exchange_all(server.endpoint(), all)) == all);
  CHECK(server.reaches(0));
}

TEST_CASE("sctp: a server on all addresses answers from the one that was asked") {
  RunningServer server{sctp_plan("sctp://:0")};
  for (const char* host : {"127.0.0.1", "127.0.0.2", "::1", "localhost"}) {
    Endpoint to = server.endpoint();
    to.host = host;
    CHECK(run_at(server, exchange_all(to, {"hello"})) == std::vector<std::string>{"hello"});
  }
}

asio::awaitable<Status> send_one(Stream& stream, const std::string& message) {
  co_return co_await stream.write(message);
}

/// The same message back, sent while the answer comes in.
asio::awaitable<Result<std::string>> exchange_large(Endpoint to, std::string message) {
  auto stream = co_await dial(to);
  if (!stream) co_return stream.error();
  const auto shared = std::make_shared<Stream>(std::move(*stream));
  const auto out = std::make_shared<std::string>(std::move(message));
  const auto write = [](std::shared_ptr<Stream> at,
                        std::shared_ptr<std::string> bytes) -> asio::awaitable<void> {
    static_cast<void>(co_await send_one(*at, *bytes));
  };
  asio::co_spawn(co_await asio::this_coro::executor, write(shared, out), rethrow);
  auto answer = co_await read_message(*shared);
  co_await shared->close();
  co_return answer;
}

TEST_CASE("sctp: a message of many windows is one message at the other end") {
  RunningServer server{sctp_plan()};
  const std::string large = noise(5 << 20);
  const auto answer = run_at(server, exchange_large(server.endpoint(), large));
  REQUIRE(answer);
  CHECK(*answer == large);
}

asio::awaitable<bool> is_refused(Endpoint to) {
  auto stream = co_await dial(to);
  co_return !stream && stream.error().code == asio::error::connection_refused;
}

TEST_CASE("sctp: where nobody listens the refusal comes at once") {
  RunningServer server{sctp_plan()};
  Endpoint nobody = server.endpoint();
  nobody.port = 1;
  CHECK(run_at(server, is_refused(nobody)));
}

asio::awaitable<std::size_t> send_until_full(std::shared_ptr<Stream> stream) {
  const std::string piece(32 * 1024, 'f');
  std::size_t sent = 0;
  stream->expire_in(std::chrono::milliseconds{500});
  while (sent < 64 << 20) {
    const Attempt attempt = stream->try_write(piece);
    sent += attempt.count;
    if (attempt.count > 0) continue;
    if (attempt.failed || !co_await stream->writable()) break;
  }
  co_return sent;
}

asio::awaitable<std::size_t> fill(Endpoint to) {
  auto stream = co_await dial(to);
  if (!stream) co_return SIZE_MAX;
  co_return co_await send_until_full(std::make_shared<Stream>(std::move(*stream)));
}

TEST_CASE("sctp: a reader that stops stops the sender") {
  auto plan = sctp_plan();
  plan.service.on_connection = [](Connection& connection) -> asio::awaitable<Status> {
    return [](Connection& silent) -> asio::awaitable<Status> {
      silent.introduce("raw");
      asio::steady_timer never{silent.worker().io(), hang_limit};
      std::error_code cancelled;
      co_await never.async_wait(into(cancelled));
      co_return ok;
    }(connection);
  };
  plan.options.drain_limit = std::chrono::milliseconds{1};
  RunningServer server{std::move(plan)};
  const std::size_t sent = run_at(server, fill(server.endpoint()));
  CHECK(sent > 100'000);
  CHECK(sent < 2'000'000);
}

asio::awaitable<std::size_t> many(Endpoint to, std::size_t wanted) {
  std::vector<std::unique_ptr<Stream>> streams;
  for (std::size_t i = 0; i < wanted; ++i) {
    auto stream = co_await dial(to);
    if (!stream) break;
    streams.push_back(std::make_unique<Stream>(std::move(*stream)));
  }
  std::size_t answered = 0;
  for (auto& stream : streams)
    static_cast<void>(co_await stream->write("ping"));
  for (auto& stream : streams) {
    const auto answer = co_await read_message(*stream);
    if (answer && *answer == "ping") ++answered;
  }
  co_return answered;
}

TEST_CASE("sctp: five hundred associations at a time") {
  RunningServer server{sctp_plan()};
  CHECK(run_at(server, many(server.endpoint(), 500)) == 500);
  // Their streams went without a goodbye: the server hears of each.
  CHECK(server.reaches(0));
}

asio::awaitable<std::size_t> is_alone(const RunningServer& server, asio::io_context& io) {
  static_cast<void>(server);
  auto stack = SctpStack::of(io);
  co_return stack ? (*stack)->association_count() : SIZE_MAX;
}

/// Headers that look like SCTP, of every kind of first chunk, and noise behind them.
std::string forged(std::uint32_t seed, std::uint16_t port) {
  std::string packet = noise(1 + seed % 200, seed);
  if (packet.size() < 20 || seed % 4 == 0) return packet;
  packet[2] = static_cast<char>(port >> 8);
  packet[3] = static_cast<char>(port & 0xff);
  packet[12] = static_cast<char>(seed % 16);
  if (packet[12] == 1) packet.replace(4, 4, 4, '\0');
  packet[14] = static_cast<char>(packet.size() >> 8);
  packet[15] = static_cast<char>(packet.size() - 12);
  const std::uint32_t sum = crc32c(packet.substr(0, 8) + std::string(4, '\0') + packet.substr(12));
  for (std::size_t i = 0; i < 4; ++i)
    packet[8 + i] = static_cast<char>(sum >> 8 * i & 0xff);
  return packet;
}

TEST_CASE("sctp: 20,000 strangers' datagrams leave nothing behind") {
  RunningServer server{sctp_plan()};
  asio::io_context io;
  asio::ip::udp::socket socket{io};
  socket.connect({asio::ip::make_address("127.0.0.1"), server.port()});
  std::error_code ignored;
  const auto send = [&](std::uint32_t from, std::uint32_t to) {
    for (std::uint32_t seed = from; seed < to; ++seed) {
      socket.send(asio::buffer(forged(seed, server.port())), 0, ignored);
      // Between the bursts the server gets through what it has.
      if (seed % 200 == 0) run_at(server, is_alone(server, server.server().main_context()));
    }
  };
  send(0, 10'000);
  const std::size_t before = resident_size();
  send(10'000, 20'000);
  CHECK(run_at(server, is_alone(server, server.server().main_context())) == 0);
  // A sanitizer keeps what was freed for a while.
  CHECK(resident_size() < before + (48u << 20));
  CHECK(run_at(server, exchange_all(server.endpoint(), {"still here"})) ==
        std::vector<std::string>{"still here"});
}

TEST_CASE("sctp: one thread of a process has it at a time") {
  RunningServer server{sctp_plan()};
  const auto second = run(dial(server.endpoint()));
  REQUIRE(!second);
  CHECK(second.error().code == Errc::busy);
}

}  // namespace
}  // namespace netkit::net::tests
