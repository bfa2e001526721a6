// Attempts and short ways to ask the throttle about them, for its tests. Times are plain numbers.
#pragma once

#include <string>
#include <vector>

#include "commands/auth/throttle.hpp"

namespace netkit::auth::test {

inline constexpr Time start = 1'700'000'000;

inline Throttle fresh() {
  return Throttle{std::string(32, 'k')};
}

inline Throttle::Attempt by(std::string user, std::string source = {}, std::string device = {}) {
  return {std::move(user), true, std::move(source), std::move(device)};
}

/// So many different wrong passwords, at one time.
inline void fail(Throttle& throttle, const Throttle::Attempt& attempt, int times, Time now) {
  static int wrong = 0;
  for (int i = 0; i < times; ++i)
    throttle.failed(attempt, "wrong " + std::to_string(++wrong), now);
}

/// What judge() says to one that would not stay under way.
inline Throttle::Judgement judged(Throttle& throttle, const Throttle::Attempt& attempt, Time now) {
  const Throttle::Judgement judgement = throttle.judge(attempt, 0, now);
  if (judgement.go_on()) throttle.withdraw(attempt);
  return judgement;
}

inline Time wait(Throttle& throttle, const Throttle::Attempt& attempt, Time now) {
  return judged(throttle, attempt, now).wait;
}

inline std::vector<ThrottleRecord> all_changes(Throttle& throttle) {
  return throttle.take_changes(1'000'000);
}

}  // namespace netkit::auth::test
