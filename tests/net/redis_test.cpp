// Tests of the Redis client against a real redis-server: bytes, limits, faults. Where a
// server must misbehave, a socket of the test's own plays it.
#include "store/redis.hpp"

#include <array>
#include <doctest/doctest.h>
#include <poll.h>
#include <thread>

#include "support/redis_server.hpp"

using namespace netkit;
using namespace netkit::store;
using Kind = RedisReply::Kind;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;
using support::RedisServer;

namespace {

RedisAddress address_of(const std::string& url) {
  Result<RedisAddress> address = parse_redis_url(url);
  REQUIRE(address);
  return *address;
}

/// Asks until it is answered: after a fault the client leaves the server alone for a while.
Result<RedisReply> ask_again(Redis& redis, std::initializer_list<std::string_view> words) {
  Result<RedisReply> answer = redis.command(words);
  for (const auto until = Clock::now() + seconds{20}; !answer && Clock::now() < until;) {
    ::poll(nullptr, 0, 20);
    answer = redis.command(words);
  }
  return answer;
}

/// Takes one connection at a time on a unix socket and answers whatever comes with `bytes`.
class FakeServer {
 public:
  explicit FakeServer(std::string bytes) : bytes_{std::move(bytes)} {
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    path().copy(to.sun_path, sizeof to.sun_path - 1);
    REQUIRE(::bind(listener_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
    REQUIRE(::listen(listener_, 8) == 0);
    thread_ = std::thread{[this] { serve(); }};
  }
  ~FakeServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  std::string path() const { return folder_ / "s"; }
  std::string url() const { return "redis+unix:" + path(); }

 private:
  void serve() {
    for (;;) {
      const int peer = ::accept(listener_, nullptr, nullptr);
      if (peer < 0) return;
      char taken[4096];
      // The first is the client's PING.
      if (::recv(peer, taken, sizeof taken, 0) > 0)
        static_cast<void>(::send(peer, "+PONG\r\n", 7, MSG_NOSIGNAL));
      while (::recv(peer, taken, sizeof taken, 0) > 0)
        static_cast<void>(::send(peer, bytes_.data(), bytes_.size(), MSG_NOSIGNAL));
      ::close(peer);
    }
  }

  support::TemporaryFolder folder_;
  std::string bytes_;
  int listener_ = -1;
  std::thread thread_;
};

}  // namespace

#define NEEDS_REDIS() REQUIRE_MESSAGE(RedisServer::is_installed(), "redis-server is not installed")

TEST_CASE("Redis: gives back any bytes, numbers, lists and nothing") {
  NEEDS_REDIS();
  const RedisServer server;
  Result<Redis> redis = Redis::open(address_of(server.url()));
  REQUIRE(redis);
  const std::string bytes{"a\0b\r\n$5\r\n\xff%s", 12};
  REQUIRE(redis->command({"SET", bytes, bytes}));
  const Result<RedisReply> got = redis->command({"GET", bytes});
  REQUIRE(got);
  CHECK(got->kind == Kind::text);
  CHECK(got->text == bytes);
  CHECK(redis->command({"GET", "nothing"})->is_nil());
  CHECK(redis->command({"INCR", "n"})->number == 1);
  const Result<RedisReply> list =
      redis->command({"EVAL", "return {1, {'x', ARGV[1]}, {}}", "0", ""});
  REQUIRE(list);
  REQUIRE(list->list.size() == 3);
  CHECK(list->list[1].list[0].text == "x");
  CHECK(list->list[1].list[1].kind == Kind::text);
  CHECK(list->list[2].kind == Kind::list);
  const std::string large(std::size_t{3} * 1024 * 1024, 'x');
  REQUIRE(redis->command({"SET", "large", large}));
  CHECK(redis->command({"GET", "large"})->text == large);
}

TEST_CASE("Redis: a wrong command is an error and the next one works") {
  NEEDS_REDIS();
  const RedisServer server;
  Result<Redis> redis = Redis::open(address_of(server.url()));
  REQUIRE(redis);
  const Result<RedisReply> wrong = redis->command({"LPUSH"});
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().code == Errc::malformed);
  CHECK(wrong.error().hint.find("Redis says") != std::string::npos);
  CHECK(redis->command({"PING"})->text == "PONG");
}

TEST_CASE("Redis: scripts are sent once and survive that Redis forgets them") {
  NEEDS_REDIS();
  const RedisServer server;
  Result<Redis> redis = Redis::open(address_of(server.url()));
  REQUIRE(redis);
  const std::array<std::string_view, 1> keys{"k"};
  const std::array<std::string_view, 1> arguments{"2"};
  constexpr std::string_view lua = "return redis.call('INCRBY', KEYS[1], ARGV[1])";
  CHECK(redis->script(lua, keys, arguments)->number == 2);
  CHECK(redis->script(lua, keys, arguments)->number == 4);
  REQUIRE(redis->command({"SCRIPT", "FLUSH"}));
  CHECK(redis->script(lua, keys, arguments)->number == 6);
  const Result<RedisReply> wrong = redis->script("return nonsense(", keys, arguments);
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().code == Errc::malformed);
}

TEST_CASE("Redis: a password is asked for, sent and not told") {
  NEEDS_REDIS();
  const RedisServer server{{"--requirepass", "correct horse"}};
  RedisAddress address = address_of(server.url());
  const Result<Redis> without = Redis::open(address);
  REQUIRE_FALSE(without);
  CHECK(without.error().code == Errc::refused);
  address.password = "wrong horse";
  const Result<Redis> wrong = Redis::open(address);
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().code == Errc::refused);
  CHECK(wrong.error().message().find("horse") == std::string::npos);
  address.password = "correct horse";
  address.database = 3;
  Result<Redis> right = Redis::open(address);
  REQUIRE(right);
  CHECK(right->command({"PING"})->text == "PONG");
}

TEST_CASE("Redis: nobody there is told at once, and calls do not wait for it one by one") {
  const support::TemporaryFolder folder;
  const Result<Redis> none = Redis::open(address_of("redis+unix:" + folder / "none"));
  REQUIRE_FALSE(none);
  CHECK(none.error().code == Errc::busy);
  const Result<Redis> closed_port = Redis::open(address_of("redis://127.0.0.1:1"));
  REQUIRE_FALSE(closed_port);
  CHECK(closed_port.error().message().find("refused") != std::string::npos);
}

TEST_CASE("Redis: kill -9 and a restart cost errors, never a wrong answer") {
  NEEDS_REDIS();
  RedisServer server;
  Result<Redis> redis = Redis::open(address_of(server.url()));
  REQUIRE(redis);
  REQUIRE(redis->command({"SET", "k", "v"}));
  server.kill_it();
  for (int i = 0; i < 1000; ++i) {
    const Result<RedisReply> away = redis->command({"GET", "k"});
    REQUIRE_FALSE(away);
    CHECK(away.error().code == Errc::busy);
  }
  server.start();
  const Result<RedisReply> back = ask_again(*redis, {"GET", "k"});
  REQUIRE(back);
  CHECK(back->text == "v");
}

TEST_CASE("Redis: a restart between two commands costs none") {
  NEEDS_REDIS();
  RedisServer server;
  Result<Redis> redis = Redis::open(address_of(server.url()));
  REQUIRE(redis);
  REQUIRE(ask_again(*redis, {"PING"}));
  server.kill_it();
  server.start();
  // It may still be loading its file.
  CHECK(ask_again(*redis, {"PING"})->text == "PONG");
}

TEST_CASE("Redis: a server that hangs is waited for within the limit, once") {
  NEEDS_REDIS();
  const RedisServer server;
  Result<Redis> redis = Redis::open(address_of(server.url()));
  REQUIRE(redis);
  int doubts = 0;
  redis->on_doubt([&] { ++doubts; });
  server.freeze();
  const auto before = Clock::now();
  const Result<RedisReply> hung = redis->command({"INCR", "n"});
  REQUIRE_FALSE(hung);
  CHECK(hung.error().code == Errc::busy);
  CHECK(hung.error().hint.find("not known") != std::string::npos);
  CHECK(doubts == 1);
  CHECK(Clock::now() - before >= milliseconds{1900});
  CHECK(Clock::now() - before < seconds{10});
  // It takes connections all the same; no command is given away to it.
  ::poll(nullptr, 0, static_cast<int>(redis_pause_min.count()) + 20);
  CHECK_FALSE(redis->command({"INCR", "n"}));
  CHECK(doubts == 1);
  server.thaw();
  const Result<RedisReply> count = ask_again(*redis, {"GET", "n"});
  REQUIRE(count);
  CHECK(count->text == "1");
}

TEST_CASE("Redis: hostile answers are errors that end the connection") {
  struct Case {
    std::string_view bytes;
    Errc code;
  };
  // A list of a billion, lists in lists in lists, no protocol at all, a length below nothing.
  for (const Case& each :
       {Case{"*1000000000\r\n", Errc::malformed}, Case{"HTTP/1.1 200 OK\r\n", Errc::malformed},
        Case{"*999999\r\n*999999\r\n*999999\r\n", Errc::malformed},
        Case{"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", Errc::malformed},
        Case{"$-7\r\n", Errc::malformed}, Case{"*-7\r\n", Errc::malformed},
        Case{":12a\r\n", Errc::malformed}}) {
    CAPTURE(each.bytes);
    const FakeServer server{std::string{each.bytes}};
    Result<Redis> redis = Redis::open(address_of(server.url()));
    REQUIRE(redis);
    const Result<RedisReply> answer = redis->command({"GET", "k"});
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == each.code);
  }
}

TEST_CASE("Redis: an answer without end is cut off") {
  const FakeServer server{"$536870000\r\n" + std::string(redis_answer_size_max + 100'000, 'x')};
  Result<Redis> redis = Redis::open(address_of(server.url()));
  REQUIRE(redis);
  const Result<RedisReply> answer = redis->command({"GET", "k"});
  REQUIRE_FALSE(answer);
  CHECK((answer.error().code == Errc::too_large || answer.error().code == Errc::busy));
}
