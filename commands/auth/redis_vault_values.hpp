// How Redis's answers become values of the vault, and values become a script's arguments. Only the
// parts of the Redis vault include it.
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "commands/auth/packed_scopes.hpp"
#include "commands/auth/vault.hpp"
#include "store/redis_link.hpp"

namespace netkit::auth::redis_values {

inline constexpr std::string_view prefix = "{netkit}:auth:";
inline std::string key(std::string_view rest) {
  return std::string{prefix} + std::string{rest};
}

inline std::string text(std::string_view value) {
  return std::string{value};
}
template <std::integral Number>
std::string text(Number value) {
  return std::to_string(value);
}
/// Arguments of a script in order, numbers as decimal text.
template <typename... Values>
std::vector<std::string> words(const Values&... values) {
  std::vector<std::string> made;
  made.reserve(sizeof...(values));
  (made.push_back(text(values)), ...);
  return made;
}

/// What is in Redis and is not ours: changed by hand, or damaged.
Error strange(std::string_view what);

/// A list of an account's six fields.
Result<Account> account_of(const store::RedisReply& fields);
/// A session's ten fields and its id, nothing for nil.
Result<std::optional<Session>> session_of(const store::RedisReply& fields);
Result<std::vector<Session>> sessions_of(const store::RedisReply& list);
Result<std::vector<std::string>> ids_of(const store::RedisReply& list);
/// The id and the ten fields, behind `words`.
void append_session(std::vector<std::string>& words, const Session& session);

std::optional<std::int64_t> number_of(std::string_view digits);

}  // namespace netkit::auth::redis_values
