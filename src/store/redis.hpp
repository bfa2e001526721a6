// A blocking Redis client for a store that several servers share: one command at a time, scripts
// sent once, errors as values. Knows no key of its users.
#pragma once

#include <chrono>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "store/redis_address.hpp"
#include "store/redis_link.hpp"

namespace netkit::store {

inline constexpr std::chrono::milliseconds redis_connect_limit{1000};
inline constexpr std::chrono::milliseconds redis_answer_limit{2000};
/// After a failure Redis is left alone for the shortest pause, then twice as long, up to the
/// longest; calls meanwhile fail at once, so that a queue of them does not wait for each.
inline constexpr std::chrono::milliseconds redis_pause_min{50};
inline constexpr std::chrono::milliseconds redis_pause_max{2000};

/// One thread at a time; opened after any fork(). A command is never sent twice.
class Redis {
 public:
  /// Connects once, so that a wrong address or password is told at the start.
  static Result<Redis> open(const RedisAddress& address);

  /// Any bytes in and out. Errc::busy with a hint when Redis is away or not ready, and when it went
  /// away in the middle: then whether the command was done is unknown. Errc::refused for a missing
  /// right; Errc::malformed for what the protocol or the command does not allow.
  Result<RedisReply> command(std::span<const std::string_view> words);
  Result<RedisReply> command(std::initializer_list<std::string_view> words) {
    return command(std::span{words.begin(), words.size()});
  }
  /// Runs `lua`, which Redis gets in full only when it does not know it. Each `lua` that is given
  /// is remembered for good: it must be one of a few.
  Result<RedisReply> script(std::string_view lua, std::span<const std::string_view> keys,
                            std::span<const std::string_view> arguments);

  /// Called within a command whose outcome stays unknown.
  void on_doubt(std::function<void()> doubtful) { doubtful_ = std::move(doubtful); }
  const RedisAddress& address() const { return address_; }

 private:
  using Clock = RedisLink::Clock;

  explicit Redis(RedisAddress address) : address_{std::move(address)} {}
  Status connect();
  Result<RedisReply> exchange(std::span<const std::string_view> words);
  Error lost(const Error& why, bool doubtful);
  Result<std::string> digest_of(std::string_view lua);
  std::string attempt() const { return "use the store " + address_.to_text(); }

  RedisAddress address_;
  std::optional<RedisLink> link_;
  std::chrono::milliseconds pause_{0};
  Clock::time_point not_before_{};
  std::function<void()> doubtful_;
  std::map<std::string, std::string, std::less<>> digests_;  ///< Lua to its SHA-1.
};

}  // namespace netkit::store
