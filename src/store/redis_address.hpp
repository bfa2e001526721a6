// Where a Redis is, as `--store` says it. Pure: resolves no name and opens nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace netkit::store {

/// One Redis server. Its password comes from a file or the environment, never from the URL, which
/// everybody on the machine can read among the arguments of the process.
struct RedisAddress {
  std::string host;  ///< A name, a v4 or a v6 address without brackets; empty with a unix_path.
  std::uint16_t port = 6379;
  std::string unix_path;  ///< Absolute.
  std::uint32_t database = 0;
  std::string password;  ///< Empty: none is sent.

  /// The URL again, without the password.
  std::string to_text() const;
};

/// True for what parse_redis_url() is for, so that a caller tells it from other kinds of store.
bool is_redis_url(std::string_view text) noexcept;

/// "redis://HOST[:PORT][/DATABASE]" or "redis+unix:PATH". Errc::usage, with a hint that says what
/// to do, for anything else, for a password, and for a host off loopback: Redis speaks no TLS here,
/// and password hashes would travel in clear. "?insecure" at the end allows that.
Result<RedisAddress> parse_redis_url(std::string_view text);

}  // namespace netkit::store
