// The codec of the link's messages; their field table stands in the header. What a peer sends is
// checked in full before any of it is believed.
#include "commands/relay/link_messages.hpp"

#include <algorithm>
#include <limits>

#include "base/bytes.hpp"
#include "wire/fields.hpp"

namespace netkit::relay {
namespace {

constexpr std::string_view beat_purpose = "netkit relay beat 1";
constexpr std::size_t have_entry_size = 24;

Error malformed(std::string attempt) {
  return Error{Errc::malformed, std::move(attempt)};
}

void append_unsigned_facts(std::string& out, const RelayFacts& facts, unsigned hops) {
  append_be(out, facts.log);
  append_be(out, facts.beat);
  out += static_cast<char>(std::min(hops, 255u));
  append_be(out, facts.started_ms);
  out += facts.public_key;
  append_be(out, facts.roster);
  wire::append_str8(out, facts.name);
}

/// Both ends are part of it, the first record is 1, and none is the last number there is.
bool is_range(const SeqRange& range) {
  return range.from != 0 && range.from <= range.to &&
         range.to != std::numeric_limits<std::uint64_t>::max();
}

void append_person(std::string& out, const Person& person) {
  append_be(out, person.sender);
  append_be(out, person.since_ms);
  wire::append_str8(out, person.nick);
  append_be(out, static_cast<std::uint16_t>(person.rooms.size()));
  for (const std::string& room : person.rooms)
    wire::append_str8(out, room);
}

Person read_person(wire::FieldReader& reader) {
  Person person;
  person.sender = reader.number<std::uint64_t>();
  person.since_ms = reader.number<std::uint64_t>();
  person.nick = reader.name();
  const std::size_t rooms = reader.number<std::uint16_t>();
  for (std::size_t i = 0; i < rooms && !reader.failed(); ++i)
    person.rooms.emplace(reader.name());
  return person;
}

}  // namespace

void append_facts(std::string& out, const RelayFacts& facts) {
  append_unsigned_facts(out, facts, facts.hops);
  out += facts.signature;
}

Result<RelayFacts> decode_facts(std::string_view body) {
  wire::FieldReader reader{body};
  RelayFacts facts;
  facts.log = reader.number<std::uint64_t>();
  facts.beat = reader.number<std::uint32_t>();
  facts.hops = reader.number<std::uint8_t>();
  facts.started_ms = reader.number<std::uint64_t>();
  facts.public_key = reader.take(identity::public_key_size);
  facts.roster = reader.number<std::uint64_t>();
  facts.name = reader.name();
  facts.signature = reader.rest();
  const std::size_t size = facts.signature.size();
  if (!reader.done() || (size != 0 && size != identity::signature_size) ||
      log_of(facts.public_key) != facts.log)
    return malformed("read the facts of a relay");
  return facts;
}

std::string sign_facts(const LogKey& key, const RelayFacts& facts) {
  std::string body;
  append_unsigned_facts(body, facts, 0);
  return key.sign(beat_purpose, body);
}

bool is_signed(const RelayFacts& facts) {
  std::string body;
  append_unsigned_facts(body, facts, 0);
  return is_signed(beat_purpose, body, facts.public_key, facts.signature);
}

void append_have(std::string& out, const HaveEntry& entry) {
  append_be(out, entry.log);
  append_be(out, entry.floor);
  append_be(out, entry.last);
}

Result<std::vector<HaveEntry>> decode_have(std::string_view body) {
  if (body.size() % have_entry_size != 0 || body.size() > have_entries_max * have_entry_size)
    return malformed("read what a relay has");
  std::vector<HaveEntry> entries;
  entries.reserve(body.size() / have_entry_size);
  for (wire::FieldReader reader{body}; reader.left() > 0;) {
    HaveEntry entry;
    entry.log = reader.number<std::uint64_t>();
    entry.floor = reader.number<std::uint64_t>();
    entry.last = reader.number<std::uint64_t>();
    if (entry.floor == 0 || entry.floor - 1 > entry.last ||
        entry.last == std::numeric_limits<std::uint64_t>::max())
      return malformed("read what a relay has");
    entries.push_back(entry);
  }
  return entries;
}

Result<SeqRange> decode_gap(std::string_view body) {
  wire::FieldReader reader{body};
  SeqRange range;
  range.log = reader.number<std::uint64_t>();
  range.from = reader.number<std::uint64_t>();
  range.to = reader.number<std::uint64_t>();
  if (!reader.done() || !is_range(range)) return malformed("read a gap");
  return range;
}

Result<SeqRange> decode_want(std::string_view body) {
  wire::FieldReader reader{body};
  SeqRange range;
  range.log = reader.number<std::uint64_t>();
  range.from = reader.number<std::uint64_t>();
  if (!reader.done() || range.from == std::numeric_limits<std::uint64_t>::max())
    return malformed("read what a relay wants");
  ++range.from;
  return range;
}

Result<LogId> decode_want_roster(std::string_view body) {
  wire::FieldReader reader{body};
  const LogId log = reader.number<std::uint64_t>();
  if (!reader.done()) return malformed("read what a relay wants");
  return log;
}

void append_roster(std::vector<std::string>& frames, LogId log, std::uint64_t as_of,
                   const std::vector<const Person*>& people) {
  std::string head;
  append_be(head, log);
  append_be(head, as_of);
  std::string body = head;
  const auto put = [&](std::uint16_t flags) {
    std::string frame;
    wire::append_frame(frame, {.type = link_type::roster, .flags = flags, .body = body});
    frames.push_back(std::move(frame));
    body = head;
  };
  std::string one;
  for (const Person* const person : people) {
    one.clear();
    append_person(one, *person);
    if (body.size() > head.size() && body.size() + one.size() > roster_frame_size_max)
      put(flag_more);
    body += one;
  }
  put(0);
}

Result<RosterPart> decode_roster(std::string_view body) {
  wire::FieldReader reader{body};
  RosterPart part;
  part.log = reader.number<std::uint64_t>();
  part.as_of = reader.number<std::uint64_t>();
  while (reader.left() > 0)
    part.people.push_back(read_person(reader));
  if (!reader.done()) return malformed("read who is at a relay");
  return part;
}

Result<FetchRequest> decode_fetch(std::string_view body) {
  wire::FieldReader reader{body};
  FetchRequest fetch;
  fetch.request = reader.number<std::uint32_t>();
  fetch.range.log = reader.number<std::uint64_t>();
  fetch.range.from = reader.number<std::uint64_t>();
  fetch.range.to = reader.number<std::uint64_t>();
  if (!reader.done() || !is_range(fetch.range)) return malformed("read what a relay asks for");
  return fetch;
}

void append_probe(std::string& out, const Probe& probe) {
  using std::chrono::microseconds;
  append_be(out, probe.id);
  out += static_cast<char>(probe.path.steps.size());
  for (const ProbePath::Step& step : probe.path.steps) {
    wire::append_str8(out, step.relay);
    const auto us = std::chrono::duration_cast<microseconds>(step.at).count();
    append_be(out, static_cast<std::uint32_t>(std::clamp<std::int64_t>(us, 0, 0xffffffff)));
  }
}

Result<Probe> decode_probe(std::string_view body) {
  wire::FieldReader reader{body};
  Probe probe;
  probe.id = reader.number<std::uint64_t>();
  const std::size_t steps = reader.number<std::uint8_t>();
  for (std::size_t i = 0; i < steps && !reader.failed(); ++i) {
    ProbePath::Step step;
    step.relay = reader.name();
    step.at = std::chrono::microseconds{reader.number<std::uint32_t>()};
    probe.path.steps.push_back(std::move(step));
  }
  if (!reader.done() || steps == 0 || steps > probe_steps_max) return malformed("read a probe");
  return probe;
}

}  // namespace netkit::relay
