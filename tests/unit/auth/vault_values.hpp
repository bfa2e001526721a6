// A vault of its own, of either kind, and values to put into it, for the tests of the vault.
#pragma once

#include <doctest/doctest.h>
#include <memory>
#include <string>

#include "commands/auth/redis_vault.hpp"
#include "commands/auth/sqlite_vault.hpp"
#include "support/redis_server.hpp"
#include "support/temporary_folder.hpp"

namespace netkit::auth::test {

inline std::unique_ptr<SqliteVault> open_in(const support::TemporaryFolder& folder) {
  Result<std::unique_ptr<SqliteVault>> vault = SqliteVault::open(folder / "auth.db");
  REQUIRE_MESSAGE(vault, vault.error().message());
  return *std::move(vault);
}

/// The kinds of store, for TEST_CASE_TEMPLATE.
struct InSqlite {
  support::TemporaryFolder folder;

  std::unique_ptr<Vault> open() const { return open_in(folder); }
  static bool is_possible() { return true; }
};

struct InRedis {
  support::RedisServer server;

  std::unique_ptr<RedisVault> open_redis() const {
    const Result<store::RedisAddress> address = store::parse_redis_url(server.url());
    REQUIRE(address);
    Result<std::unique_ptr<RedisVault>> vault = RedisVault::open(*address);
    REQUIRE_MESSAGE(vault, vault.error().message());
    return *std::move(vault);
  }
  std::unique_ptr<Vault> open() const { return open_redis(); }
  static bool is_possible() { return support::RedisServer::is_installed(); }
};

#define NEEDS(Kind) REQUIRE_MESSAGE(Kind::is_possible(), "redis-server is not installed")

template <typename Kind>
struct Opened {
  Kind kind;
  std::unique_ptr<Vault> vault = kind.open();

  Vault* operator->() { return vault.get(); }
  /// As another run of the server finds it.
  void reopen() {
    vault.reset();
    vault = kind.open();
  }
};

inline Account account(std::string user, std::string password = "$hash") {
  Account made;
  made.user = std::move(user);
  made.password = std::move(password);
  made.created = 1000;
  made.password_changed = 1000;
  return made;
}

/// An id or a hash of so many bytes that starts like `name`.
inline std::string bytes(std::string name, std::size_t size) {
  name.resize(size, '\0');
  return name;
}

inline Session session(const std::string& name, std::string user_key, Time last_used = 2000) {
  Session made;
  made.id = bytes(name, 16);
  made.token_hash = bytes("hash " + name, 32);
  made.public_key = bytes("key " + name, 32);
  made.user_key = std::move(user_key);
  made.device = "laptop of " + name;
  made.address = "192.0.2.1";
  made.last_address = "192.0.2.1";
  made.created = 2000;
  made.last_used = last_used;
  made.expires = 9000;
  return made;
}

inline std::uint64_t add(Vault& vault, const std::string& user,
                         std::vector<std::string> scopes = {}) {
  Account made = account(user);
  made.scopes = std::move(scopes);
  const Result<Vault::Addition> added = vault.add_account(made, std::nullopt, false, 1000);
  REQUIRE(added);
  REQUIRE(added->outcome == Vault::Added::added);
  return (*vault.find_account(user))->version;
}

}  // namespace netkit::auth::test

TYPE_TO_STRING(netkit::auth::test::InSqlite);
TYPE_TO_STRING(netkit::auth::test::InRedis);
