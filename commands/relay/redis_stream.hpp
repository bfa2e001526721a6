// What relays write into a Redis that they share: entries of its stream, messages of its channel,
// and who has read how far. Pure: bytes in, bytes out; the connection is redis_mesh's.
#pragma once

#include <compare>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "commands/relay/bundle.hpp"
#include "commands/relay/link_messages.hpp"

namespace netkit::relay {

// Keys, all behind "{netkit}:relay:", which makes a cluster keep them on one server:
//   stream        entries with the fields n: how many records, and e: as below; the oldest go above
//                 the bounds
//   tail          the id of its last entry
//   records, bytes    how many are in it
//   have:LOG16    the last record of that log that is or was in it, for a week after it came
// An entry:  size u32 | facts size u16 | facts (as in a link's relay message) | bundle
// On the channel "said", by the first byte:
//   b  id before, ' ', id of the last, '\n', entries      what was just added
//   h  facts                                              a beat: that relay lives
//   w  log u64                                            who is there? asks its relay
//   r  roster frames of a link                            the answer, all parts

namespace redis_keys {
inline constexpr std::string_view prefix = "{netkit}:relay:";
inline constexpr std::string_view channel = "{netkit}:relay:said";
inline constexpr std::string_view stream = "{netkit}:relay:stream";
inline constexpr std::string_view tail = "{netkit}:relay:tail";
}  // namespace redis_keys

/// Adds bundles of one log, those that are there already left out, and publishes them. KEYS[1] is
/// the prefix; ARGV: log, records_max, bytes_max, "1" if the first may leave a hole, and for each
/// bundle its first, its last and its entry. Answers with the last record that is there then.
extern const std::string_view redis_add_script;

/// Of an entry of a stream, "1700000000000-7"; they only rise.
struct StreamId {
  std::uint64_t ms = 0;
  std::uint64_t number = 0;

  static std::optional<StreamId> parse(std::string_view text);
  std::string text() const;
  friend auto operator<=>(const StreamId&, const StreamId&) = default;
};

struct StreamEntry {
  RelayFacts facts;
  Bundle bundle;
};

std::string stream_entry(std::string_view facts, const Bundle& bundle);
/// All entries of those bytes. Errc::malformed if one is not: nobody else may write there.
Result<std::vector<StreamEntry>> read_stream_entries(std::string_view bytes);

/// Puts what is published and what is read from the stream into one row without holes.
class StreamReader {
 public:
  static constexpr std::size_t waiting_max = std::size_t{8} * 1024 * 1024;

  /// A message 'b', without that byte.
  void hear(std::string_view message);
  /// The next that follows on what was seen: entries as bytes.
  std::optional<std::string> next();
  /// Something is missing in between: the stream is to be read from behind last() on.
  bool is_behind() const { return behind_; }
  /// An entry as read from the stream.
  void read(StreamId id) { last_ = std::max(last_, id); }
  /// The end of the stream was reached. What waits and was not found twice has gone from it.
  void caught_up();
  /// Any number of messages may have been missed.
  void miss();
  /// The stream ends there. One that ends before what was seen is another one: it is read anew.
  void check_tail(StreamId tail);
  StreamId last() const { return last_; }

 private:
  struct Message {
    StreamId before;
    StreamId id;
    std::string entries;
  };
  std::deque<Message> waiting_;
  std::size_t waiting_size_ = 0;
  StreamId last_;
  StreamId stuck_;
  bool behind_ = true;
};

}  // namespace netkit::relay
