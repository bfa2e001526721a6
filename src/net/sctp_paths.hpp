// The ways between the two ends of an SCTP association, which one is used, and when to take
// another. A machine without I/O: it is told what came and what time it is, and says what to send.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

namespace netkit::net {

/// How ways are tried where there are several.
struct PathSettings {
  std::chrono::milliseconds probe_interval{300};
  /// Silent for so long, and another is heard: the association takes the other.
  std::chrono::milliseconds silence_limit{1000};
};

class SctpPaths {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t count_max = 16;

  explicit SctpPaths(PathSettings settings) : settings_{settings} {}

  /// Adds a way and answers with its number, counted from 0. `host` tells the addresses of one host
  /// from another's: of each host one way is kept.
  std::size_t add(unsigned host);
  std::size_t size() const { return paths_.size(); }
  bool full() const { return paths_.size() >= count_max; }

  /// The way that is used; none before the handshake has chosen one.
  bool chosen() const { return chosen_; }
  std::size_t in_use() const { return in_use_; }
  /// The handshake, or the peer's word, chose this way.
  void use(std::size_t path);

  /// Something valid came on it.
  void heard(std::size_t path, Clock::time_point now);
  /// An answer to a probe: false if it answers none of ours.
  bool answered(std::size_t path, std::uint64_t nonce, Clock::time_point now);
  /// A packet that is no probe came: the way it took is used if ours has gone silent.
  void follow(std::size_t path, Clock::time_point now);

  /// Whether this end tries the ways: the one that connected, if there are several.
  bool probes() const;
  /// Time has passed. Takes another way if that is due, and answers with the ways to probe now.
  std::vector<std::size_t> tick(Clock::time_point now);
  /// A probe with this nonce goes out on it.
  void probed(std::size_t path, std::uint64_t nonce);

 private:
  struct Path {
    unsigned host;
    bool dropped = false;  // Another address of the same host answered first.
    Clock::time_point heard;
    std::uint64_t nonce = 0;  // Of the last probe; 0: none is out.
  };

  bool silent(const Path& path, Clock::time_point now) const {
    return now - path.heard > settings_.silence_limit;
  }
  void keep_one(std::size_t path);

  PathSettings settings_;
  std::vector<Path> paths_;
  std::size_t in_use_ = 0;
  bool chosen_ = false;
  Clock::time_point next_probes_;
};

}  // namespace netkit::net
