// Requests, read.
#include "commands/relay/requests.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/bytes.hpp"
#include "base/hex.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "base/utf8.hpp"
#include "identity/name.hpp"
#include "wire/json.hpp"

namespace netkit::relay {
namespace {

constexpr std::size_t room_size_max = 32;
constexpr std::size_t relay_size_max = 64;
constexpr std::size_t nick_size_max = 64;
constexpr std::size_t secret_size = 32;
constexpr std::size_t why_size_max = 200;
constexpr std::string_view history_form = "/history [N | FROM..TO | RELAY:FROM..TO]";

constexpr std::array<std::pair<std::string_view, Ask>, 12> words{{
    {"enter", Ask::enter},
    {"join", Ask::join},
    {"part", Ask::part},
    {"nick", Ask::nick},
    {"who", Ask::who},
    {"rooms", Ask::rooms},
    {"history", Ask::history},
    {"msg", Ask::direct},
    {"help", Ask::help},
    {"quit", Ask::quit},
    {"leave", Ask::part},
    {"names", Ask::who},
}};

constexpr std::array<std::pair<std::string_view, Measure>, 5> measures{{
    {"kick", Measure::kick},
    {"mute", Measure::mute},
    {"unmute", Measure::unmute},
    {"ban", Measure::ban},
    {"unban", Measure::unban},
}};

Error wrong(std::string_view member) {
  return {Errc::malformed, "read \"" + std::string{member} + "\" of the request"};
}

std::optional<std::uint64_t> read_count(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Status read_number(const wire::Json& json, std::string_view key, std::uint64_t& to) {
  if (!json.find(key)) return ok;
  const auto value = json.integer(key);
  if (!value || *value < 0) return wrong(key);
  to = static_cast<std::uint64_t>(*value);
  return ok;
}

Status read_text(const wire::Json& json, std::string_view key, std::size_t size_max,
                 std::string& to) {
  if (!json.find(key)) return ok;
  const auto value = json.string(key);
  if (!value || value->size() > size_max) return wrong(key);
  to = *value;
  return ok;
}

Status read_room(const wire::Json& json, std::string& to) {
  std::string typed;
  if (Status read = read_text(json, "room", 4 * room_size_max, typed); !read) return read;
  if (typed.empty()) return ok;
  Result<std::string> room = normal_room(typed);
  if (!room) return room.error();
  to = std::move(*room);
  return ok;
}

Status read_rooms(const wire::Json& json, std::vector<RoomWish>& to) {
  if (json.items("rooms").size() > rooms_per_client_max) return wrong("rooms");
  for (const wire::Json& each : json.items("rooms")) {
    RoomWish wish;
    if (Status read = read_room(each, wish.room); !read) return read;
    if (wish.room.empty()) return wrong("rooms");
    if (Status read = read_number(each, "history", wish.history); !read) return read;
    to.push_back(std::move(wish));
  }
  return ok;
}

Status read_seen(const wire::Json& json, std::optional<Vector>& to) {
  const wire::Json* const seen = json.find("seen");
  if (!seen || seen->is_null()) return ok;
  if (!seen->is_object() || seen->keys().size() > seen_logs_max) return wrong("seen");
  to.emplace();
  for (std::size_t i = 0; i < seen->keys().size(); ++i) {
    const auto log = from_hex(seen->keys()[i]);
    const auto seq = seen->values()[i].integer();
    if (!log || log->size() != sizeof(LogId) || !seq || *seq < 0) return wrong("seen");
    (*to)[load_be<LogId>(log->data())] = static_cast<std::uint64_t>(*seq);
  }
  return ok;
}

Status read_enter(const wire::Json& json, Request& request) {
  std::string secret;
  if (Status read = read_text(json, "secret", 2 * secret_size, secret); !read) return read;
  if (!secret.empty()) {
    const auto bytes = from_hex(secret);
    if (!bytes || bytes->size() != secret_size) return wrong("secret");
    request.secret = *bytes;
  }
  if (json.find("events") && !json.boolean("events")) return wrong("events");
  request.events = json.boolean("events").value_or(false);
  if (Status read = read_rooms(json, request.rooms); !read) return read;
  return read_seen(json, request.seen);
}

/// The first word of `text`, which is left with the rest.
std::string_view take_word(std::string_view& text) {
  text = trim(text);
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text = trim(text.substr(end));
  return word;
}

Error written(std::string_view how) {
  return {Errc::usage, "do that", "it is written: " + std::string{how}};
}

Status read_history(std::string_view rest, Request& request) {
  std::string_view range = take_word(rest);
  request.history = 20;
  if (range.empty()) return ok;
  if (const std::size_t colon = range.rfind(':'); colon != std::string_view::npos) {
    request.relay = range.substr(0, colon);
    range.remove_prefix(colon + 1);
    if (request.relay.empty() || request.relay.size() > relay_size_max)
      return written(history_form);
  }
  const std::size_t dots = range.find("..");
  const auto from = read_count(range.substr(0, dots));
  if (dots == std::string_view::npos) {
    if (!from || !request.relay.empty()) return written(history_form);
    request.history = *from;
    return ok;
  }
  const auto to = read_count(range.substr(dots + 2));
  if (!from || !to || *from == 0 || *to < *from || *to > INT64_MAX) return written(history_form);
  request.from = *from;
  request.to = *to;
  return ok;
}

Status read_measure(std::string_view rest, Request& request) {
  request.nick = take_word(rest);
  if (request.nick.empty()) return written("/kick NICK [WHY], /mute NICK [DUR], /ban NICK [DUR]");
  if (request.measure != Measure::kick && !rest.empty()) {
    const Result<Duration> time = parse_duration(take_word(rest));
    if (!time) return written("/mute NICK [DUR] [WHY], /ban NICK [DUR] [WHY]");
    request.for_s =
        static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(*time).count());
  }
  request.text = rest;
  return ok;
}

Status read_rest(std::string_view rest, Request& request) {
  switch (request.what) {
    case Ask::join: {
      const std::string_view typed = take_word(rest);
      if (typed.empty()) return written("/join ROOM [N]");
      Result<std::string> room = normal_room(typed);
      if (!room) return room.error();
      request.room = std::move(*room);
      const std::string_view history = take_word(rest);
      if (history.empty()) return ok;
      const auto count = read_count(history);
      if (!count) return written("/join ROOM [N]");
      request.history = *count;
      return ok;
    }
    case Ask::part:
    case Ask::who: {
      const std::string_view typed = take_word(rest);
      if (typed.empty()) return ok;
      Result<std::string> room = normal_room(typed);
      if (!room) return room.error();
      request.room = std::move(*room);
      return ok;
    }
    case Ask::nick: request.nick = rest; return rest.empty() ? Status{written("/nick NAME")} : ok;
    case Ask::direct:
      request.nick = take_word(rest);
      request.text = rest;
      return rest.empty() ? Status{written("/msg NICK TEXT")} : ok;
    case Ask::history: return read_history(rest, request);
    case Ask::moderate: return read_measure(rest, request);
    default: break;
  }
  return ok;
}

}  // namespace

Result<Request> read_request(const wire::Json& json) {
  const auto word = json.string("do");
  if (!word) return wrong("do");
  Request request;
  const auto known = std::find_if(words.begin(), words.end(),
                                  [&](const auto& each) { return each.first == *word; });
  const auto measure = std::find_if(measures.begin(), measures.end(),
                                    [&](const auto& each) { return each.first == *word; });
  if (known != words.end() && known->second != Ask::quit && known->second != Ask::direct) {
    request.what = known->second;
  } else if (measure != measures.end()) {
    request.what = Ask::moderate;
    request.measure = measure->second;
  } else {
    return wrong("do");
  }
  Status read = read_text(json, "nick", 4 * nick_size_max, request.nick);
  if (read) read = read_text(json, "why", why_size_max, request.text);
  if (read) read = read_room(json, request.room);
  if (read) read = read_text(json, "relay", relay_size_max, request.relay);
  if (read) read = read_number(json, "from", request.from);
  if (read) read = read_number(json, "to", request.to);
  if (read) read = read_number(json, "for", request.for_s);
  if (read) read = read_number(json, "history", request.history);
  if (read && request.what == Ask::enter) read = read_enter(json, request);
  if (read && request.for_s > UINT32_MAX) read = wrong("for");
  const bool is_range = request.from > 0 && request.from <= request.to;
  if (read && !request.relay.empty() && !is_range) read = wrong("from");
  if (!read) return read.error();
  return request;
}

Result<Request> read_command(std::string_view line) {
  Request request;
  if (line.starts_with("//")) {
    request.what = Ask::say;
    request.text = line.substr(1);
    return request;
  }
  std::string_view rest = line.substr(std::min<std::size_t>(1, line.size()));
  const std::string word = to_lower_ascii(take_word(rest));
  const auto known = std::find_if(words.begin(), words.end(),
                                  [&](const auto& each) { return each.first == word; });
  const auto measure = std::find_if(measures.begin(), measures.end(),
                                    [&](const auto& each) { return each.first == word; });
  if (measure != measures.end()) {
    request.what = Ask::moderate;
    request.measure = measure->second;
  } else if (known != words.end() && known->second != Ask::enter) {
    request.what = known->second;
  } else {
    return Error{Errc::usage, "do /" + escape_for_display(utf8_prefix(word, 32)), "try: /help"};
  }
  if (Status read = read_rest(rest, request); !read) return read.error();
  return request;
}

Result<std::string> normal_room(std::string_view typed) {
  std::string room = to_lower_ascii(typed);
  if (room.starts_with('#')) room.erase(0, 1);
  const Result<std::string> normal = identity::normal_name(room);
  const bool fits = normal && normal->size() <= room_size_max &&
                    normal->find_first_of(" /@:\"'") == std::string::npos;
  if (!fits)
    return Error{Errc::usage, "take that for a room's name",
                 "1 to 32 letters, digits, '.', '-' or '_'"};
  return *normal;
}

Result<std::string> normal_nick(std::string_view typed) {
  Result<std::string> normal = identity::normal_name(typed);
  if (!normal) return normal;
  if (normal->size() > nick_size_max || normal->find_first_of("@/: ") != std::string::npos)
    return Error{Errc::usage, "take that for a nick",
                 "at most 64 bytes, without spaces, '@', '/' and ':'"};
  return normal;
}

}  // namespace netkit::relay
