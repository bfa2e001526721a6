// How often each event happened and why, and how long connections lasted, for /metrics. Fed as an
// observer of a Logger; in fixed memory, whatever peers do.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "log/line.hpp"

namespace netkit::log {

/// Why an event happened, as one of a few words of ours: its `state`, or what the sentence in its
/// `reason` or `error` comes to; "other" for a sentence that is not known, "" where there is none.
/// Never anything that a peer wrote.
std::string_view reason_word(const Event& event);

/// Safe for any number of threads.
class EventCounts {
 public:
  /// Pairs of event and reason that are told apart; of further ones the reason is "other".
  static constexpr std::size_t pairs_max = 256;
  /// Upper bounds of the buckets of durations; one more takes what is longer.
  static constexpr std::array<double, 8> bounds_s{0.001, 0.01, 0.1, 1, 10, 60, 600, 3600};

  struct Count {
    std::string event;
    std::string reason;
    std::uint64_t count = 0;
  };
  /// Of connections, by the field `duration` of what tells their end.
  struct Durations {
    std::array<std::uint64_t, bounds_s.size() + 1> buckets{};  ///< Not cumulative.
    std::uint64_t count = 0;
    double sum_s = 0;
  };

  void add(const Event& event);
  /// In the order of their names.
  std::vector<Count> counts() const;
  Durations durations() const;

 private:
  using Pair = std::pair<std::string, std::string>;

  mutable std::mutex mutex_;
  std::map<Pair, std::uint64_t> counts_;
  Durations durations_;
};

}  // namespace netkit::log
