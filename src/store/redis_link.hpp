// One connection to Redis: commands out, answers in, each within a limit that a silent or hostile
// server cannot stretch. Redis and RedisFeed stand on it; it never reconnects by itself.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.hpp"
#include "base/result.hpp"
#include "store/redis_address.hpp"

struct redisReader;

namespace netkit::store {

/// What Redis answered, any bytes in `text`.
struct RedisReply {
  enum class Kind { nil, number, text, list, failure };
  Kind kind = Kind::nil;
  std::int64_t number = 0;
  std::string text;  ///< Of a failure: "WRONGTYPE Operation against …".
  std::vector<RedisReply> list;

  bool is_nil() const { return kind == Kind::nil; }
};

inline constexpr std::size_t redis_answer_size_max = std::size_t{64} * 1024 * 1024;
inline constexpr std::size_t redis_answer_items_max = 1'000'000;

class RedisLink {
 public:
  using Clock = std::chrono::steady_clock;

  /// Connects, signs in and chooses the database. `wake` is a descriptor that ends every wait with
  /// Errc::stopped once it is readable; negative: none. Names are looked up by the system, which
  /// keeps limits of its own.
  static Result<RedisLink> open(const RedisAddress& address, Clock::time_point until, int wake);
  RedisLink(RedisLink&&) noexcept;
  RedisLink& operator=(RedisLink&&) noexcept;
  ~RedisLink();

  /// Errc::timed_out, Errc::closed or what the system said. After an error this is of no use any
  /// more: a part may have been sent.
  Status send(std::span<const std::string_view> words, Clock::time_point until);
  /// The next answer, a `failure` among them. Errc::timed_out and Errc::stopped keep what came so
  /// far; Errc::malformed and Errc::too_large are final.
  Result<RedisReply> receive(Clock::time_point until);
  /// Redis has hung up, or said something that nobody asked for.
  bool is_stale() const;

 private:
  RedisLink(FileDescriptor socket, int wake);
  Status wait_for(short events, Clock::time_point until) const;
  Result<RedisReply> ask(std::span<const std::string_view> words, Clock::time_point until);
  Status sign_in(const RedisAddress& address, Clock::time_point until);

  struct Parser;
  FileDescriptor socket_;
  int wake_;
  std::unique_ptr<Parser> parser_;
};

/// A `failure` as an Error: Errc::busy for what passes (it is loading, out of memory or disk),
/// Errc::refused for what needs a password or another right, Errc::malformed for the rest.
Error redis_error(const RedisReply& failure, std::string attempt);

}  // namespace netkit::store
