// Rooms: who is in which and how far, and how much of all is kept.
#include <algorithm>

#include "base/json.hpp"
#include "base/text.hpp"
#include "commands/relay/hub.hpp"

namespace netkit::relay {
namespace {

constexpr std::size_t rooms_max = 10'000;
/// Of all their messages, in all dialects.
constexpr std::size_t rooms_bytes_max = std::size_t{256} * 1024 * 1024;

/// A room of this client in an answer.
std::string show_place(const Room& room) {
  return JsonObject{}
      .add("room", room.name())
      .add("first", room.first())
      .add("last", room.next() - 1)
      .str();
}

}  // namespace

void Hub::tell_parted(Session& session, const Room& room) {
  Event event;
  event.kind = Event::Kind::parted;
  event.time_ms = now().wall_ms;
  event.room = room.name();
  const std::string nick = shown_nick(session);
  event.nick = nick;
  tell_room(room.name(), event, session.key());
  add(RecordKind::part, session.key(), room.name(), {}, {});
}

/// nullptr where there are too many, and people in each of them.
std::shared_ptr<Room> Hub::room(std::string_view name) {
  const auto found = rooms_.find(name);
  if (found != rooms_.end()) return found->second;
  if (rooms_.size() >= rooms_max && !forget_room()) return nullptr;
  auto made = std::make_shared<Room>(std::string{name}, settings_.rooms, desks_.size());
  made->begin_behind(forgotten_);
  rooms_.emplace(name, made);
  return made;
}

/// The one that nobody is in and nothing was said in for longest. False: there is none.
bool Hub::forget_room() {
  auto oldest = rooms_.end();
  for (auto at = rooms_.begin(); at != rooms_.end(); ++at)
    if (!at->second->has_members() &&
        (oldest == rooms_.end() || at->second->last_said() < oldest->second->last_said()))
      oldest = at;
  if (oldest == rooms_.end()) return false;
  oldest->second->forget_all(forgotten_);
  rooms_.erase(oldest);
  return true;
}

/// All rooms together have a bound, too: first those go that nobody is in, then what is old in the
/// largest.
void Hub::bound_rooms() {
  std::size_t total = 0;
  for (const auto& [name, each] : rooms_)
    total += each->size();
  while (total > rooms_bytes_max) {
    const std::size_t before = total;
    auto largest = rooms_.begin();
    for (auto at = rooms_.begin(); at != rooms_.end(); ++at)
      if (at->second->size() > largest->second->size()) largest = at;
    total -= largest->second->size();
    largest->second->drop_half();
    total += largest->second->size();
    if (total == before || rooms_.empty()) break;
  }
}

Result<std::string> Hub::join(Session& session, const RoomWish& wish, const Vector* seen) {
  Result<std::string> name = normal_room(wish.room);
  if (!name) return name.error();
  const std::shared_ptr<Room> into = room(*name);
  if (!into) return Error{Errc::busy, "open another room", "there are people in all of them"};
  if (session.cursor_of(*into)) return show_place(*into);
  if (session.cursors_.size() >= rooms_per_client_max)
    return Error{Errc::busy, "be in more than " + std::to_string(rooms_per_client_max) + " rooms",
                 "try: /part"};
  into->use(session.lane());
  std::uint64_t next = into->next() - std::min(wish.history, into->next() - into->first());
  Room::Missed missed;
  if (seen) {
    missed = into->missed(*seen);
    next = missed.from;
  }
  add_cursor(session, into, next);
  if (!missed.skip.empty()) {
    std::reverse(missed.skip.begin(), missed.skip.end());
    session.cursors_.back().skip =
        std::make_unique<std::vector<std::uint64_t>>(std::move(missed.skip));
  }
  if (missed.lost) {
    Event gap;
    gap.kind = Event::Kind::gap;
    gap.time_ms = now().wall_ms;
    gap.room = *name;
    tell(session.key(), gap);
  }
  Event event;
  event.kind = Event::Kind::joined;
  event.time_ms = now().wall_ms;
  event.room = *name;
  const std::string nick = shown_nick(session);
  event.nick = nick;
  tell_room(*name, event, session.key());
  add(RecordKind::join, session.key(), *name, {}, {});
  return show_place(*into);
}

void Hub::add_cursor(Session& session, std::shared_ptr<Room> to, std::uint64_t next) {
  const std::size_t worker = session.connection().worker().index();
  std::vector<Session*>& members = to->members(worker);
  to->set_awaited(worker, std::min(to->awaited(worker), next));
  members.push_back(&session);
  Cursor& cursor = session.cursors_.emplace_back();
  cursor.room = std::move(to);
  cursor.next = next;
  cursor.place = members.size() - 1;
}

void Hub::drop_cursor(Session& session, std::size_t at) {
  Cursor& cursor = session.cursors_[at];
  const std::size_t worker = session.connection().worker().index();
  std::vector<Session*>& members = cursor.room->members(worker);
  Session* const last = members.back();
  members[cursor.place] = last;
  last->cursor_of(*cursor.room)->place = cursor.place;
  members.pop_back();
  if (members.empty()) cursor.room->set_awaited(worker, Room::nobody);
  const std::shared_ptr<Room> room = std::move(cursor.room);
  session.cursors_.erase(session.cursors_.begin() + static_cast<std::ptrdiff_t>(at));
  const auto kept = rooms_.find(room->name());
  if (kept != rooms_.end() && kept->second == room && !room->has_members() && room->empty())
    rooms_.erase(kept);
}

Status Hub::part(Session& session, std::string_view name) {
  for (std::size_t at = 0; at < session.cursors_.size(); ++at) {
    const std::shared_ptr<Room> room = session.cursors_[at].room;
    if (room->name().empty() || room->name() != name) continue;
    drop_cursor(session, at);
    tell_parted(session, *room);
    return ok;
  }
  return Error{Errc::not_found, "leave room " + escape_for_display(name), "you are not in it"};
}

}  // namespace netkit::relay
