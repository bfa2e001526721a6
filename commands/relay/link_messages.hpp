// What two linked relays say to each other once both have proved who they are. Codec only: bytes to
// checked fields and back; used by LinkMachine.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "commands/relay/bundle.hpp"
#include "commands/relay/roster.hpp"
#include "wire/frame.hpp"

namespace netkit::relay {

// type             body
//  4 ping          any bytes, at most 64; 5 pong: the same bytes
// 49 relay         log u64 | beat u32 | hops u8 | started u64 ms | key 32 B | roster u64 |
//                  name str8 | signature 64 B, or nothing where nobody has heard that run itself
//                  flags bit 0: away, as far as the sender knows. roster: seq of its last enter,
//                  leave, join, part or nick. The signature is over "netkit relay beat 1", a NUL
//                  and the SHA-256 of the body up to it with hops 0.
// 50 have          n x (log u64 | floor u64 | last u64)     floor..last: what can be had from here
//                  flags bit 0: more follows at the link's start
// 51 bundle        a bundle
// 52 gap           log u64 | from u64 | to u64              cannot be had from here any more
// 53 want          log u64 | after u64                      again from after + 1 on
// 54 roster        log u64 | as_of u64 |
//                  n x (sender u64 | since u64 | nick str8 | rooms u16 x str8)
//                  flags bit 0: more follows
// 55 want_roster   log u64
// 56 fetch         request u32 | log u64 | from u64 | to u64
// 57 fetched       request u32 | a bundle, or nothing at the end
// 58 probe         id u64 | n u8 x (name str8 | us u32)     the way from its sender to here
// 59 probe_answer  the way that a probe went, back to its sender
// The service's opening takes 1 (hello) and 48 (proof).
namespace link_type {
inline constexpr std::uint16_t relay = 49;
inline constexpr std::uint16_t have = 50;
inline constexpr std::uint16_t bundle = 51;
inline constexpr std::uint16_t gap = 52;
inline constexpr std::uint16_t want = 53;
inline constexpr std::uint16_t roster = 54;
inline constexpr std::uint16_t want_roster = 55;
inline constexpr std::uint16_t fetch = 56;
inline constexpr std::uint16_t fetched = 57;
inline constexpr std::uint16_t probe = 58;
inline constexpr std::uint16_t probe_answer = 59;
}  // namespace link_type

inline constexpr std::uint16_t flag_away = 1;
inline constexpr std::uint16_t flag_more = 1;

/// For the FrameDecoder of a link: the largest is a bundle of one record of the largest size.
inline constexpr std::uint32_t link_frame_size_max = record_size_max + 256;
inline constexpr std::size_t have_entries_max = 2'048;  ///< A frame.
inline constexpr std::size_t roster_frame_size_max = 64 * 1024;
inline constexpr std::size_t probe_steps_max = 32;
inline constexpr std::size_t ping_size_max = 64;

/// A run of a relay as others know it.
struct RelayFacts {
  LogId log = 0;
  std::string name = {};
  std::string public_key = {};
  std::uint64_t started_ms = 0;
  std::uint64_t last = 0;    ///< The last record that this relay has of it.
  unsigned hops = 0;         ///< 0: this one.
  bool away = false;         ///< Not heard of for away_limit.
  std::uint32_t beat = 0;    ///< Counted up by it each five seconds.
  std::uint64_t roster = 0;  ///< The last record of its log that changed who is there.
  std::string signature =
      {};  ///< Its own of all but last, hops and away; empty if it was not heard.
};

/// The body of a relay message: also for whoever passes facts on by another way than a link.
void append_facts(std::string& out, const RelayFacts& facts);
/// Checks all but the signature: that the key is that log's, too. Errc::malformed.
Result<RelayFacts> decode_facts(std::string_view body);
std::string sign_facts(const LogKey& key, const RelayFacts& facts);
bool is_signed(const RelayFacts& facts);

struct HaveEntry {
  LogId log = 0;
  std::uint64_t floor = 1;
  std::uint64_t last = 0;
};
void append_have(std::string& out, const HaveEntry& entry);
Result<std::vector<HaveEntry>> decode_have(std::string_view body);

/// gap and want, whose `to` is 0.
struct SeqRange {
  LogId log = 0;
  std::uint64_t from = 0;
  std::uint64_t to = 0;
};
Result<SeqRange> decode_gap(std::string_view body);
/// `from` is the first one wanted.
Result<SeqRange> decode_want(std::string_view body);
Result<LogId> decode_want_roster(std::string_view body);

struct RosterPart {
  LogId log = 0;
  std::uint64_t as_of = 0;
  std::vector<Person> people;
};
/// As many frames as it takes, all but the last with flag_more.
void append_roster(std::vector<std::string>& frames, LogId log, std::uint64_t as_of,
                   const std::vector<const Person*>& people);
Result<RosterPart> decode_roster(std::string_view body);

struct FetchRequest {
  std::uint32_t request = 0;
  SeqRange range;
};
Result<FetchRequest> decode_fetch(std::string_view body);

/// One way that a probe went, as its answer tells.
struct ProbePath {
  struct Step {
    std::string relay;
    std::chrono::nanoseconds at{0};  ///< Since the probe began: half the links' delays, added up.
  };
  std::vector<Step> steps;  ///< The first is who asked.
  std::chrono::nanoseconds there_and_back{0};
};
struct Probe {
  std::uint64_t id = 0;
  ProbePath path;
};
void append_probe(std::string& out, const Probe& probe);
Result<Probe> decode_probe(std::string_view body);

}  // namespace netkit::relay
