// Sending: what a client is to be told, then slices of its rooms, as much as its socket takes.
#include "commands/relay/session.hpp"

#include <algorithm>
#include <array>
#include <asio/post.hpp>

#include "cli/remote_error.hpp"
#include "commands/relay/hub.hpp"
#include "commands/relay/room_view.hpp"
#include "commands/relay/service.hpp"
#include "wire/frame.hpp"
#include "wire/websocket.hpp"

namespace netkit::relay {
namespace {

constexpr std::size_t slice_size_max = 64 * 1024;
/// What TLS could not send must be offered again as a whole, so that it is copied.
constexpr std::size_t secure_slice_size_max = 16 * 1024;
/// Then others have their turn.
constexpr int slices_in_a_row_max = 16;
constexpr std::size_t control_size_max = 1024 * 1024;
constexpr double burst_of_rate = 4;
constexpr int told_request_cost = 10;
/// How long others wait for a client that does not read, with --slow block-sender.
constexpr std::chrono::seconds stall_limit{30};

}  // namespace

Session::Session(Hub& hub, net::Connection& connection, Lane lane)
    : hub_{hub},
      connection_{connection},
      flood_{hub.settings().rate, hub.settings().rate * burst_of_rate},
      lane_{lane} {
  connection_.refill_by(this);
}

Session::~Session() {
  if (handle_) *handle_ = nullptr;
  connection_.refill_by(nullptr);
  if (entered()) hub_.leave(*this);
}

void Session::sign_in(std::string user, bool moderator) {
  user_ = std::move(user);
  moderator_ = moderator;
}

std::string Session::address() const {
  return connection_.peer().address;
}

Cursor* Session::cursor_of(const Room& room) {
  for (Cursor& each : cursors_)
    if (each.room.get() == &room) return &each;
  return nullptr;
}

void Session::note_ack() {
  if (!counts_ || safe_ <= acked_) return;
  acked_ = safe_;
  tongue_of(lane_).append_ack(control_, acked_);
}

/// The rest of what was offered waits for the socket. False if it does.
bool Session::post_rest(std::string_view rest) {
  if (Status posted = connection_.post(rest, control_size_max); !posted) {
    fail();
    return false;
  }
  return !connection_.is_sending();
}

void Session::fail() {
  close_soon([](net::Stream& stream) { stream.abort(); });
}

/// Made with the hub locked or on its own thread, before anybody else knows of it.
const std::shared_ptr<Session*>& Session::handle() {
  if (!handle_) handle_ = std::make_shared<Session*>(this);
  return handle_;
}

/// In a turn of its own: whoever reads from this connection ends then, and this with it.
void Session::close_soon(void (*close)(net::Stream&)) {
  if (ended_) return;
  ended_ = true;
  asio::post(connection_.worker().io(), [handle = handle(), close] {
    if (*handle) close((*handle)->connection_.stream());
  });
}

/// False if the socket takes no more, or never will.
bool Session::send_control() {
  note_ack();
  if (ended_ || connection_.is_sending()) return false;
  if (control_.empty()) return true;
  const std::array<std::string_view, 1> pieces{control_};
  const Result<std::size_t> sent = connection_.try_send_some(pieces);
  if (!sent) {
    fail();
    return false;
  }
  const bool all = *sent == control_.size() || post_rest(std::string_view{control_}.substr(*sent));
  std::string{}.swap(control_);
  return all;
}

bool Session::send_slice(Cursor& cursor, const RoomView& view, const Slice& slice) {
  note_ack();
  const std::array<std::string_view, 2> both{control_, slice.bytes};
  const std::span<const std::string_view> pieces =
      control_.empty() ? std::span{both}.subspan(1) : std::span{both};
  const Result<std::size_t> sent = connection_.try_send_some(pieces);
  if (!sent) {
    fail();
    return false;
  }
  if (*sent < control_.size()) {
    const bool all = post_rest(std::string_view{control_}.substr(*sent));
    std::string{}.swap(control_);
    return all;
  }
  const std::size_t at = *sent - control_.size();
  if (!control_.empty()) std::string{}.swap(control_);
  if (at == slice.bytes.size()) {
    cursor.next = slice.first + slice.count;
    return true;
  }
  const LaneBytes::Cut cut = connection_.is_secure()
                                 ? LaneBytes::Cut{slice.bytes.size(), slice.count}
                                 : view.cut(lane_, slice, at);
  cursor.next = slice.first + cut.count;
  return post_rest(slice.bytes.substr(at, cut.size - at));
}

/// Tells of what the room does not keep any more. False: that was the end of it.
bool Session::pass_gap(Cursor& cursor, const RoomView& view) {
  if (cursor.next >= view.first()) return true;
  Event gap;
  gap.kind = Event::Kind::gap;
  gap.time_ms = Hub::now().wall_ms;
  gap.room = view.room().name();
  gap.from = cursor.next;
  gap.to = view.first() - 1;
  gap.count = view.first() - cursor.next;
  cursor.next = view.first();
  hub_.count_skipped(gap.count);
  tongue_of(lane_).append(control_, gap);
  if (hub_.settings().slow != Slow::disconnect) return true;
  end("you read too slowly: connect again to go on");
  return false;
}

std::size_t Session::slice_limit(Cursor& cursor) const {
  if (cursor.skip) {
    while (!cursor.skip->empty() && cursor.skip->back() <= cursor.next) {
      if (cursor.skip->back() == cursor.next) ++cursor.next;
      cursor.skip->pop_back();
    }
    if (!cursor.skip->empty()) return 1;  // One message.
    cursor.skip.reset();
  }
  return connection_.is_secure() ? secure_slice_size_max : slice_size_max;
}

/// False if the socket took less.
bool Session::send_cursor(Cursor& cursor, const RoomView& view) {
  for (int count = 0; count < slices_in_a_row_max; ++count) {
    if (ended_ || connection_.is_sending()) return false;
    if (!pass_gap(cursor, view)) return false;
    const std::size_t size_max = slice_limit(cursor);
    if (cursor.next >= view.next()) return true;
    const Slice& slice = view.slice(lane_, cursor.next, size_max);
    if (slice.empty()) return true;  // It went meanwhile; the next view says so.
    if (!send_slice(cursor, view, slice)) return false;
  }
  hub_.wake_later(connection_.worker(), key_);
  return true;
}

void Session::send_room(const RoomView& view) {
  Cursor* const cursor = cursor_of(view.room());
  if (cursor) static_cast<void>(send_cursor(*cursor, view));
}

void Session::send_all() {
  if (!entered()) return;
  for (Cursor& each : cursors_) {
    const RoomView view{hub_, each.room};
    if (!send_cursor(each, view)) return;
  }
  static_cast<void>(send_control());
}

void Session::answer(std::string_view bytes) {
  control_.append(bytes);
  if (control_.size() > control_size_max) return fail();
  static_cast<void>(send_control());
}

bool Session::has_much_waiting() const {
  return control_.size() > control_size_max / 8;
}

void Session::tell(const Event& event) {
  std::string bytes;
  tongue_of(lane_).append(bytes, event);
  answer(bytes);
}

void Session::acknowledge(std::uint64_t number) {
  safe_ = std::max(safe_, number);
  static_cast<void>(send_control());
}

void Session::end(std::string_view why) {
  if (ended_) return;
  Event notice;
  notice.time_ms = Hub::now().wall_ms;
  notice.text = why;
  tongue_of(lane_).append(control_, notice);
  static_cast<void>(send_control());
  close_soon([](net::Stream& stream) { stream.interrupt(); });
}

void Session::dismiss(std::string_view why) {
  if (ended_) return;
  if (lane_ == Lane::frame) {
    JsonObject parts;
    cli::add_parts(parts, {Errc::refused, "stay", std::string{why}});
    const std::string body = parts.str();
    wire::append_frame(control_, {.type = wire::frame_type::error, .body = body});
  }
  if (lane_ == Lane::web)
    wire::append_websocket_close(control_, wire::close_code(Errc::refused), why);
  end(why);
}

/// The first message of the room that it was not sent. Others wait for it only so long.
std::uint64_t Session::next_in(const Room& room, std::chrono::nanoseconds now) {
  Cursor* const cursor = cursor_of(room);
  if (!cursor) return Room::nobody;
  const bool stalled = room.is_in_the_way() && cursor->next < room.next();
  if (!stalled || cursor->next != cursor->stalled_at || cursor->stalled_since.count() == 0) {
    cursor->stalled_at = cursor->next;
    cursor->stalled_since = stalled ? now : std::chrono::nanoseconds{0};
  } else if (now - cursor->stalled_since > stall_limit) {
    end("you have not read for too long");
  }
  return cursor->next;
}

bool Session::is_full() const {
  return control_.size() > control_size_max / 4 && !ended_ && !connection_.draining();
}

std::chrono::nanoseconds Session::pause() {
  if (held_) offer_held(false);
  const bool waits = held_ || is_full();
  const std::chrono::nanoseconds others = waits ? wait_for_others : hub_.pause(*this);
  return std::max(flood_.wait(Hub::now().steady), others);
}

void Session::insist() {
  if (held_) offer_held(true);
}

Result<bool> Session::give(bool direct, std::uint64_t number, std::string_view whom,
                           std::string_view text, bool insists) {
  if (direct) return hub_.direct(*this, number, whom, text, insists);
  return hub_.say(*this, number, whom, text, insists);
}

Status Session::offer(bool direct, std::uint64_t number, std::string_view whom,
                      std::string_view text) {
  if (flood_.limits()) flood_.take(Hub::now().steady);
  const Result<bool> taken = give(direct, number, whom, text, false);
  if (!taken) return taken.error();
  if (!*taken) {
    held_ = std::make_unique<Held>();
    held_->direct = direct;
    held_->number = number;
    held_->whom = whom;
    held_->text = text;
  }
  return ok;
}

/// A refusal is told as it would have been at once.
void Session::offer_held(bool insists) {
  std::unique_ptr<Held> held = std::move(held_);
  const Result<bool> taken = give(held->direct, held->number, held->whom, held->text, insists);
  if (taken) {
    if (!*taken) held_ = std::move(held);
    return;
  }
  if (!counts_) return tell_failure(*this, taken.error());
  std::string bytes;
  tongue_of(lane_).append_answer(bytes, 0, show_unsaid(held->number, taken.error()));
  answer(bytes);
}

Status Session::enter(const Request& request) {
  const Result<JsonObject> entered = hub_.enter(*this, request, 0);
  return entered ? ok : Status{entered.error()};
}

/// Requests count as messages; those that everybody in a room is told of count as several.
void Session::charge(const Request& request) {
  if (!flood_.limits()) return;
  const bool is_told = request.what == Ask::nick || request.what == Ask::join ||
                       request.what == Ask::part || request.what == Ask::moderate ||
                       !request.relay.empty();
  for (int count = is_told ? told_request_cost : 1; count > 0; --count)
    flood_.take(Hub::now().steady);
}

std::string Session::ask(const Request& request, std::int64_t id) {
  if (!entered() && request.what != Ask::enter && request.what != Ask::moderate)
    return cli::show_failure(id, {Errc::unexpected, "answer before \"enter\""});
  counts_ = true;
  charge(request);
  if (!request.relay.empty()) {
    const Status begun = hub_.fetch(*this, request, id);
    return begun ? std::string{} : cli::show_failure(id, begun.error());
  }
  const Result<JsonObject> answer = request.what == Ask::enter ? hub_.enter(*this, request, id)
                                                               : hub_.perform(*this, request, id);
  return answer ? answer->str() : cli::show_failure(id, answer.error());
}

Status Session::say(std::uint64_t number, std::string_view room, std::string_view text) {
  return offer(false, number, room, text);
}

Status Session::direct(std::uint64_t number, std::string_view to, std::string_view text) {
  return offer(true, number, to, text);
}

/// The last that it joined; what others say to it alone is no room. Null if it is in none.
const Room* Session::current_room() const {
  for (auto cursor = cursors_.rbegin(); cursor != cursors_.rend(); ++cursor)
    if (!cursor->room->name().empty()) return cursor->room.get();
  return nullptr;
}

Status Session::say_here(std::string_view text) {
  const Room* const room = current_room();
  if (!room)
    return Error{Errc::usage, "say something in no room",
                 "try: /join " + std::string{standard_room}};
  return say(number_ + 1, room->name(), text);
}

Result<bool> Session::hear_line(std::string_view line) {
  if (line.empty()) return true;
  if (line.front() != '/') {
    if (Status said = say_here(line); !said) return said.error();
    return true;
  }
  Result<Request> request = read_command(line);
  if (!request) return request.error();
  if (request->what == Ask::quit) return false;
  Status done = ok;
  if (request->what == Ask::say) {
    done = say_here(request->text);
  } else if (request->what == Ask::direct) {
    done = direct(number_ + 1, request->nick, request->text);
  } else {
    const Room* const room = current_room();
    if (request->room.empty() && room) request->room = room->name();
    charge(*request);
    if (!request->relay.empty()) {
      const Status begun = hub_.fetch(*this, *request, 0);
      return begun ? Result<bool>{true} : begun.error();
    }
    const Result<JsonObject> answered = hub_.perform(*this, *request, 0);
    if (!answered) return answered.error();
    std::string bytes;
    tongue_of(lane_).append_answer(bytes, 0, answered->str());
    answer(bytes);
  }
  if (!done) return done.error();
  return true;
}

}  // namespace netkit::relay
