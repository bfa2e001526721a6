// How many datagrams a second are looked at, from one address and in all: checking a signature
// costs a hundred times what forging one does. Pure.
#pragma once

#include <algorithm>
#include <asio/ip/address.hpp>
#include <chrono>
#include <cstddef>
#include <map>

#include "base/flood.hpp"

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
    if (!take(total_, now)) return false;
    if (senders_.size() >= senders_max && !senders_.contains(from))
      std::erase_if(senders_, [now](auto& sender) { return sender.second.is_full(now); });
    if (senders_.size() >= senders_max && !senders_.contains(from)) return false;
    return take(senders_.try_emplace(from, rate, burst).first->second, now);
  }

 private:
  static bool take(Flood& flood, Time now) {
    if (flood.wait(now) > Time{0}) return false;
    flood.take(now);
    return true;
  }

  Flood total_{total_rate, total_rate};
  std::map<asio::ip::address, Flood> senders_;
};

}  // namespace netkit::presence
