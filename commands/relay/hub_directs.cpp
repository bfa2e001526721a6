// Direct messages: an inbox is a room with one member; some wait for those who are away.
#include <algorithm>
#include <asio/post.hpp>

#include "base/text.hpp"
#include "commands/relay/hub.hpp"

namespace netkit::relay {
namespace {

constexpr std::size_t directs_max = 2000;
constexpr std::size_t directs_of_one_max = 100;
constexpr std::size_t directs_size_max = 8 * 1024 * 1024;
constexpr std::size_t dropped_directs_max = 100'000;
constexpr std::size_t direct_room_messages_max = 1000;
constexpr std::size_t direct_room_bytes_max = 1024 * 1024;

}  // namespace

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

/// What was sent to it while it was away, or at another relay.
void Hub::catch_up_directs(Session& session, const Vector& seen) {
  std::deque<Direct> missed;
  for (const Direct& each : directs_) {
    const auto known = seen.find(each.said.id.log);
    if (each.to == session.key() && (known == seen.end() || known->second < each.said.id.seq))
      missed.push_back(each);
  }
  const auto dropped = dropped_directs_.find(session.key());
  if (dropped != dropped_directs_.end()) {
    const auto known = seen.find(dropped->second.log);
    if (known == seen.end() || known->second < dropped->second.seq) {
      Event notice;
      notice.time_ms = now().wall_ms;
      notice.text = "direct messages to you were missed and are not kept any more";
      tell(session.key(), notice);
    }
  }
  if (missed.empty()) return;
  const auto inbox = open_inbox(seats_[session.key()]);
  for (const Direct& each : missed)
    inbox->append(each.view());
  add_cursor(session, inbox, inbox->first());
}

}  // namespace netkit::relay
