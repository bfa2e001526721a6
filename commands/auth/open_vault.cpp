// Choosing between SQLite and Redis.
#include "commands/auth/open_vault.hpp"

#include "cli/secret.hpp"
#include "commands/auth/redis_vault.hpp"
#include "commands/auth/sqlite_vault.hpp"
#include "store/redis_address.hpp"

namespace netkit::auth {
namespace {

constexpr std::size_t password_size_max = 1024;

Result<std::unique_ptr<Vault>> open_redis(const StoreChoice& choice, log::Logger& log) {
  Result<store::RedisAddress> address = store::parse_redis_url(*choice.url);
  if (!address) return address.error();
  if (choice.password_file) {
    Result<std::string> password = cli::read_secret_file(*choice.password_file, password_size_max);
    if (!password) return password.error();
    address->password = *std::move(password);
  }
  Result<std::unique_ptr<RedisVault>> vault = RedisVault::open(*address);
  if (!vault) return vault.error();
  for (const std::string& notice : (*vault)->notices())
    log.warn("store", {{"warning", notice}});
  return std::unique_ptr<Vault>{*std::move(vault)};
}

}  // namespace

Status check_store(const StoreChoice& choice) {
  if (!choice.url) {
    if (!choice.password_file) return ok;
    return Error{Errc::usage, "use --store-password-file", "it goes with --store redis://HOST"};
  }
  const Result<store::RedisAddress> address = store::parse_redis_url(*choice.url);
  if (!address) return address.error();
  return ok;
}

Result<std::unique_ptr<Vault>> open_vault(const StoreChoice& choice, const std::string& state,
                                          log::Logger& log) {
  if (choice.url) return open_redis(choice, log);
  Result<std::unique_ptr<SqliteVault>> vault = SqliteVault::open(state + "/auth.db");
  if (!vault) return vault.error();
  return std::unique_ptr<Vault>{*std::move(vault)};
}

}  // namespace netkit::auth
