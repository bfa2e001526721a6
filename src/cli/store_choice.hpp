// --store: where a server keeps what several of them may share. Every server that can do with Redis
// instead of its own folder declares it.
#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"
#include "cli/options.hpp"
#include "store/redis_address.hpp"

namespace netkit::cli {

/// As the options say.
struct StoreChoice {
  std::optional<std::string> url;
  std::optional<std::string> password_file;
};

/// `what` says what Redis is for: it follows the forms of the URL.
void declare_store(Options& options, StoreChoice& choice, const std::string& what);

/// Errc::usage for a password without a Redis.
Status check_store(const StoreChoice& choice);

/// Where that Redis is, with the password out of the file. Errc::usage for a URL that is none.
Result<store::RedisAddress> redis_address(const StoreChoice& choice);

}  // namespace netkit::cli
