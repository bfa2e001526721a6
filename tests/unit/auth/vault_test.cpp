// Tests of the vault, in SQLite and in Redis alike: accounts and invitations, each rule of the
// interface once.
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

std::vector<std::string> scopes_of(Vault& vault, std::string_view user_key) {
  const Result<std::optional<Account>> found = vault.find_account(user_key);
  REQUIRE((found && *found));
  return (*found)->scopes;
}

Ids sorted(Result<Ids> ids) {
  REQUIRE(ids);
  std::sort(ids->begin(), ids->end());
  return *std::move(ids);
}

}  // namespace

TEST_CASE_TEMPLATE("Vault: an account comes back as it was added, also after a restart", Kind,
                   InSqlite, InRedis) {
  NEEDS(Kind);
  Opened<Kind> vault;
  Account added = account("René", "$argon2id$v=19$m=65536,t=3,p=1$c2FsdA$dGFn");
  added.scopes = {"relay:link", "filesrv:put", "relay:link"};
  REQUIRE(outcome(vault->add_account(added, std::nullopt, false, 1000)) == Vault::Added::added);
  for (int restart = 0; restart < 2; ++restart) {
    const Result<std::optional<Account>> found = vault->find_account("ren\xc3\xa9");
    REQUIRE((found && *found));
    CHECK((*found)->user == "René");
    CHECK((*found)->password == "$argon2id$v=19$m=65536,t=3,p=1$c2FsdA$dGFn");
    CHECK((*found)->scopes == std::vector<std::string>{"filesrv:put", "relay:link"});
    CHECK((*found)->created == 1000);
    CHECK((*found)->password_changed == 1000);
    vault.reopen();
  }
  CHECK_FALSE(*vault->find_account("René"));
  CHECK_FALSE(*vault->find_account(""));
}

TEST_CASE_TEMPLATE("Vault: a name is taken once, however it is written", Kind, InSqlite, InRedis) {
  NEEDS(Kind);
  Opened<Kind> vault;
  add(*vault.vault, "ana");
  for (const char* user : {"ana", "Ana", "ANA", "\xef\xbc\xa1na"})
    CHECK(outcome(vault->add_account(account(user), std::nullopt, false, 1)) ==
          Vault::Added::name_taken);
  CHECK((*vault->find_account("ana"))->user == "ana");
}

TEST_CASE_TEMPLATE("Vault: only the first account administrates by itself", Kind, InSqlite,
                   InRedis) {
  NEEDS(Kind);
  Opened<Kind> vault;
  CHECK_FALSE(vault->add_account(account("remote"), std::nullopt, false, 1)->is_administrator);
  CHECK(vault->add_account(account("local"), std::nullopt, true, 1)->is_administrator);
  CHECK_FALSE(vault->add_account(account("second"), std::nullopt, true, 1)->is_administrator);
  CHECK(scopes_of(*vault.vault, "local") == std::vector<std::string>{"admin"});
  CHECK(scopes_of(*vault.vault, "second").empty());
}

TEST_CASE_TEMPLATE("Vault: an invitation is for one account, within its time", Kind, InSqlite,
                   InRedis) {
  NEEDS(Kind);
  Opened<Kind> vault;
  const std::string code = bytes("code", 32);
  REQUIRE(vault->add_invitation({code, "admin", 2000}));
  add(*vault.vault, "ana");
  const auto with = [&](const char* user, const std::string& hash, Time now) {
    return outcome(vault->add_account(account(user), hash, false, now));
  };
  CHECK(with("bob", bytes("wrong", 32), 1000) == Vault::Added::bad_invitation);
  CHECK(with("bob", code, 2000) == Vault::Added::bad_invitation);
  // Without an invitation nobody learns which names are taken.
  CHECK(with("ana", bytes("wrong", 32), 1000) == Vault::Added::bad_invitation);
  // A name that is taken does not use it up.
  CHECK(with("ana", code, 1999) == Vault::Added::name_taken);
  CHECK(with("bob", code, 1999) == Vault::Added::added);
  CHECK(with("carl", code, 1999) == Vault::Added::bad_invitation);
}

TEST_CASE_TEMPLATE("Vault: invitations are bounded, and go with who gave them", Kind, InSqlite,
                   InRedis) {
  NEEDS(Kind);
  Opened<Kind> vault;
  add(*vault.vault, "boss", {"admin"});
  add(*vault.vault, "other", {"admin"});
  REQUIRE(vault->add_invitation({bytes("kept", 32), "other", 2000}));
  for (std::size_t i = 1; i < 50; ++i)
    REQUIRE(vault->add_invitation({bytes(std::to_string(i), 32), "boss", 2000}));
  CHECK(vault->add_invitation({bytes("1", 32), "boss", 2000}).error().code ==
        std::errc::file_exists);
  CHECK(*vault->remove_account("boss") == Vault::Rescoped::done);
  CHECK(outcome(vault->add_account(account("x"), bytes("7", 32), false, 1)) ==
        Vault::Added::bad_invitation);
  CHECK(outcome(vault->add_account(account("x"), bytes("kept", 32), false, 1)) ==
        Vault::Added::added);
}

TEST_CASE_TEMPLATE("Vault: a changed password ends the other sessions and forgets the devices",
                   Kind, InSqlite, InRedis) {
  NEEDS(Kind);
  Opened<Kind> vault;
  const std::uint64_t version = add(*vault.vault, "ana");
  add(*vault.vault, "bob");
  for (const char* name : {"a", "b", "c"})
    REQUIRE(vault->add_session(session(name, "ana"), version));
  REQUIRE(vault->add_device("ana", bytes("device", 32), 1));
  const auto changed = vault->change_password("ana", version, "$new", bytes("b", 16), 3000);
  REQUIRE((changed && *changed));
  CHECK(sorted(**changed) == Ids{bytes("a", 16), bytes("c", 16)});
  const Account now = **vault->find_account("ana");
  CHECK(now.password == "$new");
  CHECK(now.password_changed == 3000);
  CHECK(now.version > version);
  CHECK_FALSE(*vault->is_device("ana", bytes("device", 32)));
  CHECK(vault->sessions_of("ana")->size() == 1);

  SUBCASE("who was slower is told and changes nothing") {
    CHECK_FALSE(*vault->change_password("ana", version, "$late", "", 3001));
    CHECK((*vault->find_account("ana"))->password == "$new");
    CHECK(vault->sessions_of("ana")->size() == 1);
    const Result<Ids> late = vault->add_session(session("d", "ana"), version);
    REQUIRE_FALSE(late);
    CHECK(late.error().code == Errc::not_found);
  }
  SUBCASE("an account that is not there") {
    CHECK_FALSE(*vault->change_password("nobody", version, "$x", "", 3001));
  }
}

TEST_CASE_TEMPLATE("Vault: a later account of the same name is another one", Kind, InSqlite,
                   InRedis) {
  NEEDS(Kind);
  Opened<Kind> vault;
  const std::uint64_t version = add(*vault.vault, "ana");
  REQUIRE(vault->add_session(session("a", "ana"), version));
  REQUIRE(vault->add_device("ana", bytes("device", 32), 1));
  CHECK(*vault->remove_account("ana") == Vault::Rescoped::done);
  CHECK(add(*vault.vault, "ana") != version);
  CHECK_FALSE(vault->add_session(session("b", "ana"), version));
  CHECK_FALSE(*vault->change_password("ana", version, "$x", "", 1));
  CHECK(vault->sessions_of("ana")->empty());
  CHECK_FALSE(*vault->find_session(bytes("hash a", 32)));
  CHECK_FALSE(*vault->is_device("ana", bytes("device", 32)));
}

TEST_CASE_TEMPLATE("Vault: a better hash takes the place of the one that was read, quietly", Kind,
                   InSqlite, InRedis) {
  NEEDS(Kind);
  Opened<Kind> vault;
  const std::uint64_t version = add(*vault.vault, "ana");
  REQUIRE(vault->add_session(session("a", "ana"), version));
  CHECK(*vault->rehash("ana", "$hash", "$better"));
  CHECK_FALSE(*vault->rehash("ana", "$hash", "$late"));
  CHECK_FALSE(*vault->rehash("nobody", "$hash", "$x"));
  const Account now = **vault->find_account("ana");
  CHECK(now.password == "$better");
  CHECK(now.version == version);
  CHECK(vault->sessions_of("ana")->size() == 1);
}

TEST_CASE_TEMPLATE("Vault: scopes are given and taken, but never from the last administrator", Kind,
                   InSqlite, InRedis) {
  NEEDS(Kind);
  Opened<Kind> vault;
  add(*vault.vault, "boss", {"admin"});
  const std::uint64_t version = add(*vault.vault, "ana", {"relay:link"});
  const auto change = [&](const char* user, Ids give, Ids take) {
    return *vault->change_scopes(user, give, take);
  };
  CHECK(change("ana", {"shutdown:order", "relay:link"}, {}) == Vault::Rescoped::done);
  CHECK(scopes_of(*vault.vault, "ana") == Ids{"relay:link", "shutdown:order"});
  CHECK((*vault->find_account("ana"))->version > version);
  CHECK(change("nobody", {"admin"}, {}) == Vault::Rescoped::no_account);
  CHECK(change("boss", {}, {"admin"}) == Vault::Rescoped::last_administrator);
  CHECK(*vault->remove_account("boss") == Vault::Rescoped::last_administrator);
  CHECK(change("ana", {"admin"}, {"relay:link"}) == Vault::Rescoped::done);
  CHECK(change("boss", {}, {"admin"}) == Vault::Rescoped::done);
  CHECK(*vault->remove_account("boss") == Vault::Rescoped::done);
  CHECK(*vault->remove_account("boss") == Vault::Rescoped::no_account);
  CHECK(*vault->remove_account("ana") == Vault::Rescoped::last_administrator);

  const std::uint64_t before = (*vault->find_account("ana"))->version;
  CHECK(change("ana", {"admin"}, {"relay:link"}) == Vault::Rescoped::done);
  CHECK((*vault->find_account("ana"))->version == before);
  CHECK_FALSE(vault->change_scopes("ana", Ids{"two words"}, {}));
  CHECK_FALSE(vault->change_scopes("ana", Ids{""}, {}));
  Ids many;
  for (int i = 0; i < 64; ++i)
    many.push_back("scope-" + std::to_string(i));
  CHECK(vault->change_scopes("ana", many, {}).error().code == Errc::too_large);
  CHECK(scopes_of(*vault.vault, "ana") == Ids{"admin", "shutdown:order"});
}

TEST_CASE_TEMPLATE("Vault: accounts come in pages, in the order of their keys", Kind, InSqlite,
                   InRedis) {
  NEEDS(Kind);
  Opened<Kind> vault;
  for (const char* user : {"dora", "bob", "ana", "carl"})
    add(*vault.vault, user);
  const auto page = [&](const char* after, std::size_t count) {
    Ids users;
    const Result<std::vector<Account>> found = vault->accounts(after, count);
    REQUIRE(found);
    for (const Account& each : *found)
      users.push_back(each.user);
    return users;
  };
  CHECK(page("", 3) == Ids{"ana", "bob", "carl"});
  CHECK(page("carl", 3) == Ids{"dora"});
  CHECK(page("dora", 3).empty());
  CHECK(page("", 0).empty());
}
