// A client at this relay: what it is called, where it is, and how far it has been sent what is said
// there. A session holds no messages; it sends slices of its rooms. On its connection's thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/flood.hpp"
#include "base/result.hpp"
#include "commands/relay/requests.hpp"
#include "commands/relay/room.hpp"
#include "net/connection.hpp"

namespace netkit::relay {

class Hub;
class RoomView;

/// Until those who must not be hurried are looked at again.
inline constexpr std::chrono::milliseconds wait_for_others{10};

/// How far a client is in one room.
struct Cursor {
  std::shared_ptr<Room> room;
  std::uint64_t next = 0;  ///< The number of the message that is sent next.
  std::size_t place = 0;   ///< In the room's list of members.
  std::unique_ptr<std::vector<std::uint64_t>> skip;  ///< Numbers it has seen, last one first.
  std::uint64_t stalled_at = 0;                      ///< Where it stood while others waited for it,
  std::chrono::nanoseconds stalled_since{0};
};

class Session final : public net::Refill {
 public:
  Session(Hub& hub, net::Connection& connection, Lane lane);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Before it enters: who it has shown to be, and whether it may moderate.
  void sign_in(std::string user, bool moderator);
  SenderKey key() const { return key_; }
  bool entered() const { return key_ != 0; }
  Lane lane() const { return lane_; }
  const std::string& nick() const { return nick_; }
  const std::string& user() const { return user_; }
  bool may_moderate() const { return moderator_; }
  std::string address() const;
  net::Connection& connection() { return connection_; }
  bool wants_events() const { return wants_events_; }

  /// For those who write no JSON.
  Status enter(const Request& request);
  /// A request of this client, with the answer's JSON, or nothing if that comes later; an `enter`
  /// must come first.
  std::string ask(const Request& request, std::int64_t id);
  /// What it says in a room that it is in; `number` is its own count. With --slow block-sender it
  /// may have to wait: then nothing more is to be heard from this client until pause() is over.
  Status say(std::uint64_t number, std::string_view room, std::string_view text);
  Status direct(std::uint64_t number, std::string_view to, std::string_view text);
  /// The same for clients that do not count, in their current room.
  Status say_here(std::string_view text);
  /// A line of such a client: a text, or a command. False: it wants to leave.
  Result<bool> hear_line(std::string_view line);
  /// How long it is not to be read from, because it says too much or others must catch up.
  std::chrono::nanoseconds pause();
  bool holds() const { return held_ != nullptr; }
  /// So many answers wait for it that it is to be asked for nothing more.
  bool is_full() const;
  /// Says what waits, whoever misses something for it: the server drains.
  void insist();

  /// Bytes in its dialect, after what is being sent.
  void answer(std::string_view bytes);
  void tell(const Event& event);
  /// It does not read what it is told.
  bool has_much_waiting() const;
  /// Everything of its own up to `number` is safe now.
  void acknowledge(std::uint64_t number);
  /// Ends the connection once it was told why.
  void end(std::string_view why);
  /// The same for good: its client is not to come back by itself.
  void dismiss(std::string_view why);
  bool ended() const { return ended_; }

  /// Sends what there is of one room, or of all and what it is to be told.
  void send_room(const RoomView& view);
  void send_all();
  bool send_control();
  void refill() override { send_all(); }

 private:
  friend class Hub;
  Cursor* cursor_of(const Room& room);
  const Room* current_room() const;
  void note_ack();
  void charge(const Request& request);
  bool post_rest(std::string_view rest);
  void fail();
  void close_soon(void (*close)(net::Stream&));
  const std::shared_ptr<Session*>& handle();
  /// Said, but not to be taken yet.
  struct Held {
    bool direct = false;
    std::uint64_t number = 0;
    std::string whom;
    std::string text;
  };
  Result<bool> give(bool direct, std::uint64_t number, std::string_view whom, std::string_view text,
                    bool insists);
  Status offer(bool direct, std::uint64_t number, std::string_view whom, std::string_view text);
  void offer_held(bool insists);
  std::uint64_t next_in(const Room& room, std::chrono::nanoseconds now);
  bool send_slice(Cursor& cursor, const RoomView& view, const Slice& slice);
  bool send_cursor(Cursor& cursor, const RoomView& view);
  bool pass_gap(Cursor& cursor, const RoomView& view);
  std::size_t slice_limit(Cursor& cursor) const;

  Hub& hub_;
  net::Connection& connection_;
  SenderKey key_ = 0;
  std::uint64_t number_ = 0;  // The last that it sent; of those who count by themselves, too.
  std::uint64_t began_ = 0;   // The last that was here of it when it entered.
  std::uint64_t acked_ = 0;   // What it was told so far,
  std::uint64_t safe_ = 0;    // and what it may be told.
  std::pair<std::uint64_t, std::uint64_t> noted_;  // The record and number last waited for.
  std::string nick_;
  std::string shown_;                     // With what a clash adds,
  std::uint64_t shown_version_ = 0;       // as of that version of the roster.
  std::shared_ptr<Flood> address_flood_;  // Of all clients of its address.
  std::string user_;                      // Who it signed in as; empty for nobody.
  std::string control_;
  std::shared_ptr<Session*> handle_;  // For whoever ends it from elsewhere; mostly none.
  std::unique_ptr<Held> held_;
  std::vector<Cursor> cursors_;
  Flood flood_;
  const Lane lane_;
  bool wants_events_ = false;
  bool moderator_ = false;
  bool counts_ = false;  // It numbers what it says, and is told what is safe.
  bool due_ = false;     // In its desk's list.
  bool ended_ = false;
  bool fetching_ = false;  // What it asked of another relay's log is not answered yet.
};

}  // namespace netkit::relay
