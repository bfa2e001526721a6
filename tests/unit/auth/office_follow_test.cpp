// Tests of an office that shares its store: what others do reaches it, and what it could not read
// because the store was away is read later.
#include <algorithm>
#include <chrono>
#include <doctest/doctest.h>
#include <poll.h>

#include "commands/auth/office.hpp"
#include "log/sink.hpp"
#include "unit/auth/vault_values.hpp"

namespace netkit::auth {
namespace {

using test::InRedis;

/// An office on one vault, and another vault on the same store that plays the other server.
struct Shared {
  InRedis kind;
  std::unique_ptr<Vault> mine = kind.open();
  std::unique_ptr<Vault> other = kind.open();
  log::MemorySink sink;
  log::Logger log{"auth", sink};
  identity::HashPool hashes{1, 8};
  Clerk clerk{*mine};
  Office office{settings(), clerk, hashes, log};

  Shared() {
    REQUIRE(office.open(*mine));
    mine->follow([this](const Change& change) { office.follow(change); });
  }
  ~Shared() {
    mine->follow({});
    clerk.stop();
  }
  static OfficeSettings settings() {
    OfficeSettings made;
    made.hash = identity::floor_parameters;
    made.session_idle_s = 1000;
    return made;
  }
  Session open_session(const std::string& name, std::uint64_t version) {
    Session made = test::session(name, "ana", office.now());
    made.expires = office.now() + 100'000;
    const auto until = Clock::now() + limit;
    while (!other->add_session(made, version) && Clock::now() < until)
      ::poll(nullptr, 0, 20);
    return made;
  }
  bool knows(const Session& session) {
    return office.index().find(session.token_hash, office.now()) != nullptr;
  }
  /// Waits, with the office's second hand going round.
  template <typename Condition>
  bool comes_true(Condition condition) {
    const auto until = Clock::now() + limit;
    while (!condition() && Clock::now() < until) {
      office.tick();
      ::poll(nullptr, 0, 10);
    }
    return condition();
  }

  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds limit{20};
};

TEST_CASE("Office: what another server does holds here") {
  NEEDS(InRedis);
  Shared shared;
  const std::uint64_t version = test::add(*shared.other, "ana");
  const Session a = shared.open_session("a", version);
  CHECK(shared.comes_true([&] { return shared.knows(a); }));
  const std::vector<std::string> give{"relay"};
  REQUIRE(shared.other->change_scopes("ana", give, {}));
  CHECK(shared.comes_true([&] {
    const auto found = shared.office.index().find(a.token_hash, shared.office.now());
    return found && found->holder->scopes == give;
  }));
  const Time later = shared.office.now() + 900;
  REQUIRE(shared.other->use_sessions(std::vector<SessionUse>{{a.id, "192.0.2.9", later}}));
  CHECK(shared.comes_true([&] { return shared.office.index().last_use_of("ana") == later; }));
  REQUIRE(shared.other->end_sessions({"", a.id, ""}));
  CHECK(shared.comes_true([&] { return !shared.knows(a); }));
  const Session b = shared.open_session("b", (*shared.other->find_account("ana"))->version);
  CHECK(shared.comes_true([&] { return shared.knows(b); }));
  REQUIRE(shared.other->remove_account("ana"));
  CHECK(shared.comes_true([&] { return !shared.knows(b); }));
}

TEST_CASE("Office: while the store is away tokens stay good, and what was missed is read later") {
  NEEDS(InRedis);
  Shared shared;
  const std::uint64_t version = test::add(*shared.other, "ana");
  const Session a = shared.open_session("a", version);
  const Session b = shared.open_session("b", version);
  REQUIRE(shared.comes_true([&] { return shared.knows(a) && shared.knows(b); }));
  shared.kind.server.kill_it();
  for (const Change& change : {Change{}, Change{.user_key = "ana", .session = {}, .uses = {}},
                               Change{.user_key = {}, .session = a.id, .uses = {}}})
    shared.office.follow(change);
  REQUIRE(shared.comes_true([&] { return !shared.sink.lines().empty(); }));
  CHECK(shared.knows(a));
  CHECK(shared.knows(b));
  shared.kind.server.start();
  CHECK(shared.comes_true([&] { return bool{shared.other->end_sessions({"", a.id, ""})}; }));
  CHECK(shared.comes_true([&] { return !shared.knows(a); }));
  CHECK(shared.knows(b));
}

}  // namespace
}  // namespace netkit::auth
