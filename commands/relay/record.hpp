// What a relay's log consists of: what somebody said, and who came and went. Used by the mesh, the
// hub and the store; knows neither links nor clients.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "wire/decoded.hpp"

namespace netkit::relay {

/// A run of a relay, which has one log: the first 8 bytes of SHA-256 of "netkit relay log 1" and
/// the run's Ed25519 public key, so that nobody else can add to it.
using LogId = std::uint64_t;
/// A client, across its reconnects: the first 8 bytes of SHA-256 of "netkit relay sender 1" and a
/// secret of 32 bytes that only it knows.
using SenderKey = std::uint64_t;

/// One record among all: the log that it stands in, and where, from 1.
struct RecordId {
  LogId log = 0;
  std::uint64_t seq = 0;
  friend bool operator==(const RecordId&, const RecordId&) = default;
};

enum class RecordKind : std::uint8_t {
  say = 1,       ///< A text for a room.
  direct = 2,    ///< A text for one client.
  enter = 3,     ///< A client is here now.
  leave = 4,     ///< It has gone.
  join = 5,      ///< It is in a room.
  part = 6,      ///< It left the room.
  nick = 7,      ///< It is called otherwise.
  moderate = 8,  ///< Somebody with the right to decided about it.
  skip = 9,      ///< What a client numbered so was refused: nobody waits for it.
};

/// Whether a record has a number of its sender's.
constexpr bool is_numbered(RecordKind kind) {
  return kind == RecordKind::say || kind == RecordKind::direct || kind == RecordKind::skip;
}

enum class Measure : std::uint8_t { kick = 1, mute = 2, unmute = 3, ban = 4, unban = 5 };

// record   size u32 | kind u8 | time u64 | sender u64 | number u64 | fields
// say      room str8 | nick str8 | text
// direct   to u64 | nick str8 | to_nick str8 | text
// enter    nick str8 | address str8      the address is empty towards other relays
// leave    why str8
// join     room str8
// part     room str8
// nick     nick str8
// skip     nothing
// moderate measure u8 | to u64 | until u64 | nick str8 | to_nick str8 | why str8
// Numbers in network byte order; size: of what follows it; str8: u8 size, then UTF-8; text: the
// rest. time, until: ms since 1970, UTC; until 0: for good. number: the sender's own count of its
// say and direct records from 1; 0 in all others.

/// All kinds in one; a field that the kind lacks is empty. Views end with the bytes.
struct Record {
  RecordKind kind = RecordKind::say;
  std::uint64_t time_ms = 0;
  SenderKey sender = 0;
  std::uint64_t number = 0;
  SenderKey to = 0;
  Measure measure = Measure::kick;
  std::uint64_t until_ms = 0;
  std::string_view room = {};
  std::string_view nick = {};  ///< As the sender calls itself, without what a clash adds.
  std::string_view to_nick = {};
  std::string_view text = {};  ///< say, direct: what is said; leave, moderate: why; enter: address.
};

inline constexpr std::size_t text_size_max = 1024 * 1024;
inline constexpr std::size_t record_size_max = text_size_max + 1024;

/// Short fields must be at most 255 bytes, which names are.
void append_record(std::string& out, const Record& record);

/// The record at the front of `bytes`. Errc::malformed for what append_record() never makes, texts
/// that are no UTF-8 and control characters in names included; nothing is ever missing in a bundle.
Result<wire::Decoded<Record>> decode_record(std::string_view bytes);

}  // namespace netkit::relay
