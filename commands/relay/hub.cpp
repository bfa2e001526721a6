// Messages: from whoever says them, or from the mesh, into rooms, and out by each worker's flush.
#include "commands/relay/hub.hpp"

#include <algorithm>
#include <asio/post.hpp>
#include <ctime>
#include <utility>

#include "base/text.hpp"
#include "commands/relay/room_view.hpp"

namespace netkit::relay {
namespace {

constexpr std::size_t directs_max = 2000;
constexpr std::size_t directs_of_one_max = 100;
constexpr std::size_t directs_size_max = 8 * 1024 * 1024;
constexpr std::size_t dropped_directs_max = 100'000;
constexpr std::size_t direct_room_messages_max = 1000;
constexpr std::size_t direct_room_bytes_max = 1024 * 1024;
/// What one client may have said that is not safe yet; then it is not read from.
constexpr std::uint64_t unsafe_max = 4096;
constexpr double address_share = 10;  // Of one client's rate.
constexpr double burst_of_rate = 4;

}  // namespace

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

Result<bool> Hub::direct(Session& session, std::uint64_t number, std::string_view to,
                         std::string_view text, bool insists) {
  const std::lock_guard held{mutex_};
  if (Status fits = check_text(session, text); !fits) return refuse(session, number, fits.error());
  const Person* const person = person_called(to);
  if (!person)
    return refuse(session, number,
                  {Errc::not_found, "send to " + escape_for_display(to), "see who is here: /who"});
  if (!insists && !(has_way(inbox_of(person->sender)) && has_way(inbox_of(session.key()))))
    return false;
  if (session.address_flood_) session.address_flood_->take(now().steady);
  if (!mesh_.senders().take_own(session.key(), number)) {
    note_repeat(session, number);
    return true;
  }
  session.number_ = number;
  const std::string shown_to = shown_nick(*person);
  Record record;
  record.kind = RecordKind::direct;
  record.time_ms = now().wall_ms;
  record.sender = session.key();
  record.number = number;
  record.to = person->sender;
  record.nick = session.nick_;
  record.to_nick = shown_to;
  record.text = text;
  Said said;
  said.id = mesh_.add(record);
  said.time_ms = record.time_ms;
  said.sender = record.sender;
  said.number = number;
  said.nick = shown_nick(session);
  said.to = shown_to;
  said.text = text;
  put_direct(record.to, said, unsent());
  if (record.to != session.key()) put_direct(session.key(), said, unsent());
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

void Hub::mark(const std::shared_ptr<Room>& room, std::size_t worker) {
  std::vector<std::shared_ptr<Room>>& rooms = desks_[worker].rooms;
  if (rooms.empty() || std::find(rooms.begin(), rooms.end(), room) == rooms.end())
    rooms.push_back(room);
  wake(worker);
}

/// Whether the room takes one more message. If not, those who are behind are looked at again.
bool Hub::has_way(const std::shared_ptr<Room>& room) {
  if (!room || settings_.slow != Slow::block_sender || room->has_way()) return true;
  for (std::size_t worker = 0; worker < desks_.size(); ++worker)
    if (room->awaited(worker) < room->next()) mark(room, worker);
  return false;
}

std::shared_ptr<Room> Hub::inbox_of(SenderKey sender) const {
  const auto seat = seats_.find(sender);
  return seat == seats_.end() ? nullptr : seat->second.inbox;
}

void Hub::keep_direct(Direct direct) {
  const auto drop = [&](std::deque<Direct>::iterator at) {
    directs_size_ -= at->text.size();
    dropped_directs_[at->to] = at->said.id;
    directs_.erase(at);
  };
  const SenderKey to = direct.to;
  directs_size_ += direct.text.size();
  directs_.push_back(std::move(direct));
  const auto is_theirs = [&](const Direct& each) { return each.to == to; };
  // One who gets many is not to push out what others wait for.
  if (std::count_if(directs_.begin(), directs_.end(), is_theirs) >
      static_cast<std::ptrdiff_t>(directs_of_one_max))
    drop(std::find_if(directs_.begin(), directs_.end(), is_theirs));
  while (directs_.size() > directs_max || directs_size_ > directs_size_max)
    drop(directs_.begin());
  if (dropped_directs_.size() > dropped_directs_max)
    dropped_directs_.erase(dropped_directs_.begin());
}

/// An inbox is a room with one member; it begins with the first message for it.
void Hub::put_direct(SenderKey to, const Said& said, Unsent unsent) {
  keep_direct({to, said, std::string{said.nick}, std::string{said.to}, std::string{said.text}});
  const auto seat = seats_.find(to);
  if (seat == seats_.end() || !seat->second.session) return;
  if (!seat->second.inbox) {
    const std::shared_ptr<Room> inbox = open_inbox(seat->second);
    inbox->set_awaited(seat->second.worker, inbox->first());
    // The list of cursors is its own thread's.
    const std::size_t worker = seat->second.worker;
    asio::post(desks_[worker].worker->io(), [this, to, worker, inbox] {
      Session* const session = session_of(to, worker);
      if (!session) return;
      {
        const std::lock_guard held{mutex_};
        add_cursor(*session, inbox, inbox->first());
      }
      session->send_all();
    });
  }
  put(seat->second.inbox, said, unsent);
}

std::shared_ptr<Room> Hub::open_inbox(Seat& seat) {
  const RoomLimits limits{direct_room_messages_max, direct_room_bytes_max};
  seat.inbox = std::make_shared<Room>(std::string{}, limits, desks_.size());
  seat.inbox->use(seat.session->lane());
  return seat.inbox;
}

Said Hub::Direct::view() const {
  Said view = said;
  view.nick = nick;
  view.to = shown_to;
  view.text = text;
  return view;
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
    case RecordKind::moderate: apply_measure(record); return;
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
  return mesh_.restore(facts, std::move(bundle), now());
}

void Hub::note_unsafe(Session& session, std::uint64_t number, std::uint64_t seq) {
  // A repeat adds nothing to the log, so nothing would ever make it safe once the log is.
  if (settings_.ack == Ack::memory || seq <= safe_seq_)
    session.safe_ = std::max(session.safe_, number);
  else
    unsafe_.push_back({seq, session.key(), number});
  session.noted_ = {seq, number};
  wake_session(session);
}

/// Whoever repeats itself for ever adds nothing to what waits either.
void Hub::note_repeat(Session& session, std::uint64_t number) {
  const std::uint64_t last = mesh_.last();
  const bool is_noted = session.noted_.first == last && session.noted_.second >= number;
  if (!is_noted || last <= safe_seq_) note_unsafe(session, number, last);
}

/// Its own thread is the one that runs: it is sent what there is for it by the next flush.
void Hub::wake_session(Session& session) {
  if (std::exchange(session.due_, true)) return;
  const std::size_t worker = session.connection().worker().index();
  desks_[worker].late.push_back(session.key());
  wake(worker);
}

void Hub::make_safe(std::uint64_t seq) {
  safe_seq_ = std::max(safe_seq_, seq);
  std::map<std::size_t, std::unordered_map<SenderKey, std::uint64_t>> by_worker;
  while (!unsafe_.empty() && unsafe_.front().seq <= seq) {
    const Unsafe& each = unsafe_.front();
    const auto seat = seats_.find(each.sender);
    if (seat != seats_.end() && seat->second.session) {
      std::uint64_t& number = by_worker[seat->second.worker][each.sender];
      number = std::max(number, each.number);
    }
    unsafe_.pop_front();
  }
  for (auto& [worker, numbers] : by_worker)
    asio::post(desks_[worker].worker->io(), [this, worker = worker, numbers = std::move(numbers)] {
      for (const auto& [sender, number] : numbers)
        if (Session* const session = session_of(sender, worker)) session->acknowledge(number);
    });
}

Session* Hub::session_of(SenderKey sender, std::size_t worker) {
  const std::lock_guard held{mutex_};
  const auto seat = seats_.find(sender);
  return seat == seats_.end() || seat->second.worker != worker ? nullptr : seat->second.session;
}

void Hub::wake(std::size_t worker) {
  Desk& desk = desks_[worker];
  if (desk.posted || !desk.worker) return;
  desk.posted = true;
  asio::post(desk.worker->io(), [this, worker] { flush(worker); });
}

void Hub::wake_later(net::Worker& worker, SenderKey sender) {
  const std::lock_guard held{mutex_};
  desks_[worker.index()].late.push_back(sender);
  wake(worker.index());
}

void Hub::flush(std::size_t worker) {
  std::vector<std::shared_ptr<Room>> rooms;
  std::vector<SenderKey> late;
  {
    const std::lock_guard held{mutex_};
    Desk& desk = desks_[worker];
    rooms.swap(desk.rooms);
    late.swap(desk.late);
    desk.posted = false;
    if (settings_.ack == Ack::disk || mesh_.has_links()) mesh_.seal();
  }
  for (const std::shared_ptr<Room>& each : rooms) {
    const RoomView view{*this, each};
    // Nobody leaves meanwhile: a connection that fails ends in a turn of its own.
    for (Session* const member : each->members(worker))
      member->send_room(view);
  }
  for (const SenderKey sender : late) {
    Session* const session = session_of(sender, worker);
    if (!session) continue;
    session->due_ = false;
    session->send_all();
  }
  if (settings_.slow != Slow::block_sender) return;
  for (const std::shared_ptr<Room>& each : rooms)
    look_for_slow(*each, worker);
}

void Hub::tick() {
  const std::lock_guard held{mutex_};
  mesh_.tick(now());
  bound_rooms();
  tell_more_away();
  if (keep_ || mesh_.has_links()) mesh_.seal();
  std::erase_if(floods_, [](const auto& each) { return each.second.expired(); });
}

std::shared_ptr<Flood> Hub::flood_of(const std::string& address) {
  if (settings_.rate == 0) return nullptr;
  std::weak_ptr<Flood>& kept = floods_[address];
  std::shared_ptr<Flood> flood = kept.lock();
  if (!flood) {
    const double rate = settings_.rate * address_share;
    flood = std::make_shared<Flood>(rate, rate * burst_of_rate);
    kept = flood;
  }
  return flood;
}

std::chrono::nanoseconds Hub::pause(Session& session) {
  if (held_) return wait_for_others;
  if (settings_.ack == Ack::memory && !session.address_flood_) return {};
  const std::lock_guard held{mutex_};
  const std::uint64_t safe = std::max(session.safe_, session.began_);
  if (settings_.ack != Ack::memory && session.number_ > safe + unsafe_max) return wait_for_others;
  if (session.address_flood_) return session.address_flood_->wait(now().steady);
  return {};
}

/// How far everybody there on this worker has been sent what was said.
void Hub::look_for_slow(Room& room, std::size_t worker) {
  const std::chrono::nanoseconds at = now().steady;
  const std::lock_guard held{mutex_};
  std::uint64_t awaited = Room::nobody;
  for (Session* const member : room.members(worker))
    awaited = std::min(awaited, member->next_in(room, at));
  room.set_awaited(worker, awaited);
}

}  // namespace netkit::relay
