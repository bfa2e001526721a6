// What a client said, numbered, until it cannot be asked for any more. Used by the chat machine;
// knows no connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <set>
#include <string>
#include <string_view>

namespace netkit::relay {

class ChatOutbox {
 public:
  struct Message {
    std::uint64_t number = 0;
    bool direct = false;
    std::string where;  ///< The room, or the nick that a direct one is for.
    std::string text;
  };

  /// Takes the next number, from 1.
  const Message& add(bool direct, std::string_view where, std::string_view text);

  /// All up to `number` is safe; a smaller number than before changes nothing.
  void acknowledge(std::uint64_t number);
  std::uint64_t acknowledged() const { return acknowledged_; }
  /// The relay does not take it: it is not sent again. False if it is not waited for.
  bool refuse(std::uint64_t number);
  /// The last one that was not refused.
  std::uint64_t last_taken() const { return kept_.empty() ? 0 : kept_.back().number; }
  std::size_t unacknowledged() const { return last_ - acknowledged_ - refused_.size(); }

  /// In order, all beyond `known` that is still kept: what a relay lacks that knows no more.
  void above(std::uint64_t known, const std::function<void(const Message&)>& send) const;

  /// Acknowledged messages are kept as well, the last ones, for a relay that lost what another had
  /// acknowledged.
  static constexpr std::size_t kept_max = 1024;
  static constexpr std::size_t kept_size_max = 4 * 1024 * 1024;

 private:
  void drop_old();

  std::deque<Message> kept_;
  std::set<std::uint64_t> refused_;  // Beyond what is acknowledged.
  std::size_t kept_size_ = 0;
  std::uint64_t last_ = 0;
  std::uint64_t acknowledged_ = 0;
};

}  // namespace netkit::relay
