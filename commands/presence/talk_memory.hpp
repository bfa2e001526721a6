// What a peer keeps of those who write to it, across their connections: which messages it has
// delivered, and how fast they may go on. Pure, and never more than a few MiB.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/flood.hpp"

namespace netkit::presence {

class TalkMemory {
 public:
  static constexpr std::size_t ids_max = 1024;  ///< A key: the latest ones.
  static constexpr std::size_t keys_max = 256;  ///< The ones heard last.

  /// `rate` messages a second of one key, `burst` at once.
  explicit TalkMemory(double rate = 50, double burst = 200) : rate_{rate}, burst_{burst} {}

  bool holds(const std::string& key, std::uint64_t id) const;
  void add(const std::string& key, std::uint64_t id);

  /// How long nothing more is to be taken of `key`; 0: go on.
  std::chrono::nanoseconds wait(const std::string& key, std::chrono::nanoseconds now);
  /// One was taken.
  void take(const std::string& key, std::chrono::nanoseconds now);

  std::size_t keys() const { return senders_.size(); }

 private:
  struct Sender {
    explicit Sender(const Flood& fresh) : flood{fresh} {}

    Flood flood;
    std::vector<std::uint64_t> ids;  // A ring once it is full.
    std::size_t oldest = 0;
    std::uint64_t used = 0;
  };
  Sender& sender(const std::string& key);

  const double rate_;
  const double burst_;
  std::uint64_t uses_ = 0;
  std::unordered_map<std::string, Sender> senders_;
};

}  // namespace netkit::presence
