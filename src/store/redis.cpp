// The Redis client: when to connect, how long to leave a failed server alone, and how to say so.
#include "store/redis.hpp"

#include <algorithm>
#include <vector>

namespace netkit::store {
namespace {

using Kind = RedisReply::Kind;

bool is_unknown_script(const Result<RedisReply>& answer) {
  return answer && answer->kind == Kind::failure && answer->text.starts_with("NOSCRIPT");
}

/// What an Error says, for the hint of another.
std::string reason_of(const Error& error) {
  return error.hint.empty() ? error.code.message() : error.hint.str();
}

}  // namespace

Result<Redis> Redis::open(const RedisAddress& address) {
  Redis made{address};
  if (Status connected = made.connect(); !connected) return connected.error();
  return made;
}

/// What went wrong with the link, as callers see it. `doubtful`: a command may have been done.
Error Redis::lost(const Error& why, bool doubtful) {
  link_.reset();
  pause_ = std::clamp(pause_ * 2, redis_pause_min, redis_pause_max);
  not_before_ = Clock::now() + pause_;
  if (doubtful && doubtful_) doubtful_();
  if (why.code == Errc::refused || why.code == Errc::malformed || why.code == Errc::too_large)
    return {why.code, attempt(), reason_of(why)};
  if (doubtful)
    return {Errc::busy, attempt(),
            "it went away, and whether this was done is not known: " + reason_of(why)};
  return {Errc::busy, attempt(), "Redis cannot be reached: " + reason_of(why)};
}

Status Redis::connect() {
  // It may have been restarted since the last command; that must not cost the next one.
  if (link_ && link_->is_stale()) link_.reset();
  if (link_) return ok;
  const Clock::time_point now = Clock::now();
  if (now < not_before_)
    return Error{Errc::busy, attempt(), "Redis cannot be reached: try again in 2s"};
  Result<RedisLink> made = RedisLink::open(address_, now + redis_connect_limit, -1);
  if (!made) return lost(made.error(), false);
  link_ = std::move(*made);
  pause_ = {};
  return ok;
}

/// A failure that Redis answered with is a value here.
Result<RedisReply> Redis::exchange(std::span<const std::string_view> words) {
  if (Status connected = connect(); !connected) return connected.error();
  const Clock::time_point until = Clock::now() + redis_answer_limit;
  if (Status sent = link_->send(words, until); !sent) return lost(sent.error(), true);
  Result<RedisReply> answer = link_->receive(until);
  if (!answer) return lost(answer.error(), true);
  return answer;
}

Result<RedisReply> Redis::command(std::span<const std::string_view> words) {
  Result<RedisReply> answer = exchange(words);
  if (answer && answer->kind == Kind::failure) return redis_error(*answer, attempt());
  return answer;
}

Result<std::string> Redis::digest_of(std::string_view lua) {
  if (const auto known = digests_.find(lua); known != digests_.end()) return known->second;
  const Result<RedisReply> loaded = command({"SCRIPT", "LOAD", lua});
  if (!loaded) return loaded.error();
  digests_.emplace(lua, loaded->text);
  return loaded->text;
}

Result<RedisReply> Redis::script(std::string_view lua, std::span<const std::string_view> keys,
                                 std::span<const std::string_view> arguments) {
  const Result<std::string> digest = digest_of(lua);
  if (!digest) return digest.error();
  const std::string count = std::to_string(keys.size());
  std::vector<std::string_view> words{"EVALSHA", *digest, count};
  words.insert(words.end(), keys.begin(), keys.end());
  words.insert(words.end(), arguments.begin(), arguments.end());
  Result<RedisReply> answer = exchange(words);
  if (is_unknown_script(answer)) {
    // A restarted Redis knows none; nothing was run, so that sending it again is safe.
    words[0] = "EVAL";
    words[1] = lua;
    answer = exchange(words);
  }
  if (answer && answer->kind == Kind::failure) return redis_error(*answer, attempt());
  return answer;
}

}  // namespace netkit::store
