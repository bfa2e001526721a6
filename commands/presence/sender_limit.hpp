// How many datagrams a second are looked at, from one address and in all: checking a signature
// costs a hundred times what forging one does. Pure.
#pragma once

#include <algorithm>
#include <asio/ip/address.hpp>
#include <chrono>
#include <cstddef>
#include <map>

namespace netkit::presence {

class SenderLimit {
 public:
  using Time = std::chrono::nanoseconds;
  static constexpr double rate = 50;          ///< A second from one address.
  static constexpr double burst = 200;        ///< At once.
  static constexpr double total_rate = 2000;  ///< A second from everywhere.
  static constexpr std::size_t senders_max = 4096;

  /// Whether one more from there is within the limits, which it then counts against.
  bool admits(const asio::ip::address& from, Time now) {
    if (!take(total_, total_rate, total_rate, now)) return false;
    if (senders_.size() >= senders_max && !senders_.contains(from)) forget_idle(now);
    if (senders_.size() >= senders_max && !senders_.contains(from)) return false;
    return take(senders_.try_emplace(from, Bucket{burst, now}).first->second, rate, burst, now);
  }

 private:
  struct Bucket {
    double tokens = total_rate;
    Time at{};
  };

  static bool take(Bucket& bucket, double rate, double burst, Time now) {
    const double seconds = std::chrono::duration<double>{now - bucket.at}.count();
    bucket.tokens = std::min(burst, bucket.tokens + seconds * rate);
    bucket.at = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
  /// A full bucket is as good as none.
  void forget_idle(Time now) {
    std::erase_if(senders_, [now](const auto& sender) {
      const double seconds = std::chrono::duration<double>{now - sender.second.at}.count();
      return sender.second.tokens + seconds * rate >= burst;
    });
  }

  Bucket total_;
  std::map<asio::ip::address, Bucket> senders_;
};

}  // namespace netkit::presence
