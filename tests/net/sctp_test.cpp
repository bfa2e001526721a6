// Streams over SCTP in user space: messages with their bounds, all addresses, many associations.
// Server and clients share the one thread that may have SCTP.
#include <memory>

#include "net/sctp_rig.hpp"

namespace netkit::net::tests {
namespace {

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

TEST_CASE("sctp: one thread of a process has it at a time") {
  RunningServer server{sctp_plan()};
  const auto second = run(dial(server.endpoint()));
  REQUIRE(!second);
  CHECK(second.error().code == Errc::busy);
}

}  // namespace
}  // namespace netkit::net::tests
