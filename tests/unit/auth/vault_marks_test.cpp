// Tests of what the vault remembers beside accounts and sessions, in SQLite and in Redis alike.
#include "unit/auth/vault_values.hpp"

using namespace netkit;
using namespace netkit::auth;
using namespace netkit::auth::test;

namespace {

/// A session of ana's, who is made for the first.
void add_ending(Vault& vault, const std::string& name, Time expires) {
  if (!*vault.find_account("ana")) add(vault, "ana");
  Session made = session(name, "ana");
  made.expires = expires;
  REQUIRE(vault.add_session(made, (*vault.find_account("ana"))->version));
}

}  // namespace

TEST_CASE_TEMPLATE("Vault: remembers so many devices of an account", Kind, InSqlite, InRedis) {
  NEEDS(Kind);
  Opened<Kind> vault;
  add(*vault.vault, "ana");
  add(*vault.vault, "bob");
  for (int i = 0; i < 32; ++i)
    REQUIRE(vault->add_device("ana", bytes(std::to_string(i), 32), 100 + i));
  REQUIRE(vault->add_device("ana", bytes("0", 32), 200));
  CHECK(*vault->is_device("ana", bytes("1", 32)));
  // Even a clock that was set back leaves the one that has just been shown.
  REQUIRE(vault->add_device("ana", bytes("new", 32), 50));
  CHECK(*vault->is_device("ana", bytes("new", 32)));
  CHECK_FALSE(*vault->is_device("ana", bytes("1", 32)));
  CHECK(*vault->is_device("ana", bytes("0", 32)));
  CHECK_FALSE(*vault->is_device("bob", bytes("0", 32)));
  CHECK_FALSE(*vault->is_device("nobody", bytes("0", 32)));
  CHECK(vault->add_device("nobody", bytes("0", 32), 1).error().code == Errc::not_found);
}

TEST_CASE_TEMPLATE("Vault: keeps the name that an address gave itself", Kind, InSqlite, InRedis) {
  NEEDS(Kind);
  Opened<Kind> vault;
  CHECK_FALSE(*vault->find_known("192.0.2.1"));
  REQUIRE(vault->keep_known({"192.0.2.1", "printer", 10, 20}));
  REQUIRE(vault->keep_known({"192.0.2.1", "Printer 2", 10, 30}));
  const Known known = **vault->find_known("192.0.2.1");
  CHECK(known.name == "Printer 2");
  CHECK(known.first_seen == 10);
  CHECK(known.last_seen == 30);
}

TEST_CASE_TEMPLATE("Vault: keeps throttles, and forgets those without failures", Kind, InSqlite,
                   InRedis) {
  NEEDS(Kind);
  Opened<Kind> vault;
  const std::vector<ThrottleRecord> records{{"u:ana", 7, 100}, {"a:192.0.2.1", 1, 90}};
  REQUIRE(vault->keep_throttles(records));
  REQUIRE(vault->keep_throttles(std::vector<ThrottleRecord>{{"u:ana", 8, 120}}));
  vault.reopen();
  REQUIRE(vault->throttles()->size() == 2);
  REQUIRE(
      vault->keep_throttles(std::vector<ThrottleRecord>{{"a:192.0.2.1", 0, 0}, {"u:never", 0, 0}}));
  const std::vector<ThrottleRecord> left = *vault->throttles();
  REQUIRE(left.size() == 1);
  CHECK(left[0].key == "u:ana");
  CHECK(left[0].failures == 8);
  CHECK(left[0].last_failure == 120);
}

TEST_CASE_TEMPLATE("Vault: a ticket is spent as often as it says, also when the clock is set back",
                   Kind, InSqlite, InRedis) {
  NEEDS(Kind);
  Opened<Kind> vault;
  add_ending(*vault.vault, "a", 900'000);
  CHECK(*vault->spend(bytes("n", 16), 2, 1000, bytes("a", 16)));
  CHECK(*vault->spend(bytes("n", 16), 2, 1000, bytes("a", 16)));
  CHECK_FALSE(*vault->spend(bytes("n", 16), 2, 1000, bytes("a", 16)));
  CHECK(*vault->spend(bytes("m", 16), 1, 1000, bytes("a", 16)));
  CHECK_FALSE(*vault->spend(bytes("zero", 16), 0, 1000, bytes("a", 16)));
  REQUIRE(vault->clean_up(1000 + 86'399, 0));
  CHECK_FALSE(*vault->spend(bytes("m", 16), 1, 1000, bytes("a", 16)));
  REQUIRE(vault->clean_up(1000 + 86'400, 0));
  CHECK(*vault->spend(bytes("m", 16), 1, 1000, bytes("a", 16)));
}

TEST_CASE_TEMPLATE("Vault: a session has so many counted tickets, which go with it", Kind, InSqlite,
                   InRedis) {
  NEEDS(Kind);
  Opened<Kind> vault;
  add_ending(*vault.vault, "a", 900'000);
  add_ending(*vault.vault, "b", 900'000);
  const auto spend = [&](const std::string& nonce, const std::string& holder) {
    return vault->spend(bytes(nonce, 16), 2, 800'000, bytes(holder, 16));
  };
  for (int i = 0; i < 1000; ++i)
    REQUIRE(*spend("a" + std::to_string(i), "a"));
  const Result<bool> over = spend("one more", "a");
  REQUIRE_FALSE(over);
  CHECK(over.error().code == Errc::refused);
  CHECK(over.error().hint == "too many counted tickets of one session");
  // Those that are counted already go on, and others' are not touched by that.
  CHECK(*spend("a0", "a"));
  CHECK_FALSE(*spend("a0", "a"));
  CHECK(*spend("b0", "b"));
  REQUIRE(vault->end_sessions({"", bytes("a", 16), ""}));
  CHECK(spend("a0", "a").error().code == Errc::not_found);
  // Nothing of it is left: a session of the same id has all of its tickets.
  add_ending(*vault.vault, "a", 900'000);
  for (int i = 0; i < 1000; ++i)
    REQUIRE(*spend("a" + std::to_string(i), "a"));
  CHECK(*spend("b0", "b"));
  CHECK_FALSE(*spend("b0", "b"));
}

TEST_CASE_TEMPLATE("Vault: counts of a former token's tickets go when it is renewed", Kind,
                   InSqlite, InRedis) {
  NEEDS(Kind);
  Opened<Kind> vault;
  add_ending(*vault.vault, "a", 900'000);
  REQUIRE(*vault->spend(bytes("n", 16), 1, 800'000, bytes("a", 16)));
  REQUIRE(*vault->renew_session(bytes("a", 16), session("c", "ana")));
  CHECK(vault->spend(bytes("n", 16), 1, 800'000, bytes("a", 16)).error().code == Errc::not_found);
  CHECK(*vault->spend(bytes("n", 16), 1, 800'000, bytes("c", 16)));
}
