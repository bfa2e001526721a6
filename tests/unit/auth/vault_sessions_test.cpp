// Tests of the vault, in SQLite and in Redis alike: sessions, how they are found, how they end, and
// cleaning up.
#include <algorithm>

#include "unit/auth/vault_values.hpp"

using namespace netkit;
using namespace netkit::auth;
using namespace netkit::auth::test;

namespace {

using Ids = std::vector<std::string>;

Vault::Added outcome(const Result<Vault::Addition>& added) {
  REQUIRE(added);
  return added->outcome;
}

Ids sorted(Result<Ids> ids) {
  REQUIRE(ids);
  std::sort(ids->begin(), ids->end());
  return *std::move(ids);
}

}  // namespace

TEST_CASE_TEMPLATE("Vault: a session is found by its token's hash and by its id", Kind, InSqlite,
                   InRedis) {
  NEEDS(Kind);
  Opened<Kind> vault;
  const std::uint64_t version = add(*vault.vault, "ana");
  REQUIRE(vault->add_session(session("a", "ana"), version));
  for (const auto& found :
       {vault->find_session(bytes("hash a", 32)), vault->find_session_by_id(bytes("a", 16))}) {
    REQUIRE((found && *found));
    CHECK((*found)->id == bytes("a", 16));
    CHECK((*found)->token_hash == bytes("hash a", 32));
    CHECK((*found)->public_key == bytes("key a", 32));
    CHECK((*found)->user_key == "ana");
    CHECK((*found)->user == "ana");
    CHECK((*found)->device == "laptop of a");
    CHECK((*found)->address == "192.0.2.1");
    CHECK((*found)->created == 2000);
    CHECK((*found)->last_used == 2000);
    CHECK((*found)->expires == 9000);
  }
  CHECK_FALSE(*vault->find_session(bytes("hash b", 32)));
  CHECK_FALSE(*vault->find_session(""));
  CHECK(vault->add_session(session("a", "ana"), version).error().code == std::errc::file_exists);
  CHECK(vault->add_session(session("b", "nobody"), version).error().code == Errc::not_found);
}

TEST_CASE_TEMPLATE("Vault: beyond a hundred sessions the one unused for longest goes", Kind,
                   InSqlite, InRedis) {
  NEEDS(Kind);
  Opened<Kind> vault;
  const std::uint64_t version = add(*vault.vault, "ana");
  for (int i = 0; i < 100; ++i)
    REQUIRE(vault->add_session(session(std::to_string(i), "ana", 2000 + i), version)->empty());
  REQUIRE(vault->use_sessions(std::vector<SessionUse>{{bytes("0", 16), "192.0.2.9", 5000}}));
  CHECK(*vault->add_session(session("new", "ana", 2000), version) == Ids{bytes("1", 16)});
  CHECK(vault->sessions_of("ana")->size() == 100);
  CHECK(vault->sessions_of("ana")->front().id == bytes("0", 16));
}

TEST_CASE_TEMPLATE("Vault: a renewed session has another token, and the old one none", Kind,
                   InSqlite, InRedis) {
  NEEDS(Kind);
  Opened<Kind> vault;
  const std::uint64_t version = add(*vault.vault, "ana");
  REQUIRE(vault->add_session(session("a", "ana"), version));
  REQUIRE(vault->add_session(session("other", "ana"), version));
  Session renewed = session("b", "ana");
  renewed.expires = 12'000;
  CHECK(*vault->renew_session(bytes("a", 16), renewed));
  CHECK_FALSE(*vault->find_session(bytes("hash a", 32)));
  CHECK((*vault->find_session(bytes("hash b", 32)))->expires == 12'000);
  CHECK_FALSE(*vault->renew_session(bytes("a", 16), session("c", "ana")));
  CHECK(vault->renew_session(bytes("b", 16), session("other", "ana")).error().code ==
        std::errc::file_exists);
  CHECK(*vault->find_session(bytes("hash b", 32)));
}

TEST_CASE_TEMPLATE("Vault: sessions end one, all, and all others, and say which", Kind, InSqlite,
                   InRedis) {
  NEEDS(Kind);
  Opened<Kind> vault;
  const std::uint64_t ana = add(*vault.vault, "ana");
  const std::uint64_t bob = add(*vault.vault, "bob");
  for (const char* name : {"a", "b", "c"})
    REQUIRE(vault->add_session(session(name, "ana"), ana));
  REQUIRE(vault->add_session(session("x", "bob"), bob));
  const std::string a = bytes("a", 16);
  CHECK(vault->end_sessions({"bob", a, ""})->empty());
  CHECK(*vault->end_sessions({"ana", a, ""}) == Ids{a});
  CHECK(vault->end_sessions({"ana", a, ""})->empty());
  CHECK(*vault->end_sessions({"ana", "", bytes("b", 16)}) == Ids{bytes("c", 16)});
  CHECK(*vault->end_sessions({"", bytes("x", 16), ""}) == Ids{bytes("x", 16)});
  CHECK(vault->end_sessions({"nobody", "", ""})->empty());
  CHECK(vault->end_sessions({"", "", ""}).error().code == std::errc::invalid_argument);
  CHECK(*vault->end_sessions({"ana", "", ""}) == Ids{bytes("b", 16)});
}

TEST_CASE_TEMPLATE("Vault: uses move a session forward in time only", Kind, InSqlite, InRedis) {
  NEEDS(Kind);
  Opened<Kind> vault;
  REQUIRE(vault->add_session(session("a", "ana"), add(*vault.vault, "ana")));
  const auto use = [&](const char* address, Time at) {
    const SessionUse uses[] = {{bytes("gone", 16), "192.0.2.3", at}, {bytes("a", 16), address, at}};
    REQUIRE(vault->use_sessions(uses));
    return **vault->find_session_by_id(bytes("a", 16));
  };
  CHECK(use("2001:db8::1", 3000).last_used == 3000);
  CHECK(use("192.0.2.7", 2500).last_used == 3000);
  CHECK(use("192.0.2.7", 2500).last_address == "2001:db8::1");
  CHECK(use("192.0.2.7", 3000).last_address == "192.0.2.7");
  CHECK(use("", 4000).last_used == 4000);
  CHECK(use("", 4000).last_address == "192.0.2.7");
}

TEST_CASE_TEMPLATE("Vault: every session is handed over for the index", Kind, InSqlite, InRedis) {
  NEEDS(Kind);
  Opened<Kind> vault;
  const std::uint64_t version = add(*vault.vault, "ana");
  for (int i = 0; i < 50; ++i)
    REQUIRE(vault->add_session(session(std::to_string(i), "ana"), version));
  std::size_t count = 0;
  CHECK(vault->each_session([&](const Session& each) { count += each.user_key == "ana"; }));
  CHECK(count == 50);
}

TEST_CASE_TEMPLATE("Vault: cleans up what is over, a bounded part a call", Kind, InSqlite,
                   InRedis) {
  NEEDS(Kind);
  Opened<Kind> vault;
  const auto at = [](Time last_used, Time expires, const char* name) {
    Session made = session(name, "ana", last_used);
    made.expires = expires;
    return made;
  };
  const std::uint64_t version = add(*vault.vault, "ana");
  REQUIRE(vault->add_session(at(5000, 6000, "expired"), version));
  REQUIRE(vault->add_session(at(2000, 9000, "idle"), version));
  REQUIRE(vault->add_session(at(1000, 5000, "both"), version));
  REQUIRE(vault->add_session(at(4000, 6001, "alive"), version));
  REQUIRE(vault->add_invitation({bytes("old", 32), "x", 6000}));
  REQUIRE(vault->add_invitation({bytes("new", 32), "x", 6001}));
  CHECK(sorted(vault->clean_up(6000, 4000)) ==
        Ids{bytes("both", 16), bytes("expired", 16), bytes("idle", 16)});
  CHECK(vault->clean_up(6000, 4000)->empty());
  CHECK(outcome(vault->add_account(account("b"), bytes("old", 32), false, 1)) ==
        Vault::Added::bad_invitation);
  CHECK(outcome(vault->add_account(account("b"), bytes("new", 32), false, 1)) ==
        Vault::Added::added);

  for (int user = 0; user < 11; ++user) {
    const std::string name = "user" + std::to_string(user);
    const std::uint64_t of_user = add(*vault.vault, name);
    for (int i = 0; i < 100; ++i)
      REQUIRE(vault->add_session(session(name + "-" + std::to_string(i), name), of_user));
  }
  CHECK(vault->clean_up(9000, 0)->size() == clean_up_max);
  CHECK(vault->clean_up(9000, 0)->size() == 101);
}
