// The keys' texts. Devices and names without an account are hashed.
#include "commands/auth/throttle_keys.hpp"

#include "base/hex.hpp"
#include "identity/token.hpp"

namespace netkit::auth::throttle_keys {
namespace {

/// Longer than any key of a name; what the vault holds beyond that is not ours.
constexpr std::size_t key_size_max = 8 * 1024;

std::string hashed_key(std::string_view prefix, std::string_view what) {
  return std::string{prefix} + to_hex(identity::secret_hash(what).substr(0, 16));
}

}  // namespace

std::string unknown_key(std::string_view user_key) {
  return hashed_key("x:", "netkit throttle name\n" + std::string{user_key});
}

std::string own_key(const Throttle::Attempt& attempt) {
  if (!attempt.device_hash.empty())
    return hashed_key("d:", attempt.user_key + '\0' + attempt.device_hash);
  return attempt.user_exists ? "u:" + attempt.user_key : unknown_key(attempt.user_key);
}

std::string source_key(const Throttle::Attempt& attempt) {
  const bool counts = attempt.device_hash.empty() && !attempt.source.empty();
  return counts ? "a:" + attempt.source : std::string{};
}

Throttle::Ban ban_of(std::string_view key) {
  switch (key.front()) {
    case 'u': return {std::string{key.substr(2)}, Throttle::Kind::account};
    case 'a': return {std::string{key.substr(2)}, Throttle::Kind::address};
    case 'd': return {std::string{key}, Throttle::Kind::device};
    default: return {std::string{key}, Throttle::Kind::account};
  }
}

bool is_key(std::string_view key) {
  return key.size() > 2 && key.size() <= key_size_max && key[1] == ':' &&
         std::string_view{"uxad"}.find(key[0]) != std::string_view::npos;
}

}  // namespace netkit::auth::throttle_keys
