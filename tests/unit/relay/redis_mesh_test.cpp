// Tests of relays that share a real Redis: everything once and in order, whatever happens to Redis.
#include "commands/relay/redis_mesh.hpp"

#include <array>
#include <deque>
#include <doctest/doctest.h>
#include <optional>
#include <poll.h>

#include "commands/relay/link_machine.hpp"
#include "support/redis_server.hpp"
#include "wire/frame.hpp"

using namespace netkit;
using namespace netkit::relay;
using std::chrono::milliseconds;
using support::RedisServer;

namespace {

Moment moment() {
  return {std::chrono::steady_clock::now().time_since_epoch(),
          static_cast<std::uint64_t>(std::chrono::duration_cast<milliseconds>(
                                         std::chrono::system_clock::now().time_since_epoch())
                                         .count())};
}

bool eventually(const std::function<bool()>& holds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) return false;
    ::poll(nullptr, 0, 2);
  }
  return true;
}

/// What a mesh tells: kept, and what it says itself is passed on to Redis.
struct Ear final : Mesh::Hearer {
  void deliver(const Record& record, RecordId) override {
    if (record.kind == RecordKind::say) heard.emplace_back(record.text);
  }
  void skipped(const RelayFacts&, std::uint64_t, std::uint64_t) override {}
  void away(const RelayFacts&, std::size_t) override {}
  void back(const RelayFacts&) override {}
  void keep(const Bundle& bundle) override {
    if (redis) redis->keep(bundle);
  }
  void acknowledged(std::uint64_t) override {}
  void links_due() override {}

  std::vector<std::string> heard;
  RedisMesh* redis = nullptr;
};

/// A relay with a thread that owns its mesh, as a hub would.
class Party {
 public:
  Party(const std::string& url, const std::string& name, std::size_t waiting_max = 1 << 20)
      : log_{"relay", sink},
        mesh_{{.name = name}, LogKey::make(), ear_, moment()},
        sender_{mesh_.log()} {
    enter(name);
    RedisMeshSettings settings;
    settings.address = *store::parse_redis_url(url);
    settings.own = mesh_.relays().front();
    settings.waiting_max = waiting_max;
    RedisHooks hooks;
    hooks.post = [this](RedisDesk::Task task) {
      const std::lock_guard lock{tasks_mutex_};
      tasks_.push_back(std::move(task));
      more_.notify_all();
    };
    hooks.acknowledged = [this](std::uint64_t seq) { acknowledged_ = seq; };
    auto opened = RedisMesh::open(std::move(settings), std::move(hooks), log_);
    REQUIRE(opened);
    redis = *std::move(opened);
    {
      const std::lock_guard lock{mutex};
      ear_.redis = redis.get();
    }
    owner_ = std::thread{[this] { own(); }};
  }
  ~Party() {
    {
      const std::lock_guard lock{mutex};
      ear_.redis = nullptr;
    }
    redis.reset();
    {
      const std::lock_guard lock{tasks_mutex_};
      stopping_ = true;
      more_.notify_all();
    }
    owner_.join();
  }

  void say(int count, const std::string& more = "") {
    for (int i = 0; i < count; ++i) {
      const std::lock_guard lock{mutex};
      const std::string text = mesh_.name() + std::to_string(++said_) + more;
      Record record;
      record.time_ms = moment().wall_ms;
      record.sender = sender_;
      record.number = static_cast<std::uint64_t>(said_);
      record.room = "lobby";
      record.nick = mesh_.name();
      record.text = text;
      REQUIRE(mesh_.senders().take_own(sender_, record.number));
      mesh_.add(record);
      if (i % 8 == 7 || i == count - 1) mesh_.seal();
    }
  }
  std::size_t heard_count() {
    const std::lock_guard lock{mutex};
    return ear_.heard.size();
  }
  /// Whether those are all, once and in order, that `of` said: the names in front of the numbers.
  bool heard_all(const std::string& of, int count) {
    const std::lock_guard lock{mutex};
    int next = 0;
    for (const std::string& text : ear_.heard)
      if (text.starts_with(of))
        if (text.substr(0, text.find(' ')) != of + std::to_string(++next)) return false;
    return next == count;
  }
  std::size_t people() {
    const std::lock_guard lock{mutex};
    std::size_t count = 0;
    mesh_.roster().each("", [&](const Person&) { ++count; });
    return count;
  }
  std::uint64_t acknowledged() const { return acknowledged_; }
  std::uint64_t last() {
    const std::lock_guard lock{mutex};
    return mesh_.last();
  }
  Mesh& mesh() { return mesh_; }

  std::mutex mutex;  // Of the mesh.
  log::MemorySink sink;
  std::unique_ptr<RedisMesh> redis;

 private:
  void enter(std::string_view nick) {
    Record record;
    record.kind = RecordKind::enter;
    record.time_ms = moment().wall_ms;
    record.sender = sender_;
    record.nick = nick;
    mesh_.add(record);
  }
  void own() {
    std::unique_lock lock{tasks_mutex_};
    while (!stopping_) {
      more_.wait_for(lock, milliseconds{20}, [this] { return stopping_ || !tasks_.empty(); });
      std::deque<RedisDesk::Task> tasks;
      tasks.swap(tasks_);
      lock.unlock();
      {
        const std::lock_guard held{mutex};
        for (const RedisDesk::Task& task : tasks)
          task(mesh_, moment());
        mesh_.tick(moment());
        mesh_.seal();
      }
      lock.lock();
    }
  }

  log::Logger log_;
  Ear ear_;
  Mesh mesh_;
  SenderKey sender_;
  int said_ = 0;
  std::atomic<std::uint64_t> acknowledged_ = 0;
  std::mutex tasks_mutex_;
  std::condition_variable more_;
  std::deque<RedisDesk::Task> tasks_;
  bool stopping_ = false;
  std::thread owner_;
};

}  // namespace

#define NEEDS_REDIS() REQUIRE_MESSAGE(RedisServer::is_installed(), "redis-server is not installed")

TEST_CASE("RedisMesh: what one says the other hears, once and in order, both ways") {
  NEEDS_REDIS();
  const RedisServer server;
  Party one{server.url(), "one"};
  Party two{server.url(), "two"};
  for (int i = 0; i < 10; ++i) {
    one.say(50);
    two.say(30);
  }
  CHECK(eventually([&] { return two.heard_all("one", 500) && one.heard_all("two", 300); }));
  CHECK(eventually([&] { return one.acknowledged() == one.last(); }));
  CHECK(eventually([&] { return one.redis->state().waiting == 0; }));
  CHECK(one.heard_count() == 300);
  CHECK(two.heard_count() == 500);
  CHECK(eventually([&] { return one.people() == 2 && two.people() == 2; }));
  CHECK(one.sink.text().empty());
  CHECK(two.sink.text().empty());
}

TEST_CASE("RedisMesh: who comes late has the backlog and knows who is there") {
  NEEDS_REDIS();
  const RedisServer server;
  Party one{server.url(), "one"};
  one.say(300);
  CHECK(eventually([&] { return one.acknowledged() == one.last(); }));
  Party late{server.url(), "late"};
  CHECK(eventually([&] { return late.heard_all("one", 300); }));
  CHECK(eventually([&] { return late.people() == 2; }));
}

TEST_CASE("RedisMesh: Redis killed in mid-traffic costs nothing, with its file or without") {
  NEEDS_REDIS();
  for (const bool forgets : {false, true}) {
    CAPTURE(forgets);
    RedisServer server{
        forgets ? std::vector<std::string>{"--appendonly", "no"}
                : std::vector<std::string>{"--appendonly", "yes", "--appendfsync", "always"}};
    // Little may wait, so that the rest is asked of the mesh.
    Party one{server.url(), "one", 2'000};
    Party two{server.url(), "two", 2'000};
    for (int round = 0; round < 4; ++round) {
      one.say(200);
      two.say(200);
      if (round % 2 == 0) {
        server.kill_it();
        one.say(300);
        two.say(300);
        CHECK(eventually([&] { return !one.redis->state().error.empty(); }));
        server.start();
      }
    }
    CHECK(eventually([&] { return two.heard_all("one", 1'400) && one.heard_all("two", 1'400); }));
    CHECK(eventually([&] { return one.acknowledged() == one.last(); }));
    CHECK(one.heard_count() == 1'400);
    CHECK(two.heard_count() == 1'400);
    CHECK(one.sink.text().find("Redis is there again") != std::string::npos);
    CHECK(one.sink.lines().size() <= 8);
  }
}

TEST_CASE("RedisMesh: a relay starts without Redis and joins once it is there") {
  NEEDS_REDIS();
  RedisServer server;
  server.kill_it();
  Party one{server.url(), "one"};
  one.say(100);
  CHECK(!one.redis->state().error.empty());
  server.start();
  Party two{server.url(), "two"};
  CHECK(eventually([&] { return two.heard_all("one", 100); }));
}

TEST_CASE("RedisMesh: beside a link everything still counts once") {
  NEEDS_REDIS();
  RedisServer server;
  Party one{server.url(), "one"};
  Party two{server.url(), "two"};
  std::optional<LinkMachine> to_two;
  std::optional<LinkMachine> to_one;
  {
    const std::scoped_lock lock{one.mutex, two.mutex};
    to_two.emplace(one.mesh(), "two", moment());
    to_one.emplace(two.mesh(), "one", moment());
  }
  {
    const auto carry = [](LinkMachine& from, Party& at, LinkMachine& to, Party& other) {
      std::string bytes;
      {
        const std::lock_guard lock{at.mutex};
        while (from.fill(bytes, 64 * 1024, moment())) {
        }
      }
      std::vector<char> left{bytes.begin(), bytes.end()};
      std::span<char> rest{left};
      wire::FrameDecoder decoder{link_frame_size_max};
      while (!rest.empty()) {
        const auto frame = decoder.next(rest);
        REQUIRE((frame && frame->message));
        const std::lock_guard lock{other.mutex};
        REQUIRE(to.hear(*frame->message, moment()));
        rest = rest.subspan(frame->used);
      }
    };
    const auto carry_both = [&] {
      carry(*to_two, one, *to_one, two);
      carry(*to_one, two, *to_two, one);
    };
    for (int round = 0; round < 20; ++round) {
      one.say(20);
      two.say(20);
      carry_both();
      if (round == 7) server.kill_it();
      if (round == 14) server.start();
    }
    // While Redis was away the link went on.
    CHECK(eventually([&] {
      carry_both();
      return two.heard_all("one", 400) && one.heard_all("two", 400);
    }));
    CHECK(eventually([&] {
      carry_both();
      return one.acknowledged() == one.last() && two.acknowledged() == two.last();
    }));
    const std::scoped_lock lock{one.mutex, two.mutex};
    to_two.reset();
    to_one.reset();
  }
  CHECK(one.heard_count() == 400);
  CHECK(two.heard_count() == 400);
}

TEST_CASE("RedisMesh: the stream is bounded by records and by bytes") {
  NEEDS_REDIS();
  const RedisServer server;
  Result<store::Redis> redis = store::Redis::open(*store::parse_redis_url(server.url()));
  REQUIRE(redis);
  const auto add = [&](int first, std::size_t size, std::string_view records_max,
                       std::string_view bytes_max) {
    const std::string entry(size, 'x');
    const std::string from = std::to_string(first);
    const std::string to = std::to_string(first + 9);
    const std::array<std::string_view, 1> keys{redis_keys::prefix};
    const std::array<std::string_view, 7> words{
        "00000000000000aa", records_max, bytes_max, "0", from, to, entry};
    const auto done = redis->script(redis_add_script, keys, words);
    REQUIRE(done);
    return done->number;
  };
  CHECK(add(1, 100, "25", "100000") == 10);
  // A hole is not left, a repeat is not added again.
  CHECK(add(21, 100, "25", "100000") == 10);
  CHECK(add(1, 100, "25", "100000") == 10);
  CHECK(add(11, 100, "25", "100000") == 20);
  CHECK(add(21, 100, "25", "100000") == 30);
  CHECK(redis->command({"XLEN", redis_keys::stream})->number == 2);
  CHECK(add(31, 60'000, "1000", "100000") == 40);
  CHECK(add(41, 60'000, "1000", "100000") == 50);
  CHECK(redis->command({"XLEN", redis_keys::stream})->number == 1);
}
