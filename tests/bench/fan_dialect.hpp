// What a client of each fan-out server says and hears, as bytes. For fan_load.cpp only: enough of
// each protocol to enter one channel, publish to it and cut what comes back into texts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace netkit::bench {

/// Prints "fan: MESSAGE" to stderr and exits with 1.
[[noreturn]] void give_up(const std::string& message);

struct Part {
  std::size_t index = 0;  ///< Among all clients: makes names differ.
  bool sends = false;
  bool hears = false;
};

/// What came for one client, cut out by a dialect.
class Heard {
 public:
  virtual ~Heard() = default;
  virtual void text(std::string_view text) = 0;
  /// The server has let this client in: its subscription stands.
  virtual void let_in() = 0;
  /// The protocol owes this answer.
  virtual void answer(std::string_view bytes) = 0;
};

/// Whether a sender gets what it said.
enum class OwnText : std::uint8_t { never, if_it_hears, always };

class FanDialect {
 public:
  virtual ~FanDialect() = default;
  virtual OwnText own_text() const = 0;
  virtual std::string opening(const Part& part) const = 0;
  /// False: a client is in as soon as it is connected; Heard::let_in() is never called.
  virtual bool tells_when_in() const { return true; }
  /// Takes whole messages off the front of `unread`; returns how many bytes they were.
  virtual std::size_t take(std::string_view unread, Heard& heard) const = 0;
  /// `number` is the client's own, from 1.
  virtual void append(std::string& out, std::uint64_t number, std::string_view text) const = 0;
};

/// redis, nats, mqtt, irc, lines, stream or frames; nullptr for another name. `text_size` is that
/// of every message.
std::unique_ptr<FanDialect> make_dialect(std::string_view name, std::size_t text_size);

}  // namespace netkit::bench
