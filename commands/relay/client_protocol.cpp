// Frames and JSON between chat and relay, written and read.
#include "commands/relay/client_protocol.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>
#include <utility>

#include "base/bytes.hpp"
#include "base/json.hpp"
#include "base/utf8.hpp"
#include "wire/fields.hpp"
#include "wire/frame_writer.hpp"
#include "wire/json.hpp"

namespace netkit::relay {
namespace {

using Kind = Event::Kind;

/// As their numbers are.
constexpr std::array<std::string_view, 8> event_names{
    "join", "leave", "nick", "gap", "relay-away", "relay-back", "notice", "moderated"};

/// An event's texts are names and a sentence.
constexpr std::size_t event_size_max = 256 * 1024;

/// Of said and told: what stands before the texts.
constexpr std::size_t said_fixed_size = 5 * sizeof(std::uint64_t);

void append_saying(std::string& out, std::uint16_t type, std::uint64_t number,
                   std::string_view where, std::string_view text) {
  const wire::FrameWriter writer{out, type};
  append_be(out, number);
  wire::append_str8(out, where);
  out += text;
}

void add_text(JsonObject& to, std::string_view key, std::string_view value) {
  if (!value.empty()) to.add(key, value);
}

void add_number(JsonObject& to, std::string_view key, std::uint64_t value) {
  if (value > 0) to.add(key, value);
}

/// What the sentence does not repeat as it is: read_event() makes the sentence again.
bool has_reason(Kind kind) {
  return kind == Kind::parted || kind == Kind::moderated;
}

std::optional<Kind> read_kind(std::string_view name) {
  for (std::size_t i = 0; i < event_names.size(); ++i)
    if (event_names[i] == name) return static_cast<Kind>(i);
  return std::nullopt;
}

/// False for a member that is there and no number of ours.
bool read_number(const wire::Json& from, std::string_view key, std::uint64_t& value) {
  if (!from.find(key)) return true;
  const std::optional<std::int64_t> number = from.integer(key);
  if (!number || *number < 0) return false;
  value = static_cast<std::uint64_t>(*number);
  return true;
}

/// False for a member that is there and no text.
bool has_text_or_nothing(const wire::Json& from, std::string_view key) {
  return !from.find(key) || from.string(key);
}

}  // namespace

void append_say(std::string& out, const Saying& saying) {
  append_saying(out, frame_type::say, saying.number, saying.room, saying.text);
}

void append_direct(std::string& out, const Saying& saying) {
  append_saying(out, frame_type::direct, saying.number, saying.to, saying.text);
}

Result<Saying> decode_saying(const wire::Frame& frame) {
  const bool direct = frame.type == frame_type::direct;
  if (!direct && frame.type != frame_type::say) return Errc::malformed;
  wire::FieldReader fields{frame.body};
  Saying saying;
  saying.number = fields.number<std::uint64_t>();
  (direct ? saying.to : saying.room) = fields.short_text();
  saying.text = fields.text();
  if (Status read = fields.outcome(); !read) return read.error();
  if (saying.number == 0 || (direct ? saying.to : saying.room).empty()) return Errc::malformed;
  return saying;
}

// Written for each message of each room: the fixed part in one piece.
void append_said(std::string& out, const Said& said) {
  const bool direct = said.room.empty();
  const std::string_view where = utf8_prefix(direct ? said.to : said.room, wire::str8_size_max);
  const std::string_view nick = utf8_prefix(said.nick, wire::str8_size_max);
  const std::size_t size = said_fixed_size + 1 + where.size() + 1 + nick.size() + said.text.size();
  const auto header = wire::frame_header(
      {.type = direct ? frame_type::told : frame_type::said, .body = {said.text.data(), size}});
  std::array<char, wire::frame_header_size + said_fixed_size> fixed;
  std::copy(header.begin(), header.end(), fixed.begin());
  char* at = fixed.data() + header.size();
  for (const std::uint64_t number :
       {said.id.log, said.id.seq, said.time_ms, said.sender, said.number}) {
    store_be(at, number);
    at += sizeof number;
  }
  out.append(fixed.data(), fixed.size());
  out += static_cast<char>(where.size());
  out += where;
  out += static_cast<char>(nick.size());
  out += nick;
  out += said.text;
}

Result<Said> decode_said(const wire::Frame& frame) {
  const bool direct = frame.type == frame_type::told;
  if (!direct && frame.type != frame_type::said) return Errc::malformed;
  wire::FieldReader fields{frame.body};
  Said said;
  said.id.log = fields.number<std::uint64_t>();
  said.id.seq = fields.number<std::uint64_t>();
  said.time_ms = fields.number<std::uint64_t>();
  said.sender = fields.number<std::uint64_t>();
  said.number = fields.number<std::uint64_t>();
  (direct ? said.to : said.room) = fields.short_text();
  said.nick = fields.short_text();
  said.text = fields.text();
  if (Status read = fields.outcome(); !read) return read.error();
  if (said.id.seq == 0 || (!direct && said.room.empty())) return Errc::malformed;
  return said;
}

void append_ack(std::string& out, std::uint64_t number) {
  const wire::FrameWriter writer{out, frame_type::ack};
  append_be(out, number);
}

Result<std::uint64_t> decode_ack(const wire::Frame& frame) {
  if (frame.type != frame_type::ack || frame.body.size() != sizeof(std::uint64_t))
    return Errc::malformed;
  return load_be<std::uint64_t>(frame.body.data());
}

std::string json_of(const Said& said) {
  const bool direct = said.room.empty();
  JsonObject object;
  object.add("event", direct ? "direct" : "message").add("id", to_text(said.id));
  object.add(direct ? "to" : "room", direct ? said.to : said.room);
  object.add("nick", said.nick).add("text", said.text).add("time", time_text(said.time_ms));
  return object.add("sender", to_hex16(said.sender)).add("number", said.number).str();
}

std::string json_of(const Event& event) {
  JsonObject object;
  object.add("event", event_names[static_cast<std::size_t>(event.kind)]);
  object.add("time", time_text(event.time_ms)).add("text", sentence_of(event));
  add_text(object, "room", event.room);
  add_text(object, "nick", event.nick);
  add_text(object, "other", event.other);
  add_text(object, "relay", event.relay);
  if (has_reason(event.kind)) add_text(object, "why", event.text);
  add_number(object, "from", event.from);
  add_number(object, "to", event.to);
  add_number(object, "count", event.count);
  return object.str();
}

Result<Event> read_event(std::string_view json, std::string& kept) {
  const Result<wire::Json> parsed =
      wire::Json::parse(json, {.size_max = event_size_max, .depth_max = 4, .values_max = 64});
  if (!parsed || !parsed->is_object()) return Errc::malformed;
  const auto kind = read_kind(parsed->string("event").value_or(""));
  if (!kind) return Errc::malformed;
  Event event{.kind = *kind};
  const auto time = read_time(parsed->string("time").value_or(""));
  if (!time || !read_number(*parsed, "from", event.from) || !read_number(*parsed, "to", event.to) ||
      !read_number(*parsed, "count", event.count))
    return Errc::malformed;
  event.time_ms = *time;

  // Appending may move what was appended before: the views are made once all of it is there.
  const char* const reason = has_reason(*kind) ? "why" : "text";
  const std::array<std::pair<const char*, std::string_view*>, 5> texts{{
      {"room", &event.room},
      {"nick", &event.nick},
      {"other", &event.other},
      {"relay", &event.relay},
      {reason, &event.text},
  }};
  kept.clear();
  for (const auto& [key, view] : texts) {
    if (!has_text_or_nothing(*parsed, key)) return Errc::malformed;
    kept += parsed->string(key).value_or("");
  }
  std::size_t begin = 0;
  for (const auto& [key, view] : texts) {
    const std::size_t size = parsed->string(key).value_or("").size();
    *view = std::string_view{kept}.substr(begin, size);
    begin += size;
  }
  if (*kind != Kind::notice && !has_reason(*kind)) event.text = {};
  return event;
}

}  // namespace netkit::relay
