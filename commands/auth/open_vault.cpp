// Choosing between SQLite and Redis.
#include "commands/auth/open_vault.hpp"

#include "commands/auth/redis_vault.hpp"
#include "commands/auth/sqlite_vault.hpp"

namespace netkit::auth {
namespace {

Result<std::unique_ptr<Vault>> open_redis(const cli::StoreChoice& choice, log::Logger& log) {
  const Result<store::RedisAddress> address = cli::redis_address(choice);
  if (!address) return address.error();
  Result<std::unique_ptr<RedisVault>> vault = RedisVault::open(*address);
  if (!vault) return vault.error();
  for (const std::string& notice : (*vault)->notices())
    log.warn("store", {{"warning", notice}});
  return std::unique_ptr<Vault>{*std::move(vault)};
}

}  // namespace

Status check_vault(const cli::StoreChoice& choice) {
  if (!choice.url) return cli::check_store(choice);
  const Result<store::RedisAddress> address = store::parse_redis_url(*choice.url);
  if (!address) return address.error();
  return ok;
}

Result<std::unique_ptr<Vault>> open_vault(const cli::StoreChoice& choice, const std::string& state,
                                          log::Logger& log) {
  if (choice.url) return open_redis(choice, log);
  Result<std::unique_ptr<SqliteVault>> vault = SqliteVault::open(state + "/auth.db");
  if (!vault) return vault.error();
  return std::unique_ptr<Vault>{*std::move(vault)};
}

}  // namespace netkit::auth
