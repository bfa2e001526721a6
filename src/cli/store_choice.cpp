// --store and --store-password-file, declared and read.
#include "cli/store_choice.hpp"

#include "cli/secret.hpp"

namespace netkit::cli {
namespace {

constexpr std::size_t password_size_max = 1024;

}  // namespace

void declare_store(Options& options, StoreChoice& choice, const std::string& what) {
  options.value("store", choice.url, "URL",
                "redis://HOST[:PORT][/DATABASE] or redis+unix:PATH: " + what);
  options
      .value("store-password-file", choice.password_file, "PATH",
             "The password for that, in the first line")
      .completes(Complete::file);
}

Status check_store(const StoreChoice& choice) {
  const bool redis = choice.url && store::is_redis_url(*choice.url);
  if (choice.password_file && !redis)
    return Error{Errc::usage, "use --store-password-file", "it goes with --store redis://HOST"};
  return ok;
}

Result<store::RedisAddress> redis_address(const StoreChoice& choice) {
  Result<store::RedisAddress> address = store::parse_redis_url(choice.url.value_or(""));
  if (!address || !choice.password_file) return address;
  Result<std::string> password = read_secret_file(*choice.password_file, password_size_max);
  if (!password) return password.error();
  address->password = *std::move(password);
  return address;
}

}  // namespace netkit::cli
