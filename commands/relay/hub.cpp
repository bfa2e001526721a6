// Messages: from whoever says them, or from the mesh, into rooms, and out by each worker's flush.
#include "commands/relay/hub.hpp"

#include <algorithm>
#include <asio/post.hpp>
#include <ctime>
#include <utility>

#include "base/text.hpp"
#include "commands/relay/room_view.hpp"

namespace netkit::relay {
namespace {}  // namespace

Hub::Hub(HubSettings settings, LogKey key, log::Logger& log)
    : settings_{std::move(settings)},
      log_{log},
      mesh_{{.name = settings_.name,
             .records_max = settings_.rooms.messages_max,
             .bytes_max = settings_.backlog_bytes_max},
            std::move(key),
            *this,
            now()},
      desks_(settings_.workers) {}

Hub::~Hub() = default;

// Milliseconds do not matter here, and the exact clocks cost as much as the rest of a message.
Moment Hub::now() {
  const auto read = [](clockid_t clock) {
    timespec time{};
    clock_gettime(clock, &time);
    return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
  };
  const auto wall =
      std::chrono::duration_cast<std::chrono::milliseconds>(read(CLOCK_REALTIME_COARSE));
  return {read(CLOCK_MONOTONIC_COARSE), static_cast<std::uint64_t>(wall.count())};
}

HubCounts Hub::counts() {
  const std::lock_guard held{mutex_};
  counts_.clients = seats_.size();
  counts_.rooms = rooms_.size();
  return counts_;
}

void Hub::count_skipped(std::uint64_t count) {
  const std::lock_guard held{mutex_};
  counts_.skipped += count;
}

RecordId Hub::add(RecordKind kind, SenderKey sender, std::string_view room, std::string_view nick,
                  std::string_view text) {
  Record record;
  record.kind = kind;
  record.time_ms = now().wall_ms;
  record.sender = sender;
  record.room = room;
  record.nick = nick;
  record.text = text;
  ++roster_version_;
  return mesh_.add(record);
}

Status Hub::check_text(const Session& session, std::string_view text) const {
  if (text.size() > settings_.text_size_max)
    return Error{Errc::too_large, "say " + std::to_string(text.size()) + " bytes at once",
                 "at most " + std::to_string(settings_.text_size_max)};
  const auto seat = seats_.find(session.key());
  if (seat != seats_.end() && seat->second.muted_until_ms != 0 &&
      seat->second.muted_until_ms > now().wall_ms)
    return Error{Errc::refused, "say anything", "you are muted"};
  return ok;
}

/// What is not said leaves no hole in what its sender counts, which others would wait for.
Error Hub::refuse(Session& session, std::uint64_t number, Error why) {
  if (!mesh_.senders().take_own(session.key(), number)) return why;
  session.number_ = number;
  Record record;
  record.kind = RecordKind::skip;
  record.time_ms = now().wall_ms;
  record.sender = session.key();
  record.number = number;
  note_unsafe(session, number, mesh_.add(record).seq);
  return why;
}

Result<bool> Hub::say(Session& session, std::uint64_t number, std::string_view room,
                      std::string_view text, bool insists) {
  const std::lock_guard held{mutex_};
  if (Status fits = check_text(session, text); !fits) return refuse(session, number, fits.error());
  const auto cursor = std::find_if(session.cursors_.begin(), session.cursors_.end(),
                                   [&](const Cursor& each) { return each.room->name() == room; });
  if (cursor == session.cursors_.end() || room.empty())
    return refuse(session, number,
                  {Errc::refused, "say something in room " + escape_for_display(room),
                   "you are not in it; try: /join ROOM"});
  if (!insists && !has_way(cursor->room)) return false;
  if (session.address_flood_) session.address_flood_->take(now().steady);
  if (!mesh_.senders().take_own(session.key(), number)) {
    ++counts_.repeats;
    note_repeat(session, number);
    return true;
  }
  ++counts_.messages;
  session.number_ = number;
  Record record;
  record.time_ms = now().wall_ms;
  record.sender = session.key();
  record.number = number;
  record.room = room;
  record.nick = session.nick_;
  record.text = text;
  Said said;
  said.id = mesh_.add(record);
  said.time_ms = record.time_ms;
  said.sender = record.sender;
  said.number = number;
  said.room = room;
  said.nick = shown_nick(session);
  said.text = text;
  put(cursor->room, said, unsent());
  note_unsafe(session, number, said.id.seq);
  return true;
}

/// To whoever is in the room: their workers look at it soon.
void Hub::put(const std::shared_ptr<Room>& into, const Said& said, Unsent unsent) {
  into->append(said, unsent);
  into->said_at(++said_count_);
  for (std::size_t worker = 0; worker < desks_.size(); ++worker)
    if (!into->members(worker).empty()) mark(into, worker);
}

/// Whether the room takes one more message. If not, those who are behind are looked at again.
bool Hub::has_way(const std::shared_ptr<Room>& room) {
  if (!room || settings_.slow != Slow::block_sender || room->has_way()) return true;
  for (std::size_t worker = 0; worker < desks_.size(); ++worker)
    if (room->awaited(worker) < room->next()) mark(room, worker);
  return false;
}

void Hub::deliver(const Record& record, RecordId id) {
  const Person* const person = mesh_.roster().find(record.sender);
  const std::string nick = person ? shown_nick(*person) : std::string{record.nick};
  Said said;
  said.id = id;
  said.time_ms = record.time_ms;
  said.sender = record.sender;
  said.number = record.number;
  said.room = record.room;
  said.nick = nick;
  said.text = record.text;
  Event event;
  event.time_ms = record.time_ms;
  event.room = record.room;
  event.nick = nick;
  switch (record.kind) {
    // Its sender is elsewhere and cannot be made to wait.
    case RecordKind::say: put(room(record.room), said, Unsent::goes); return;
    case RecordKind::direct:
      said.to = record.to_nick;
      put_direct(record.to, said, Unsent::goes);
      return;
    case RecordKind::join: event.kind = Event::Kind::joined; break;
    case RecordKind::part: event.kind = Event::Kind::parted; break;
    case RecordKind::nick:
      event.kind = Event::Kind::renamed;
      event.other = record.nick;
      break;
    case RecordKind::moderate:
      // What was decided before the restart is in the list of bans that was kept.
      if (!restoring_) apply_measure(record);
      return;
    case RecordKind::skip: return;
    case RecordKind::enter:
    case RecordKind::leave: ++roster_version_; return;
  }
  ++roster_version_;
  if (record.kind != RecordKind::nick) return tell_room(record.room, event, record.sender);
  if (!person) return;
  for (const std::string& each : person->rooms)
    tell_room(each, event, record.sender);
}

void Hub::keep(const Bundle& bundle) {
  others_kept_ = others_kept_ || bundle.log != mesh_.log();
  if (keep_) keep_(bundle);
}

void Hub::links_due() {
  if (links_due_) links_due_();
}

void Hub::acknowledged(std::uint64_t seq) {
  if (settings_.ack == Ack::links) make_safe(seq);
}

void Hub::stored(std::uint64_t seq) {
  const std::lock_guard held{mutex_};
  if (settings_.ack == Ack::disk) make_safe(seq);
}

void Hub::copied(std::uint64_t seq) {
  const std::lock_guard held{mutex_};
  if (settings_.ack == Ack::links) make_safe(seq);
}

Status Hub::restore(const RelayFacts& facts, Bundle bundle) {
  const std::lock_guard held{mutex_};
  restoring_ = true;
  Status restored = mesh_.restore(facts, std::move(bundle), now());
  restoring_ = false;
  return restored;
}

/// Whoever repeats itself for ever adds nothing to what waits either.
void Hub::note_repeat(Session& session, std::uint64_t number) {
  // It may have come in another relay's log that is not on this disk yet. The store writes in
  // order: a record that means nothing to anybody tells when all before it is there.
  if (settings_.ack == Ack::disk && std::exchange(others_kept_, false))
    add(RecordKind::leave, 0, {}, {}, {});
  const std::uint64_t last = mesh_.last();
  const bool is_noted = session.noted_.first == last && session.noted_.second >= number;
  if (!is_noted || last <= safe_seq_) note_unsafe(session, number, last);
}

}  // namespace netkit::relay
