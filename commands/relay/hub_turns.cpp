// The turns of each worker: what it is to look at next, who waits, what has become safe.
#include <algorithm>
#include <asio/post.hpp>
#include <utility>

#include "commands/relay/hub.hpp"
#include "commands/relay/room_view.hpp"

namespace netkit::relay {
namespace {

/// What one client may have said that is not safe yet; then it is not read from.
constexpr std::uint64_t unsafe_max = 4096;
constexpr double address_share = 10;  // Of one client's rate.
constexpr double burst_of_rate = 4;
}  // namespace

void Hub::mark(const std::shared_ptr<Room>& room, std::size_t worker) {
  std::vector<std::shared_ptr<Room>>& rooms = desks_[worker].rooms;
  if (rooms.empty() || std::find(rooms.begin(), rooms.end(), room) == rooms.end())
    rooms.push_back(room);
  wake(worker);
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
