// Tests of the vault where Redis is shared and may go away: what others are told, what is refused,
// that no crash leaves half a step.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <poll.h>
#include <thread>

#include "unit/auth/vault_values.hpp"

using namespace netkit;
using namespace netkit::auth;
using namespace netkit::auth::test;
using Clock = std::chrono::steady_clock;

namespace {

/// Asks until Redis answers.
template <typename Ask>
auto again(Ask ask) {
  auto answer = ask();
  for (const auto until = Clock::now() + std::chrono::seconds{20};
       !answer && answer.error().code == Errc::busy && Clock::now() < until; answer = ask())
    ::poll(nullptr, 0, 20);
  return answer;
}

/// What one vault is told of others, as text.
class Heard {
 public:
  explicit Heard(Vault& vault) : vault_{vault} {
    vault.follow([this](const Change& change) { add(text_of(change)); });
    REQUIRE(next() == "all");
  }
  ~Heard() { vault_.follow({}); }
  /// The next one; "" if none comes.
  std::string next(std::chrono::milliseconds limit = std::chrono::seconds{20}) {
    std::unique_lock lock{mutex_};
    if (!more_.wait_for(lock, limit, [&] { return !all_.empty(); })) return {};
    std::string text = std::move(all_.front());
    all_.pop_front();
    return text;
  }

 private:
  static std::string text_of(const Change& change) {
    std::string text;
    if (!change.user_key.empty()) text += "account " + change.user_key;
    if (!change.session.empty()) text += "session " + std::string{change.session.c_str()};
    for (const SessionUse& use : change.uses)
      text += "used " + std::string{use.id.c_str()} + " " + std::to_string(use.at) + ";";
    return text.empty() ? "all" : text;
  }
  void add(std::string text) {
    {
      const std::lock_guard lock{mutex_};
      all_.push_back(std::move(text));
    }
    more_.notify_all();
  }
  Vault& vault_;
  std::mutex mutex_;
  std::condition_variable more_;
  std::deque<std::string> all_;
};

store::Redis client_of(const InRedis& kind) {
  Result<store::Redis> redis = store::Redis::open(*store::parse_redis_url(kind.server.url()));
  REQUIRE(redis);
  return *std::move(redis);
}

}  // namespace

TEST_CASE("RedisVault: tells the other servers what it changed, and not itself") {
  NEEDS(InRedis);
  const InRedis kind;
  const std::unique_ptr<Vault> one = kind.open();
  const std::unique_ptr<Vault> two = kind.open();
  Heard at_one{*one};
  Heard at_two{*two};
  const std::uint64_t version = add(*one, "ana");
  CHECK(at_two.next() == "account ana");
  REQUIRE(one->add_session(session("a", "ana"), version));
  CHECK(at_two.next() == "session a");
  REQUIRE(one->use_sessions(std::vector<SessionUse>{
      {bytes("a", 16), "x", 2500}, {bytes("gone", 16), "x", 2500}, {bytes("a", 16), "x", 2600}}));
  CHECK(at_two.next() == "used a 2500;used a 2600;");
  REQUIRE(one->use_sessions(std::vector<SessionUse>{{bytes("gone", 16), "x", 2500}}));
  REQUIRE(*one->renew_session(bytes("a", 16), session("b", "ana")));
  CHECK(at_two.next() == "session a");
  CHECK(at_two.next() == "session b");
  const std::vector<std::string> give{"echo"};
  REQUIRE(one->change_scopes("ana", give, {}));
  CHECK(at_two.next() == "account ana");
  REQUIRE(one->change_scopes("ana", give, {}));  // Nothing new, so nothing is told.
  REQUIRE(one->end_sessions({"ana", "", ""}));
  CHECK(at_two.next() == "session b");
  REQUIRE(one->remove_account("ana"));
  CHECK(at_two.next() == "account ana");
  add(*two, "bob");
  CHECK(at_one.next() == "account bob");
  one->follow({});
  CHECK(at_one.next(std::chrono::milliseconds{1}).empty());
}

TEST_CASE("RedisVault: what a message of another version or a stranger says is let pass") {
  NEEDS(InRedis);
  const InRedis kind;
  const std::unique_ptr<Vault> vault = kind.open();
  Heard heard{*vault};
  store::Redis redis = client_of(kind);
  const std::string origin(16, 'o');
  for (const std::string& message :
       {std::string{}, std::string{"x"}, origin, origin + "a", origin + "s", origin + "sshort",
        origin + "s" + std::string(17, 'x'), origin + "z?", origin + "u", origin + "u;;;",
        origin + "u" + std::string(16, 'i'), origin + "u" + std::string(16, 'i') + "12",
        origin + "u" + std::string(16, 'i') + "1x;"})
    REQUIRE(redis.command({"PUBLISH", "{netkit}:auth:changes", message}));
  REQUIRE(redis.command({"PUBLISH", "{netkit}:auth:changes", origin + "aana"}));
  CHECK(heard.next() == "account ana");
}

TEST_CASE("RedisVault: a ticket is counted once over all servers, an invitation used once") {
  NEEDS(InRedis);
  const InRedis kind;
  const std::unique_ptr<Vault> one = kind.open();
  const std::unique_ptr<Vault> two = kind.open();
  REQUIRE(one->add_session(session("a", "eva"), add(*one, "eva")));
  CHECK(*one->spend(bytes("n", 16), 2, 1000, bytes("a", 16)));
  CHECK(*two->spend(bytes("n", 16), 2, 1000, bytes("a", 16)));
  CHECK_FALSE(*one->spend(bytes("n", 16), 2, 1000, bytes("a", 16)));
  CHECK_FALSE(*two->spend(bytes("n", 16), 2, 1000, bytes("a", 16)));
  REQUIRE(one->add_invitation({bytes("code", 32), "", 9000}));
  CHECK(two->add_account(account("ana"), bytes("code", 32), false, 1)->outcome ==
        Vault::Added::added);
  CHECK(one->add_account(account("bob"), bytes("code", 32), false, 1)->outcome ==
        Vault::Added::bad_invitation);
  CHECK(one->add_account(account("cyd"), std::nullopt, true, 1)->is_administrator);
  CHECK_FALSE(two->add_account(account("dan"), std::nullopt, true, 1)->is_administrator);
}

TEST_CASE("RedisVault: what was acknowledged survives kill -9, and meanwhile all are busy") {
  NEEDS(InRedis);
  InRedis kind;
  const std::unique_ptr<Vault> vault = kind.open();
  Heard heard{*vault};
  const std::uint64_t version = add(*vault, "ana");
  REQUIRE(vault->add_session(session("a", "ana"), version));
  CHECK(*vault->spend(bytes("n", 16), 1, 9000, bytes("a", 16)));
  kind.server.kill_it();
  CHECK(vault->find_account("ana").error().code == Errc::busy);
  CHECK(vault->spend(bytes("m", 16), 1, 9000, bytes("a", 16)).error().code == Errc::busy);
  CHECK(vault->each_session([](const Session&) {}).error().code == Errc::busy);
  kind.server.start();
  CHECK(heard.next() == "all");
  REQUIRE(again([&] { return vault->find_account("ana"); }));
  CHECK((*vault->find_account("ana"))->version == version);
  CHECK(*vault->find_session(bytes("hash a", 32)));
  CHECK_FALSE(*vault->spend(bytes("n", 16), 1, 9000, bytes("a", 16)));
}

TEST_CASE("RedisVault: kill -9 in the middle leaves the old or the new, never half") {
  NEEDS(InRedis);
  InRedis kind;
  const std::unique_ptr<Vault> vault = kind.open();
  add(*vault, "ana");
  for (int round = 0; round < 10; ++round) {
    const auto before = again([&] { return vault->find_account("ana"); });
    REQUIRE((before && *before));
    REQUIRE(again([&] { return vault->end_sessions({.user_key = "ana", .id = {}, .but = {}}); }));
    std::string sure = (*before)->password;
    std::string tried = sure;
    std::thread killer{[&] {
      ::poll(nullptr, 0, 3 + round);
      kind.server.kill_it();
    }};
    for (int step = 0;; ++step) {
      const auto now = vault->find_account("ana");
      if (!now) break;
      tried = std::to_string(round) + "/" + std::to_string(step);
      if (!vault->add_session(session(tried, "ana"), (*now)->version)) break;
      if (!vault->change_password("ana", (*now)->version, tried, "", 3000)) break;
      sure = tried;
    }
    killer.join();
    kind.server.start();
    const auto ana = again([&] { return vault->find_account("ana"); });
    REQUIRE((ana && *ana));
    CHECK(((*ana)->password == sure || (*ana)->password == tried));
    CHECK(vault->sessions_of("ana")->size() <= 1);
  }
}

TEST_CASE("RedisVault: after a call of unknown outcome all is to be read anew") {
  NEEDS(InRedis);
  const InRedis kind;
  const std::unique_ptr<Vault> vault = kind.open();
  const std::uint64_t version = add(*vault, "ana");
  REQUIRE(vault->add_session(session("a", "ana"), version));
  // So that Redis knows the script, and the step itself is what it is asked for while it hangs.
  REQUIRE(vault->end_sessions({"nobody", "", ""}));
  Heard heard{*vault};
  kind.server.freeze();
  const auto ended = vault->end_sessions({"ana", "", ""});
  REQUIRE_FALSE(ended);
  CHECK(ended.error().code == Errc::busy);
  CHECK(heard.next() == "all");
  // It does what it was asked only now, and that is heard as if another server had done it.
  kind.server.thaw();
  std::string said = heard.next();
  for (int i = 0; i < 3 && said == "all"; ++i)
    said = heard.next(std::chrono::seconds{5});
  CHECK(said == "session a");
  CHECK(again([&] { return vault->sessions_of("ana"); })->empty());
}

TEST_CASE("RedisVault: what could grow without end is bounded") {
  NEEDS(InRedis);
  const InRedis kind;
  const std::unique_ptr<Vault> vault = kind.open();
  store::Redis redis = client_of(kind);
  const auto fill = [&](std::string_view set, std::string_view count) {
    REQUIRE(redis.command({"EVAL",
                           "for i = 1, tonumber(ARGV[1]) do "
                           "redis.call('ZADD', KEYS[1], i, 'member ' .. i) end",
                           "1", set, count}));
  };
  REQUIRE(vault->add_session(session("a", "eva"), add(*vault, "eva")));
  REQUIRE(vault->spend(bytes("n", 16), 2, 9000, bytes("a", 16)));
  fill("{netkit}:auth:invitations", "10000");
  fill("{netkit}:auth:known", "100000");
  fill("{netkit}:auth:throttles:used", "100000");
  CHECK(vault->add_invitation({bytes("j", 32), "x", 90'000}).error().code == Errc::busy);
  REQUIRE(vault->keep_known({"192.0.2.3", "one more", 0, 0}));
  CHECK((*vault->find_known("192.0.2.3"))->name == "one more");
  CHECK(redis.command({"ZCARD", "{netkit}:auth:known"})->number == 100'000);
  CHECK(redis.command({"ZSCORE", "{netkit}:auth:known", "member 1"})->is_nil());
  REQUIRE(vault->keep_throttles(std::vector<ThrottleRecord>{{"u:ana", 1, 500'000}}));
  CHECK(redis.command({"ZCARD", "{netkit}:auth:throttles:used"})->number == 100'000);
  // The places of what goes are free again.
  REQUIRE(vault->clean_up(9000, 0));
  CHECK(vault->add_invitation({bytes("j", 32), "x", 90'000}));
}

TEST_CASE("RedisVault: what somebody changed by hand is an error, not a crash") {
  NEEDS(InRedis);
  const InRedis kind;
  const std::unique_ptr<Vault> vault = kind.open();
  add(*vault, "ana");
  store::Redis redis = client_of(kind);
  REQUIRE(redis.command({"HSET", "{netkit}:auth:account:ana", "created", "yesterday"}));
  CHECK(vault->find_account("ana").error().code == Errc::malformed);
  CHECK(vault->accounts("", 10).error().code == Errc::malformed);
  REQUIRE(redis.command({"HDEL", "{netkit}:auth:account:ana", "created"}));
  CHECK(vault->find_account("ana").error().code == Errc::malformed);
  REQUIRE(redis.command({"SET", "{netkit}:auth:account:bob", "text"}));
  CHECK_FALSE(vault->find_account("bob"));
  REQUIRE(redis.command({"HSET", "{netkit}:auth:throttles", "u:ana", "many"}));
  CHECK(vault->throttles().error().code == Errc::malformed);
}

TEST_CASE("RedisVault: says what about the settings may lose data") {
  NEEDS(InRedis);
  const auto notices = [](std::vector<std::string> options) {
    const InRedis kind{support::RedisServer{std::move(options)}};
    std::string text;
    const std::unique_ptr<RedisVault> vault = kind.open_redis();
    for (const std::string& each : vault->notices())
      text += each + "\n";
    return text;
  };
  CHECK(notices({"--appendonly", "yes", "--appendfsync", "always"}).empty());
  CHECK(notices({"--appendonly", "no"}).find("appendonly yes") != std::string::npos);
  CHECK(notices({"--appendonly", "yes"}).find("last second") != std::string::npos);
  CHECK(notices(
            {"--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "allkeys-lru"})
            .find("maxmemory-policy") != std::string::npos);
  CHECK(notices({"--appendonly", "no", "--rename-command", "CONFIG", ""}).find("appendonly yes") !=
        std::string::npos);
}

TEST_CASE("RedisVault: refuses data of another version, a replica, and to make a copy") {
  NEEDS(InRedis);
  const InRedis kind;
  const Result<store::RedisAddress> address = store::parse_redis_url(kind.server.url());
  store::Redis redis = client_of(kind);
  REQUIRE(redis.command({"SET", "{netkit}:auth:format", "2"}));
  CHECK(RedisVault::open(*address).error().code == Errc::refused);
  REQUIRE(redis.command({"DEL", "{netkit}:auth:format"}));
  const Status copied = kind.open()->back_up("/nowhere/copy");
  CHECK(copied.error().code == Errc::refused);
  CHECK(copied.error().hint.find("--rdb") != std::string::npos);
  REQUIRE(redis.command({"REPLICAOF", "127.0.0.1", "1"}));
  const auto replica = RedisVault::open(*address);
  REQUIRE_FALSE(replica);
  CHECK((replica.error().code == Errc::refused || replica.error().code == Errc::busy));
}
