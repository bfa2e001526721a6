// What clients ask: rooms, people, what was said, and measures against somebody.
#include <algorithm>
#include <asio/post.hpp>

#include "base/text.hpp"
#include "base/units.hpp"
#include "cli/remote_error.hpp"
#include "commands/relay/client_protocol.hpp"
#include "commands/relay/hub.hpp"
#include "wire/fields.hpp"

namespace netkit::relay {
namespace {

/// An answer lists no more of them.
constexpr std::size_t people_told_max = 10'000;
constexpr std::size_t history_size_max = 512 * 1024;
constexpr std::size_t people_size_max = 512 * 1024;
/// A nick, '@', and a relay's name.
constexpr std::size_t shown_nick_size_max = 128;
constexpr std::size_t why_size_max = 200;
/// What somebody far away may set as an end; later ones are for good.
constexpr std::uint64_t measure_max_ms = std::uint64_t{10} * 366 * 24 * 3'600'000;

void append_item(std::string& list, std::string_view item) {
  list.append(list.empty() ? "" : ",").append(item);
}

std::string rfc3339(std::uint64_t ms) {
  return to_rfc3339(std::chrono::system_clock::time_point{
      std::chrono::milliseconds{static_cast<std::int64_t>(ms)}});
}

/// What everybody in reach is told.
std::string_view word_of(Measure measure) {
  switch (measure) {
    case Measure::kick: break;
    case Measure::mute: return "muted";
    case Measure::unmute: return "unmuted";
    case Measure::ban: return "banned";
    case Measure::unban: return "unbanned";
  }
  return "kicked";
}

}  // namespace

Result<JsonObject> Hub::perform(Session& session, const Request& request, std::int64_t id) {
  if (request.what == Ask::moderate) {
    if (!session.may_moderate())
      return Error{Errc::refused, "do that to others", "it takes a token with relay:moderate"};
    // Operators do not enter.
    const std::string& by = session.entered() ? session.nick() : session.user();
    if (Status done = moderate(by, request); !done) return done.error();
    return cli::success(id);
  }
  const std::lock_guard held{mutex_};
  switch (request.what) {
    case Ask::join: {
      const Result<std::string> place = join(session, {request.room, request.history}, nullptr);
      if (!place) return place.error();
      wake_session(session);
      JsonObject answer = cli::success(id);
      answer.add_raw("place", *place);
      return answer;
    }
    case Ask::part:
      if (Status parted = part(session, request.room); !parted) return parted.error();
      return cli::success(id);
    case Ask::nick: {
      if (Status renamed = rename(session, request.nick); !renamed) return renamed.error();
      JsonObject answer = cli::success(id);
      answer.add("nick", shown_nick(session));
      return answer;
    }
    case Ask::who: return who(request.room, id);
    case Ask::rooms: return list_rooms(id);
    case Ask::history: return history(session, request, id);
    case Ask::help: {
      JsonObject answer = cli::success(id);
      answer.add("help", command_help);
      return answer;
    }
    default: break;
  }
  return Error{Errc::unexpected, "answer that here"};
}

Result<JsonObject> Hub::who(std::string_view room, std::int64_t id) const {
  std::string people;
  std::size_t count = 0;
  std::map<LogId, bool> away;
  for (const RelayFacts& each : mesh_.relays())
    away[each.log] = each.away;
  mesh_.roster().each(room, [&](const Person& person) {
    if (++count > people_told_max || people.size() > people_size_max) return;
    std::string rooms;
    for (const std::string& each : person.rooms) {
      std::string quoted;
      append_json_string(quoted, each);
      append_item(rooms, quoted);
    }
    append_item(people, JsonObject{}
                            .add("nick", shown_nick(person))
                            .add("relay", mesh_.relay_name(person.log))
                            .add_raw("rooms", "[" + rooms + "]")
                            .add("since", rfc3339(person.since_ms))
                            .add("away", away[person.log])
                            .str());
  });
  JsonObject answer = cli::success(id);
  answer.add_raw("people", "[" + people + "]").add("count", count);
  return answer;
}

Result<JsonObject> Hub::list_rooms(std::int64_t id) const {
  std::string rooms;
  for (const auto& [name, people] : mesh_.roster().rooms())
    append_item(rooms, JsonObject{}.add("room", name).add("people", people).str());
  JsonObject answer = cli::success(id);
  answer.add_raw("rooms", "[" + rooms + "]");
  return answer;
}

Result<JsonObject> Hub::history(const Session& session, const Request& request,
                                std::int64_t id) const {
  const auto found = rooms_.find(request.room);
  const bool inside =
      std::any_of(session.cursors_.begin(), session.cursors_.end(), [&](const Cursor& each) {
        return !each.room->name().empty() && each.room->name() == request.room;
      });
  if (found == rooms_.end() || !inside)
    return Error{Errc::not_found, "read what was said in room " + escape_for_display(request.room),
                 "join it first: /join ROOM"};
  const Room& room = *found->second;
  const std::uint64_t last = room.next() - 1;
  std::uint64_t from = request.from;
  std::uint64_t to = request.to == 0 ? last : std::min(request.to, last);
  if (request.from == 0)
    from = last - std::min(last, std::max<std::uint64_t>(request.history, 1) - 1);
  const std::uint64_t asked = to >= from ? to - from + 1 : 0;
  from = std::max(from, room.first());
  to = std::min(to, from + history_answer_max - 1);
  std::string messages;
  std::uint64_t count = 0;
  for (std::uint64_t number = from; number <= to && messages.size() < history_size_max; ++number) {
    const std::optional<Said> said = room.at(number);
    if (!said) break;
    append_item(messages, json_of(*said));
    ++count;
  }
  JsonObject answer = cli::success(id);
  answer.add("room", request.room)
      .add_raw("messages", "[" + messages + "]")
      .add("missing", asked - std::min(asked, count));
  return answer;
}

Status Hub::check_banned(const Session& session, SenderKey key) const {
  const std::string address = session.address();
  const Ban* const ban =
      bans_.check(BanKey::Kind::ban, {key, session.user(), address}, now().wall_ms);
  if (!ban) return ok;
  std::string why = ban->why.empty() ? "somebody who may decided so" : ban->why;
  if (ban->until_ms != 0) why += "; until " + rfc3339(ban->until_ms);
  return Error{Errc::refused, "enter: you are banned", std::move(why)};
}

std::uint64_t Hub::muted_until(const Session& session) const {
  const std::string address = session.address();
  const Ban* const mute =
      bans_.check(BanKey::Kind::mute, {session.key(), session.user(), address}, now().wall_ms);
  if (!mute) return 0;
  return mute->until_ms == 0 ? UINT64_MAX : mute->until_ms;
}

Bans Hub::bans() {
  const std::lock_guard held{mutex_};
  Bans bans = bans_;
  static_cast<void>(bans.expire(now().wall_ms));
  return bans;
}

Status Hub::moderate(std::string_view by, const Request& request) {
  // What no relay could read would end the links that carry it.
  if (request.nick.size() > shown_nick_size_max || !wire::is_plain_name(request.nick) ||
      !wire::is_plain_name(request.text) || request.text.size() > why_size_max)
    return Error{Errc::usage, "do that to " + escape_for_display(utf8_prefix(request.nick, 64)),
                 "names and reasons are a line, of 200 bytes at most"};
  const std::lock_guard held{mutex_};
  const Person* const person = person_called(request.nick);
  // Who is banned is not here.
  const bool lifts = request.measure == Measure::unban || request.measure == Measure::unmute;
  if (!person && !lifts)
    return Error{Errc::not_found, "find " + escape_for_display(request.nick),
                 "see who is here: /who"};
  const Moment at = now();
  Record record;
  record.kind = RecordKind::moderate;
  record.time_ms = at.wall_ms;
  record.measure = request.measure;
  record.to = person ? person->sender : 0;
  record.until_ms = request.for_s == 0 ? 0 : at.wall_ms + request.for_s * 1000;
  record.nick = by;
  const std::string shown = person ? shown_nick(*person) : request.nick;
  record.to_nick = shown;
  record.text = request.text;
  mesh_.add(record);
  apply_measure(record);
  return ok;
}

/// Logs are read anew by whoever was away: what is over acts no more, and who came in since a kick
/// is not meant by it.
bool Hub::is_past(const Record& record) const {
  if (record.measure == Measure::mute || record.measure == Measure::ban)
    return record.until_ms != 0 && record.until_ms <= now().wall_ms;
  const Person* const person = mesh_.roster().find(record.to);
  return record.measure == Measure::kick && person && record.time_ms < person->since_ms;
}

void Hub::apply_measure(const Record& given) {
  if (is_past(given)) return;
  Record record = given;
  if (record.until_ms > now().wall_ms + measure_max_ms) record.until_ms = 0;
  std::string how{word_of(record.measure)};
  if (record.until_ms > record.time_ms)
    how += " for " + netkit::to_text(Duration{std::chrono::milliseconds{
                         static_cast<std::int64_t>(record.until_ms - record.time_ms)}});
  if (!record.text.empty()) how.append(": ").append(record.text);
  Event event;
  event.kind = Event::Kind::moderated;
  event.time_ms = record.time_ms;
  event.nick = record.to_nick;
  event.other = record.nick;
  event.text = how;
  log_.warn("moderate", {{"nick", record.to_nick}, {"by", record.nick}, {"how", how}});
  tell_all(event);
  const auto seat = seats_.find(record.to);
  Session* const session = seat == seats_.end() ? nullptr : seat->second.session;
  const std::string address = session ? session->address() : std::string{};
  const BanChange change =
      bans_.apply({.measure = record.measure,
                   .whom = {record.to, session ? session->user() : "", address},
                   .nick = record.to_nick,
                   .from = record.nick,
                   .why = record.text,
                   .until_ms = record.until_ms},
                  now().wall_ms);
  if (keep_ban_) keep_ban_(change);
  for (auto& [sender, each] : seats_)
    if (each.session) each.muted_until_ms = muted_until(*each.session);
  const bool leaves = record.measure == Measure::kick || record.measure == Measure::ban;
  if (!session || !leaves) return;
  asio::post(desks_[seat->second.worker].worker->io(), [handle = session->handle(), how] {
    if (*handle) (*handle)->dismiss("you were " + how);
  });
}

}  // namespace netkit::relay
