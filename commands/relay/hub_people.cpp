// Who is here: entering and leaving, names, rooms, and what people are told about each other.
#include <algorithm>
#include <asio/post.hpp>

#include "base/random.hpp"
#include "base/text.hpp"
#include "cli/remote_error.hpp"
#include "commands/relay/hub.hpp"
#include "identity/name.hpp"

namespace netkit::relay {
namespace {

/// Where more people are, nobody is told who comes and goes; they still see who is here.
constexpr std::size_t told_people_max = 200;
constexpr unsigned same_nick_max = 1000;
/// Relays that went away at once and are told one by one; the others are a number.
constexpr std::size_t gone_told_max = 8;

std::string show_vector(const Vector& vector) {
  JsonObject json;
  for (const auto& [log, seq] : vector)
    json.add(to_hex16(log), seq);
  return json.str();
}

std::string_view to_text(Ack ack) {
  switch (ack) {
    case Ack::memory: break;
    case Ack::disk: return "disk";
    case Ack::links: return "links";
  }
  return "memory";
}

}  // namespace

Result<JsonObject> Hub::enter(Session& session, const Request& request, std::int64_t id) {
  const std::lock_guard held{mutex_};
  if (session.entered()) return Error{Errc::unexpected, "enter twice"};
  const SenderKey key = request.secret.empty() ? random_u64() : sender_of(request.secret);
  if (Status admitted = check_banned(session, key); !admitted) return admitted.error();
  session.key_ = key;
  Result<std::string> nick = choose_nick(session, request.nick);
  if (!nick) {
    session.key_ = 0;
    return nick.error();
  }
  session.nick_ = std::move(*nick);
  session.wants_events_ = request.events;
  session.number_ = session.began_ = mesh_.senders().known(key);
  session.address_flood_ = flood_of(session.address());
  take_seat(session);
  const Vector have = mesh_.have();
  const std::uint64_t before = mesh_.last();
  const std::uint64_t entered = add(RecordKind::enter, key, {}, session.nick_, {}).seq;
  // What it said before may be here and still not as safe as it was promised; what came of it in
  // another relay's log is on this disk once what is added now is.
  if (session.number_ > 0)
    note_unsafe(session, session.number_, settings_.ack == Ack::disk ? entered : before);
  session.acked_ = session.safe_;
  JsonObject answer = cli::success(id);
  answer.add("relay", settings_.name)
      .add("nick", shown_nick(session))
      .add("sender", to_hex16(key))
      .add("known", session.number_)
      .add("acked", session.acked_)
      .add("text_max", settings_.text_size_max)
      .add("ack", to_text(settings_.ack));
  if (!session.user().empty()) answer.add("user", session.user());
  const Vector* const seen = request.seen ? &*request.seen : nullptr;
  std::string places;
  for (const RoomWish& each : request.rooms) {
    const Result<std::string> place = join(session, each, seen);
    if (place) {
      places.append(places.empty() ? "" : ",").append(*place);
      continue;
    }
    const std::string why = place.error().message();
    Event notice;
    notice.time_ms = now().wall_ms;
    notice.text = why;
    tell(key, notice);
  }
  if (seen) catch_up_directs(session, *seen);
  answer.add_raw("rooms", "[" + places + "]").add_raw("have", show_vector(have));
  log_.debug("enter", {{"nick", session.nick_}, {"address", session.address()}});
  wake_session(session);
  return answer;
}

/// An older connection of the same client is no use to it any more.
void Hub::take_seat(Session& session) {
  const std::size_t worker = session.connection().worker().index();
  desks_[worker].worker = &session.connection().worker();
  Seat& seat = seats_[session.key()];
  if (seat.session) {
    --counts_.by_lane[static_cast<std::size_t>(seat.session->lane())];
    // Found by nobody from now on, so it is told by what it shares with its connection alone.
    asio::post(desks_[seat.worker].worker->io(), [handle = seat.session->handle()] {
      if (*handle) (*handle)->dismiss("you are here by another connection now");
    });
  }
  static_cast<void>(session.handle());  // Before another thread knows of it.
  seat.session = &session;
  seat.worker = worker;
  seat.inbox.reset();
  seat.muted_until_ms = muted_until(session);
  ++counts_.by_lane[static_cast<std::size_t>(session.lane())];
}

void Hub::leave(Session& session) {
  const std::lock_guard held{mutex_};
  const auto seat = seats_.find(session.key());
  const bool mine = seat != seats_.end() && seat->second.session == &session;
  while (!session.cursors_.empty()) {
    const std::shared_ptr<Room> room = session.cursors_.back().room;
    drop_cursor(session, session.cursors_.size() - 1);
    if (mine && !room->name().empty()) tell_parted(session, *room);
  }
  if (!mine) return;
  --counts_.by_lane[static_cast<std::size_t>(session.lane())];
  seats_.erase(seat);
  add(RecordKind::leave, session.key(), {}, {}, {});
}

Status Hub::rename(Session& session, std::string_view wanted) {
  Result<std::string> nick = choose_nick(session, wanted);
  if (!nick) return nick.error();
  Event event;
  event.kind = Event::Kind::renamed;
  event.time_ms = now().wall_ms;
  const std::string before = shown_nick(session);
  event.nick = before;
  session.nick_ = *nick;
  add(RecordKind::nick, session.key(), {}, *nick, {});
  const std::string after = shown_nick(session);
  event.other = after;
  for (const Cursor& each : session.cursors_) {
    if (each.room->name().empty()) continue;
    event.room = each.room->name();
    tell_room(each.room->name(), event, session.key());
  }
  return ok;
}

/// Two at one relay are never called the same: the second one's gets a number.
Result<std::string> Hub::choose_nick(const Session& session, std::string_view wanted) {
  const auto is_free = [&](const std::string& nick) {
    const std::vector<const Person*> called = mesh_.roster().called(nick);
    return std::none_of(called.begin(), called.end(), [&](const Person* each) {
      return each->log == mesh_.log() && each->sender != session.key();
    });
  };
  if (wanted.empty() && !session.user().empty()) wanted = session.user();
  if (wanted.empty()) {
    std::string guest;
    do
      guest = "guest-" + std::to_string(++last_guest_);
    while (!mesh_.roster().called(guest).empty());
    return guest;
  }
  Result<std::string> nick = normal_nick(wanted);
  if (!nick) return nick;
  if (settings_.nicks_are_users) {
    // Any addition could be another user's name.
    if (identity::name_key(*nick) != identity::name_key(session.user()))
      return Error{Errc::refused, "call you " + escape_for_display(*nick),
                   "here a nick is the user's name: " + session.user()};
    return nick;
  }
  if (is_free(*nick)) return nick;
  for (unsigned number = 2; number <= same_nick_max; ++number) {
    std::string other = *nick + "-" + std::to_string(number);
    if (is_free(other)) return other;
  }
  return Error{Errc::busy, "call you " + escape_for_display(*nick), "choose another nick"};
}

std::string Hub::shown_nick(const Person& person) const {
  return mesh_.roster().is_clash(person) ? person.nick + "@" + mesh_.relay_name(person.log)
                                         : person.nick;
}

const std::string& Hub::shown_nick(Session& session) {
  if (session.shown_version_ != roster_version_) {
    const Person* const person = mesh_.roster().find(session.key());
    session.shown_ = person ? shown_nick(*person) : session.nick_;
    session.shown_version_ = roster_version_;
  }
  return session.shown_;
}

const Person* Hub::person_called(std::string_view shown) const {
  const std::size_t at = shown.rfind('@');
  const std::string_view nick = shown.substr(0, at);
  const std::vector<const Person*> called = mesh_.roster().called(nick);
  for (const Person* const each : called)
    if (at == std::string_view::npos ? called.size() == 1
                                     : mesh_.relay_name(each->log) == shown.substr(at + 1))
      return each;
  return nullptr;
}

void Hub::tell(SenderKey sender, const Event& event) {
  const auto seat = seats_.find(sender);
  if (seat == seats_.end() || !seat->second.session) return;
  std::string bytes;
  tongue_of(seat->second.session->lane()).append(bytes, event);
  const bool presence = event.kind == Event::Kind::joined || event.kind == Event::Kind::parted ||
                        event.kind == Event::Kind::renamed;
  const std::size_t worker = seat->second.worker;
  asio::post(desks_[worker].worker->io(),
             [this, sender, worker, presence, bytes = std::move(bytes)] {
               Session* const session = session_of(sender, worker);
               // Who comes and goes is not worth being let go for.
               if (session && !(presence && session->has_much_waiting())) session->answer(bytes);
             });
}

void Hub::tell_room(std::string_view name, const Event& event, SenderKey except) {
  const auto found = rooms_.find(name);
  if (found == rooms_.end()) return;
  std::size_t told = 0;
  for (std::size_t worker = 0; worker < desks_.size(); ++worker)
    told += found->second->members(worker).size();
  if (told > told_people_max) return;
  for (std::size_t worker = 0; worker < desks_.size(); ++worker)
    for (const Session* const each : found->second->members(worker))
      if (each->wants_events() && each->key() != except) tell(each->key(), event);
}

void Hub::tell_all(const Event& event) {
  for (const auto& [sender, seat] : seats_)
    tell(sender, event);
}

void Hub::skipped(const RelayFacts& relay, std::uint64_t from, std::uint64_t to) {
  Event gap;
  gap.kind = Event::Kind::gap;
  gap.time_ms = now().wall_ms;
  gap.relay = relay.name;
  gap.from = from;
  gap.to = to;
  gap.count = to - from + 1;
  log_.warn("gap", {{"relay", relay.name}, {"from", from}, {"to", to}});
  tell_all(gap);
}

void Hub::away(const RelayFacts& relay, std::size_t people) {
  ++roster_version_;
  if (++gone_ > gone_told_max) {
    gone_people_ += people;
    return;
  }
  Event event;
  event.kind = Event::Kind::relay_away;
  event.time_ms = now().wall_ms;
  event.relay = relay.name;
  event.count = people;
  log_.warn("relay_away", {{"relay", relay.name}, {"people", people}});
  if (people > 0) tell_all(event);
}

void Hub::tell_more_away() {
  const std::size_t gone = std::exchange(gone_, 0);
  const std::size_t people = std::exchange(gone_people_, 0);
  if (gone <= gone_told_max) return;
  const std::size_t more = gone - gone_told_max;
  log_.warn("relay_away", {{"relays", more}, {"people", people}});
  if (people == 0) return;
  Event event;
  event.kind = Event::Kind::notice;
  event.time_ms = now().wall_ms;
  const std::string text = std::to_string(more) + " more relays are away";
  event.text = text;
  tell_all(event);
}

void Hub::back(const RelayFacts& relay) {
  ++roster_version_;
  Event event;
  event.kind = Event::Kind::relay_back;
  event.time_ms = now().wall_ms;
  event.relay = relay.name;
  log_.info("relay_back", {{"relay", relay.name}});
  tell_all(event);
}

}  // namespace netkit::relay
