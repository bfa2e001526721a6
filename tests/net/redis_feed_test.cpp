// Tests of what is published in Redis and heard on a thread: nothing is missed silently, and the
// thread ends whatever the server does.
#include "store/redis_feed.hpp"

#include <condition_variable>
#include <deque>
#include <doctest/doctest.h>
#include <mutex>
#include <poll.h>

#include "store/redis.hpp"
#include "support/redis_server.hpp"

using namespace netkit;
using namespace netkit::store;
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

/// What a feed told, waited for.
class Heard {
 public:
  RedisFeed::Hearer hearer() {
    return {[this] { add("(began)"); }, [this](std::string_view text) { add(std::string{text}); }};
  }
  /// The next one; "" if none comes.
  std::string next(milliseconds limit = seconds{20}) {
    std::unique_lock lock{mutex_};
    if (!more_.wait_for(lock, limit, [&] { return !all_.empty(); })) return {};
    std::string text = std::move(all_.front());
    all_.pop_front();
    return text;
  }

 private:
  void add(std::string text) {
    {
      const std::lock_guard lock{mutex_};
      all_.push_back(std::move(text));
    }
    more_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable more_;
  std::deque<std::string> all_;
};

}  // namespace

#define NEEDS_REDIS() REQUIRE_MESSAGE(RedisServer::is_installed(), "redis-server is not installed")

TEST_CASE("RedisFeed: hears what is published, and says when it may have missed something") {
  NEEDS_REDIS();
  RedisServer server;
  Result<Redis> redis = Redis::open(address_of(server.url()));
  REQUIRE(redis);
  Heard heard;
  RedisFeed feed{address_of(server.url()), "news", heard.hearer()};
  CHECK(heard.next() == "(began)");
  const std::string bytes{"\0\r\n\xff", 4};
  CHECK(redis->command({"PUBLISH", "news", bytes})->number == 1);
  CHECK(heard.next() == bytes);
  feed.begin_anew();
  CHECK(heard.next() == "(began)");
  CHECK(redis->command({"PUBLISH", "news", "2"})->number == 1);
  CHECK(heard.next() == "2");

  server.kill_it();
  server.start();
  CHECK(heard.next() == "(began)");
  CHECK(ask_again(*redis, {"PUBLISH", "news", "3"})->number == 1);
  CHECK(heard.next() == "3");
}

TEST_CASE("RedisFeed: a silent server is left, and the feed ends at once at any time") {
  NEEDS_REDIS();
  const RedisServer server;
  Heard heard;
  auto feed = std::make_unique<RedisFeed>(address_of(server.url()), "news", heard.hearer());
  CHECK(heard.next() == "(began)");
  server.freeze();
  CHECK(heard.next(seconds{6}).empty());
  server.thaw();
  CHECK(heard.next() == "(began)");
  server.freeze();
  const auto before = Clock::now();
  feed.reset();
  CHECK(Clock::now() - before < milliseconds{900});

  const support::TemporaryFolder folder;
  feed = std::make_unique<RedisFeed>(address_of("redis+unix:" + folder / "none"), "news",
                                     heard.hearer());
  ::poll(nullptr, 0, 300);
  const auto again = Clock::now();
  feed.reset();
  CHECK(Clock::now() - again < milliseconds{900});
}
