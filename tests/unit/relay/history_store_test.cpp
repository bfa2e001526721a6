// Tests of what a relay keeps on disk: order, bounds, who waits and what is given up, full disks,
// damage, kill -9.
#include "commands/relay/history_store.hpp"

#include <atomic>
#include <doctest/doctest.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/temporary_folder.hpp"
#include "unit/relay/made_log.hpp"

using namespace netkit;
using namespace netkit::relay;
using relay::test::MadeLog;
using std::chrono::milliseconds;
using support::TemporaryFolder;

namespace {

bool eventually(const std::function<bool()>& holds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) return false;
    ::poll(nullptr, 0, 1);
  }
  return true;
}

/// A store with logs whose facts it knows, and what it told.
class Opened {
 public:
  Opened(const std::string& path, HistorySettings settings, std::vector<const MadeLog*> logs)
      : logs_{std::move(logs)}, log_{"relay", sink} {
    HistoryStore::Hooks hooks;
    hooks.facts = [this](LogId id) -> std::optional<RelayFacts> {
      for (const MadeLog* log : logs_)
        if (log->id() == id) return log->facts();
      return std::nullopt;
    };
    hooks.durable = [this](std::uint64_t seq) { note([&] { durable_ = seq; }); };
    hooks.room = [this] { note([&] { ++rooms_; }); };
    auto opened = HistoryStore::open(path, settings, std::move(hooks), log_);
    REQUIRE(opened);
    store = *std::move(opened);
  }

  /// Waits until that own record is on disk. False: it is not after 20 s.
  bool wait_durable(std::uint64_t seq) {
    return wait([&] { return durable_ >= seq; });
  }
  bool wait_room(int times) {
    return wait([&] { return rooms_ >= times; });
  }
  bool wait_log(std::string_view text) {
    return eventually([&] { return sink.text().find(text) != std::string::npos; });
  }

  log::MemorySink sink;

 private:
  template <typename Change>
  void note(const Change& change) {
    const std::lock_guard lock{mutex_};
    change();
    changed_.notify_all();
  }
  template <typename Ready>
  bool wait(const Ready& ready) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, std::chrono::seconds{20}, ready);
  }

  std::vector<const MadeLog*> logs_;
  log::Logger log_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t durable_ = 0;
  int rooms_ = 0;

 public:
  std::unique_ptr<HistoryStore> store;  // Last: it tells the rest.
};

HistorySettings settings_for(const MadeLog& own, bool acks_wait = true) {
  HistorySettings settings;
  settings.own = own.id();
  settings.acks_wait = acks_wait;
  settings.commit_interval = milliseconds{20};
  settings.retry_interval = milliseconds{50};
  return settings;
}

/// "NAME FIRST-LAST" of each bundle in the file, in its order.
std::vector<std::string> kept_in(const std::string& path) {
  const MadeLog none{"none"};
  Opened again{path, settings_for(none), {}};
  std::vector<std::string> kept;
  REQUIRE(again.store->restore([&](const RelayFacts& facts, const Bundle& bundle) -> Status {
    CHECK(is_signed(bundle, facts.public_key));
    kept.push_back(facts.name + " " + std::to_string(bundle.first) + "-" +
                   std::to_string(bundle.last));
    return ok;
  }));
  CHECK(again.sink.text().empty());
  return kept;
}

int exit_code_of(pid_t child) {
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

constexpr std::size_t two_mib = std::size_t{2} * 1024 * 1024;

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("HistoryStore: gives back the bundles of all logs in the order they came") {
  const TemporaryFolder folder;
  MadeLog own{"own"};
  MadeLog other{"other"};
  MadeLog unknown{"unknown"};
  {
    Opened opened{folder / "relay.db", settings_for(own), {&own, &other}};
    CHECK(opened.store->keep(own.next(3)));
    CHECK(opened.store->keep(other.next()));
    // Without its facts nobody could check it.
    CHECK(opened.store->keep(unknown.next()));
    CHECK(opened.store->keep(own.next(256)));
    CHECK(opened.wait_durable(259));
    CHECK(opened.store->state().records == 260);
  }
  CHECK(kept_in(folder / "relay.db") == Texts{"own 1-3", "other 1-1", "own 4-259"});
  {
    Opened opened{folder / "relay.db", settings_for(own, false), {&own}};
    CHECK(opened.store->state().records == 260);
    opened.store->keep(own.next());
    // The end of the store writes what waits.
  }
  CHECK(kept_in(folder / "relay.db") == Texts{"own 1-3", "other 1-1", "own 4-259", "own 260-260"});
}

TEST_CASE("HistoryStore: the facts come back, and what restoring causes is not kept again") {
  const TemporaryFolder folder;
  MadeLog own{"own"};
  { Opened{folder / "relay.db", settings_for(own), {&own}}.store->keep(own.next()); }
  const MadeLog next{"next"};
  Opened opened{folder / "relay.db", settings_for(next), {&own}};
  const auto take = [&](const RelayFacts& facts, const Bundle& bundle) -> Status {
    CHECK(facts.log == own.id());
    CHECK(facts.public_key == own.facts().public_key);
    CHECK(facts.started_ms == 1'700'000'000'000);
    CHECK(facts.away);
    CHECK(opened.store->keep(bundle));
    return ok;
  };
  REQUIRE(opened.store->restore(take));
  CHECK(opened.store->state().waiting == 0);
  opened.store.reset();
  CHECK(kept_in(folder / "relay.db").size() == 1);
}

TEST_CASE("HistoryStore: the oldest go above the bounds, by records and by bytes") {
  const TemporaryFolder folder;
  MadeLog own{"own"};
  HistorySettings settings = settings_for(own);
  SUBCASE("records") {
    settings.bounds.records_max = 25;
    Opened opened{folder / "relay.db", settings, {&own}};
    for (int i = 0; i < 10; ++i)
      opened.store->keep(own.next(10));
    CHECK(opened.wait_durable(100));
    opened.store.reset();
    CHECK(kept_in(folder / "relay.db") == Texts{"own 81-90", "own 91-100"});
  }
  SUBCASE("bytes") {
    settings.bounds.bytes_max = 100'000;
    Opened opened{folder / "relay.db", settings, {&own}};
    for (int i = 0; i < 10; ++i)
      opened.store->keep(own.next(1, std::string(30'000, 'x')));
    CHECK(opened.wait_durable(10));
    CHECK(opened.store->state().bytes < 100'000);
    opened.store.reset();
    CHECK(kept_in(folder / "relay.db") == Texts{"own 8-8", "own 9-9", "own 10-10"});
  }
  SUBCASE("a bound that was lowered, in steps") {
    {
      Opened opened{folder / "relay.db", settings, {&own}};
      for (int i = 0; i < 5'000; ++i)
        opened.store->keep(own.next());
    }
    settings.bounds.records_max = 10;
    {
      Opened opened{folder / "relay.db", settings, {&own}};
      opened.store->keep(own.next());
      CHECK(eventually([&] { return opened.store->state().records == 10; }));
    }
    CHECK(kept_in(folder / "relay.db").size() == 10);
  }
}

TEST_CASE("HistoryStore: logs that nothing is left of are forgotten") {
  const TemporaryFolder folder;
  MadeLog own{"own"};
  MadeLog other{"other"};
  HistorySettings settings = settings_for(own);
  settings.bounds.records_max = 2;
  {
    Opened opened{folder / "relay.db", settings, {&own, &other}};
    opened.store->keep(other.next());
    opened.store->keep(own.next(2));
  }
  { Opened opened{folder / "relay.db", settings, {}}; }
  Result<store::Database> inside =
      store::Database::open(folder / "relay.db", 0x4e4b524c, std::array<std::string_view, 1>{""});
  REQUIRE(inside);
  Result<store::Statement> count = inside->statement("SELECT count(*) FROM logs");
  REQUIRE((count && count->step()));
  CHECK(count->number(0) == 1);
}

TEST_CASE("HistoryStore: bans come back, and lifted ones do not") {
  const TemporaryFolder folder;
  MadeLog own{"own"};
  Bans bans;
  {
    Opened opened{folder / "relay.db", settings_for(own), {&own}};
    opened.store->change(
        bans.apply({Measure::ban, {1, "", "198.51.100.7"}, "eve", "root", "spam", 99'000}, 5));
    opened.store->change(bans.apply({Measure::mute, {2, "", ""}, "max", "root", "loud", 0}, 6));
    opened.store->change(bans.apply({Measure::unmute, {2, "", ""}, "", "root", "", 0}, 7));
  }
  Opened opened{folder / "relay.db", settings_for(own), {&own}};
  const Result<Bans> kept = opened.store->bans();
  REQUIRE(kept);
  CHECK(kept->all().size() == 2);
  const Ban* ban = kept->check(BanKey::Kind::ban, {0, "", "198.51.100.7"}, 98'999);
  REQUIRE(ban != nullptr);
  CHECK(ban->nick == "eve");
  CHECK(ban->from == "root");
  CHECK(ban->why == "spam");
  CHECK(ban->since_ms == 5);
  CHECK(ban->until_ms == 99'000);
}

TEST_CASE("HistoryStore: a damaged bundle is left out, a damaged file is an error with a hint") {
  const TemporaryFolder folder;
  MadeLog own{"own"};
  const std::string path = folder / "relay.db";
  {
    Opened opened{path, settings_for(own), {&own}};
    for (int i = 0; i < 200; ++i)
      opened.store->keep(own.next(1, std::string(500, 'x')));
  }
  SUBCASE("a bundle") {
    {
      Result<store::Database> inside =
          store::Database::open(path, 0x4e4b524c, std::array<std::string_view, 1>{""});
      REQUIRE(inside);
      REQUIRE(inside->run("UPDATE bundles SET bytes = X'00' WHERE place = 7"));
      REQUIRE(inside->run("UPDATE bundles SET log = 5 WHERE place = 9"));
    }
    Opened opened{path, settings_for(own), {&own}};
    int taken = 0;
    const auto take = [&](const RelayFacts&, const Bundle&) -> Status {
      if (++taken == 3) return Errc::malformed;
      return ok;
    };
    CHECK(opened.store->restore(take));
    CHECK(taken == 198);
    CHECK(opened.sink.text().find("bundles=3") != std::string::npos);
  }
  SUBCASE("the file") {
    std::string bytes = support::bytes_of(path);
    REQUIRE(bytes.size() > 100'000);
    for (std::size_t at = 8 * 4096; at < bytes.size(); ++at)
      bytes[at] = static_cast<char>(at * 31);
    support::put_bytes(path, bytes);
    log::MemorySink sink;
    log::Logger log{"relay", sink};
    Error why;
    const auto opened = HistoryStore::open(path, settings_for(own), {}, log);
    if (!opened) {
      why = opened.error();
    } else {
      const Status restored =
          (*opened)->restore([](const RelayFacts&, const Bundle&) -> Status { return ok; });
      REQUIRE_FALSE(restored);
      why = restored.error();
    }
    CHECK(why.code == Errc::malformed);
    CHECK(why.message().find("relay.db") != std::string::npos);
    CHECK(why.hint.find("move it away") != std::string::npos);
  }
}

TEST_CASE("HistoryStore: with a full disk acks wait, one error is told, and it heals by itself") {
  const TemporaryFolder folder;
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    MadeLog own{"own"};
    bool good = true;
    {
      HistorySettings settings = settings_for(own);
      settings.waiting_max = two_mib;
      Opened opened{folder / "relay.db", settings, {&own}};
      good = opened.store->keep(own.next()) && opened.wait_durable(1);
      // A limit on the size of files: what grows past it fails like on a disk that is full.
      rlimit limit{128 * 1024, RLIM_INFINITY};
      ::setrlimit(RLIMIT_FSIZE, &limit);
      bool room = true;
      for (int i = 0; i < 10; ++i)
        room = opened.store->keep(own.next(1, std::string(200'000, 'x')));
      good = good && !room && opened.wait_log("cannot write");
      // It is tried again and again, and told once.
      ::poll(nullptr, 0, 300);
      good = good && opened.sink.lines().size() == 1;
      good = good && !opened.store->state().error.empty() && opened.store->state().records == 1;
      limit.rlim_cur = RLIM_INFINITY;
      ::setrlimit(RLIMIT_FSIZE, &limit);
      good = good && opened.wait_durable(11) && opened.wait_room(1);
      good = good && opened.wait_log("kept again\" dropped=0");
      good = good && opened.store->state().error.empty();
    }
    ::_exit(good ? 0 : 1);
  }
  CHECK(exit_code_of(child) == 0);
  CHECK(kept_in(folder / "relay.db").size() == 11);
}

TEST_CASE("HistoryStore: a disk that cannot follow costs other relays' bundles first") {
  const TemporaryFolder folder;
  for (const bool acks_wait : {true, false}) {
    const std::string path = folder / (acks_wait ? "disk.db" : "memory.db");
    const pid_t child = ::fork();
    if (child == 0) {
      ::signal(SIGXFSZ, SIG_IGN);
      MadeLog own{"own"};
      MadeLog other{"other"};
      HistorySettings settings = settings_for(own, acks_wait);
      settings.waiting_max = 2 * two_mib;
      Opened opened{path, settings, {&own, &other}};
      opened.store->keep(own.next());
      bool good = opened.wait_durable(1);
      rlimit limit{128 * 1024, RLIM_INFINITY};
      ::setrlimit(RLIMIT_FSIZE, &limit);
      const std::string large(200'000, 'x');
      for (int i = 0; i < 8; ++i) {
        opened.store->keep(own.next(1, large));
        opened.store->keep(other.next(1, large));
      }
      good = good && opened.wait_log("cannot write");
      for (int i = 0; i < 40; ++i)
        opened.store->keep(own.next(1, large));
      // A writer that is at it holds some, too, until its failure puts them back.
      good = good && eventually([&] {
               const HistoryState now = opened.store->state();
               if (acks_wait) return now.dropped == 8 && now.waiting > 48 * large.size();
               return now.dropped > 30 && now.waiting < 2 * two_mib;
             });
      limit.rlim_cur = RLIM_INFINITY;
      ::setrlimit(RLIMIT_FSIZE, &limit);
      good = good && opened.wait_durable(own.last());
      opened.store.reset();
      ::_exit(good ? 0 : 1);
    }
    CHECK(exit_code_of(child) == 0);
    CHECK((kept_in(path).size() == 49) == acks_wait);
  }
}

TEST_CASE("HistoryStore: kill -9 at any time loses nothing that was told to be durable") {
  const TemporaryFolder folder;
  MadeLog own{"own"};
  std::vector<Bundle> bundles;
  for (int i = 0; i < 3'000; ++i)
    bundles.push_back(own.next(1, std::string(300, 'x')));
  std::uint64_t at = 0;
  for (int round = 0; round < 8; ++round) {
    int channel[2];
    REQUIRE(::pipe(channel) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
      log::MemorySink sink;
      log::Logger log{"relay", sink};
      HistoryStore::Hooks hooks;
      hooks.facts = [&](LogId) { return own.facts(); };
      std::atomic<std::uint64_t> done = at;
      hooks.durable = [&](std::uint64_t seq) {
        done = seq;
        if (::write(channel[1], &seq, sizeof seq) != sizeof seq) ::_exit(1);
      };
      const auto store = HistoryStore::open(folder / "relay.db", settings_for(own), hooks, log);
      for (std::uint64_t i = at; store && i < bundles.size(); ++i) {
        (*store)->keep(bundles[i]);
        while (i > done + 20)
          ::poll(nullptr, 0, 1);
      }
      ::pause();
      ::_exit(1);
    }
    std::uint64_t durable = 0;
    for (int i = 0; i <= round; ++i)
      REQUIRE(::read(channel[0], &durable, sizeof durable) == sizeof durable);
    ::kill(child, SIGKILL);
    CHECK(exit_code_of(child) == 128 + SIGKILL);
    ::close(channel[1]);
    while (::read(channel[0], &durable, sizeof durable) == sizeof durable) {
    }
    ::close(channel[0]);
    const Texts kept = kept_in(folder / "relay.db");
    CHECK(kept.size() >= durable);
    for (std::size_t i = 0; i < kept.size(); ++i)
      REQUIRE(kept[i] == "own " + std::to_string(i + 1) + "-" + std::to_string(i + 1));
    at = kept.size();
  }
}
