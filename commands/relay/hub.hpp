// Everybody and everything at this relay: rooms, clients, the mesh. What one client says comes here
// and goes to all others' connections, on whichever thread they are. Knows no dialect and no socket
// but through sessions.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "access/who.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "commands/relay/bans.hpp"
#include "commands/relay/excerpt.hpp"
#include "commands/relay/mesh.hpp"
#include "commands/relay/room.hpp"
#include "commands/relay/session.hpp"
#include "log/logger.hpp"
#include "net/worker.hpp"

namespace netkit::relay {

enum class Ack : std::uint8_t { memory, disk, links };
/// What happens to a client that cannot keep up.
enum class Slow : std::uint8_t { skip, disconnect, block_sender };

struct HubSettings {
  std::string name;
  RoomLimits rooms;
  std::size_t backlog_bytes_max = 64 * 1024 * 1024;
  Ack ack = Ack::memory;
  Slow slow = Slow::skip;
  double rate = 200;  ///< Messages a second of one client; 0: no limit.
  std::size_t text_size_max = 64 * 1024;
  bool nicks_are_users = false;  ///< Who signed in is called by that name.
  std::size_t workers = 1;
};

struct HubCounts {
  std::size_t clients = 0;
  std::size_t rooms = 0;
  std::array<std::size_t, lane_count> by_lane{};
  std::uint64_t messages = 0;  ///< Taken from clients here.
  std::uint64_t repeats = 0;   ///< Sent again by a client although they were here.
  std::uint64_t skipped = 0;   ///< Not sent to a client that was too slow.
};

class Hub final : private Mesh::Hearer {
 public:
  Hub(HubSettings settings, LogKey key, log::Logger& log);
  ~Hub();
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  const HubSettings& settings() const { return settings_; }
  HubCounts counts();
  static Moment now();

  /// Calls `use(mesh)` while nobody else does; what is to be sent to clients by then is sent after.
  template <typename Use>
  auto with_mesh(Use use) {
    const std::lock_guard held{mutex_};
    return use(mesh_);
  }
  /// Called, on any thread and with the hub locked, when links have something to send.
  void on_links_due(std::function<void()> due) { links_due_ = std::move(due); }
  /// Called with the hub locked for each bundle that is new here.
  void on_keep(std::function<void(const Bundle&)> keep) { keep_ = std::move(keep); }
  /// Who is banned or muted, as it was kept; before the first client.
  void restore(Bans bans) { bans_ = std::move(bans); }
  /// Called with the hub locked for each change of those.
  void on_ban(std::function<void(const BanChange&)> keep) { keep_ban_ = std::move(keep); }
  Bans bans();
  /// What this relay's own log has on disk, for --ack disk; and elsewhere, for --ack links. Any
  /// thread.
  void stored(std::uint64_t seq);
  void copied(std::uint64_t seq);
  /// Nothing is taken from clients while the store has no room. Any thread, locked or not.
  void hold(bool held) { held_ = held; }
  /// A bundle of an earlier time, before the first client.
  Status restore(const RelayFacts& facts, Bundle bundle);
  /// Each 100 ms.
  void tick();

  /// Kicks, mutes or bans whoever is called so, here or at any relay. Errc::not_found.
  Status moderate(std::string_view by, const Request& request);

 private:
  friend class Session;
  friend class RoomView;
  struct Seat {
    Session* session = nullptr;
    std::size_t worker = 0;
    std::shared_ptr<Room> inbox;  // Of direct messages, once there is one.
    std::uint64_t muted_until_ms = 0;
  };
  /// One worker's part: what it is to look at next.
  struct Desk {
    net::Worker* worker = nullptr;
    std::vector<std::shared_ptr<Room>> rooms;  // With something new.
    std::vector<SenderKey> late;               // Had their turn and were not done.
    bool posted = false;
  };
  /// Said here, not yet as safe as --ack asks.
  struct Unsafe {
    std::uint64_t seq = 0;
    SenderKey sender = 0;
    std::uint64_t number = 0;
  };
  /// A direct message, for whoever it is for and comes back.
  struct Direct {
    SenderKey to = 0;
    Said said;
    std::string nick;
    std::string shown_to;
    std::string text;

    Said view() const;
  };

  // For sessions, on their threads; each locks.
  Result<JsonObject> enter(Session& session, const Request& request, std::int64_t id);
  Result<JsonObject> perform(Session& session, const Request& request, std::int64_t id);
  void leave(Session& session);
  /// Asks for records of a relay's log; answers by the session, later.
  Status fetch(Session& session, const Request& request, std::int64_t id);
  // False: not taken yet, as somebody has to be sent something before. Not for who `insists`.
  Result<bool> say(Session& session, std::uint64_t number, std::string_view room,
                   std::string_view text, bool insists);
  Result<bool> direct(Session& session, std::uint64_t number, std::string_view to,
                      std::string_view text, bool insists);
  std::chrono::nanoseconds pause(Session& session);
  void count_skipped(std::uint64_t count);
  void wake_later(net::Worker& worker, SenderKey sender);

  // With the lock held, all below.
  void deliver(const Record& record, RecordId id) override;
  void skipped(const RelayFacts& relay, std::uint64_t from, std::uint64_t to) override;
  void away(const RelayFacts& relay, std::size_t people) override;
  void tell_more_away();
  void back(const RelayFacts& relay) override;
  void keep(const Bundle& bundle) override;
  void acknowledged(std::uint64_t seq) override;
  void links_due() override;
  void roster_changed() override { ++roster_version_; }

  // hub_people.cpp: who is here, what they are called, where they are.
  void take_seat(Session& session);
  void tell_parted(Session& session, const Room& room);
  std::shared_ptr<Room> open_inbox(Seat& seat);
  std::shared_ptr<Room> room(std::string_view name);
  bool forget_room();
  void bound_rooms();
  Result<std::string> join(Session& session, const RoomWish& wish, const Vector* seen);
  void add_cursor(Session& session, std::shared_ptr<Room> to, std::uint64_t next);
  Status part(Session& session, std::string_view name);
  void drop_cursor(Session& session, std::size_t at);
  void catch_up_directs(Session& session, const Vector& seen);
  Status rename(Session& session, std::string_view wanted);
  Result<std::string> choose_nick(const Session& session, std::string_view wanted);
  std::string shown_nick(const Person& person) const;
  const std::string& shown_nick(Session& session);
  const Person* person_called(std::string_view shown) const;
  void tell(SenderKey sender, const Event& event);
  void tell_room(std::string_view room, const Event& event, SenderKey except);
  void tell_all(const Event& event);

  // hub_ask.cpp: questions.
  Result<JsonObject> who(std::string_view room, std::int64_t id) const;
  Result<JsonObject> list_rooms(std::int64_t id) const;
  Result<JsonObject> history(const Session& session, const Request& request, std::int64_t id) const;

  // hub_fetch.cpp: what is in the log of a relay, here or at a linked one.
  struct Wanted {
    std::string relay;  // As it was asked for.
    Stretch stretch;
    std::int64_t id = 0;  // Of the request.
  };
  std::optional<RelayFacts> relay_called(std::string_view relay, std::uint64_t seq) const;
  bool may_read(const Session& session, const Record& record) const;
  Result<JsonObject> show_fetched(const Session& session, const Wanted& wanted,
                                  const std::vector<Bundle>& bundles);  // Locks,
  void answer_fetched(Session& session, const Wanted& wanted,
                      const std::vector<Bundle>& bundles);  // and this.

  // hub.cpp: messages.
  RecordId add(RecordKind kind, SenderKey sender, std::string_view room, std::string_view nick,
               std::string_view text);
  Status check_text(const Session& session, std::string_view text) const;
  Error refuse(Session& session, std::uint64_t number, Error why);
  void put(const std::shared_ptr<Room>& into, const Said& said, Unsent unsent);
  void put_direct(SenderKey to, const Said& said, Unsent unsent);
  void keep_direct(Direct direct);
  void mark(const std::shared_ptr<Room>& room, std::size_t worker);
  bool has_way(const std::shared_ptr<Room>& room);
  std::shared_ptr<Room> inbox_of(SenderKey sender) const;
  Unsent unsent() const {
    return settings_.slow == Slow::block_sender ? Unsent::stays : Unsent::goes;
  }
  void note_unsafe(Session& session, std::uint64_t number, std::uint64_t seq);
  void note_repeat(Session& session, std::uint64_t number);
  void make_safe(std::uint64_t seq);
  Status check_banned(const Session& session, SenderKey key) const;
  std::uint64_t muted_until(const Session& session) const;
  void wake(std::size_t worker);
  void wake_session(Session& session);
  bool is_past(const Record& measure) const;
  void apply_measure(const Record& record);
  void flush(std::size_t worker);
  /// Null unless it sits on that worker, whose thread calls this: its client may have come back by
  /// another connection since. Locks.
  Session* session_of(SenderKey sender, std::size_t worker);
  std::shared_ptr<Flood> flood_of(const std::string& address);
  void look_for_slow(Room& room, std::size_t worker);  // Locks.

  const HubSettings settings_;
  log::Logger& log_;
  std::atomic<bool> held_ = false;
  std::mutex mutex_;  // Guards all below.
  Mesh mesh_;
  std::map<std::string, std::shared_ptr<Room>, std::less<>> rooms_;
  std::unordered_map<SenderKey, Seat> seats_;
  std::vector<Desk> desks_;
  std::deque<Unsafe> unsafe_;
  std::uint64_t safe_seq_ = 0;  // How far its own log is as safe as --ack says.
  bool others_kept_ = false;    // Records of others went to the store, perhaps behind that.
  bool restoring_ = false;
  std::deque<Direct> directs_;
  std::size_t directs_size_ = 0;                             // Bytes of their texts.
  std::unordered_map<SenderKey, RecordId> dropped_directs_;  // The last that went, by recipient.
  Vector forgotten_;  // What was said in rooms that are not kept any more.
  std::unordered_map<std::string, std::weak_ptr<Flood>> floods_;  // By address.
  std::uint64_t last_guest_ = 0;
  std::uint64_t said_count_ = 0;  // In all rooms.
  std::size_t gone_ = 0;          // Relays that went away in this turn,
  std::size_t gone_people_ = 0;   // and who is with those that were not told of one by one.
  std::uint64_t roster_version_ = 1;
  HubCounts counts_;
  std::function<void()> links_due_;
  std::function<void(const Bundle&)> keep_;
  Bans bans_;
  std::function<void(const BanChange&)> keep_ban_;
};

}  // namespace netkit::relay
