// What a presence daemon knows and does, apart from sockets: who enters, who is heard and asked,
// and who is told of what changed. One thread; whoever owns the sockets calls it.
#pragma once

#include <array>
#include <asio/ip/udp.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "commands/presence/announcement.hpp"
#include "commands/presence/protocol.hpp"
#include "commands/presence/roster.hpp"
#include "commands/presence/sender_limit.hpp"
#include "commands/presence/vigil.hpp"
#include "log/logger.hpp"

namespace netkit::presence {

struct Moment {
  Time steady{};
  std::uint64_t wall_ms = 0;
};

/// One conversation with the daemon, as its owner shows it to the hall.
class Guest {
 public:
  /// Sends a whole frame or several. Never waits.
  virtual void post(std::string_view frames) = 0;
  /// False while what was posted before is still on its way: a roster waits until it is not.
  virtual bool takes_more() const = 0;
  virtual asio::ip::address address() const = 0;
  /// Ends the conversation, soon. leave() follows.
  virtual void end() = 0;

  Role role = Role::watch;
  Path path = Path::tcp;
  std::uint64_t nonce = 0;  ///< That the daemon asked it to sign.
  /// Its conversation ends because nothing comes or goes any more, which says nothing of the peer.
  bool fell_silent = false;

 protected:
  ~Guest() = default;

 private:
  friend class Hall;
  static constexpr std::uint32_t nobody = UINT32_MAX;
  std::uint32_t slot_ = nobody;  // Its entry, once it has entered.
  std::string cookie_;           // That it was given as it entered.
  bool follows_ = false;         // Then it is among the followers.
  std::uint64_t told_ = 0;       // Version of the roster that it knows.
  bool owes_end_ = false;
};

/// What the hall wants done elsewhere.
class Outside {
 public:
  virtual void send(std::string_view datagram, const asio::ip::udp::endpoint& to) = 0;
  /// To the group, by every interface.
  virtual void send_to_all(std::string_view datagram) = 0;
  /// Connects to that port at any of the addresses and ends it at once; Hall::knocked() is told.
  virtual void knock(std::uint32_t slot, std::vector<asio::ip::address> addresses,
                     std::uint16_t port) = 0;
  /// Whether that is an address of this machine.
  virtual bool is_own(const asio::ip::address& address) const = 0;

 protected:
  ~Outside() = default;
};

struct HallSettings {
  std::string name;
  std::uint64_t instance = 0;
  std::uint16_t tcp_port = 0;
  std::uint16_t sctp_port = 0;  ///< 0: none.
  std::string certificate;      ///< SHA-256 of what is shown at tcp_port; empty: none.
  VigilSettings vigil;
  /// Set for a hall that only listens, for want of a daemon: it says nothing but questions, and
  /// whom it hears of as a daemon, and from where, comes here.
  std::function<void(const Announcement& daemon, const asio::ip::address& from)> on_daemon = {};

  bool only_listens() const { return bool{on_daemon}; }
};

/// What `presenced status` prints.
struct HallState {
  std::array<std::size_t, 5> peers{};  ///< By State.
  std::size_t guests = 0;
  std::size_t followers = 0;
  std::size_t daemons = 0;
  Time period{};
  Time bound{};
  bool isolated = false;
  std::uint64_t datagrams = 0;
  std::uint64_t dropped_form = 0;       ///< No announcement, or cut.
  std::uint64_t dropped_rate = 0;       ///< Too many from there.
  std::uint64_t dropped_old = 0;        ///< Seen before.
  std::uint64_t dropped_signature = 0;  ///< Forged.
};

class Hall {
 public:
  Hall(HallSettings settings, const identity::KeyPair& key, Outside& outside, log::Logger& log);

  void hear(std::string_view datagram, const asio::ip::udp::endpoint& from, Moment now);

  /// The daemon's greeting of a new conversation; makes its nonce.
  std::string greet(Guest& guest);
  /// A frame that a guest sent after the hellos. An error ends its conversation.
  Status take(Guest& guest, std::uint16_t type, std::string_view body, Moment now);
  /// Its conversation ended. It is not to be used afterwards.
  void leave(Guest& guest, Moment now);
  /// More of the roster for a guest that takes more again.
  void fill(Guest& guest);

  /// Another daemon that announced itself, and where it takes conversations.
  struct OtherDaemon {
    std::string name;
    asio::ip::address address;
    std::uint16_t port = 0;
    std::string certificate;  ///< 32 bytes, or empty.
    Time heard{};
  };
  /// By key. Those that were silent for three intervals are left out.
  const std::map<std::string, OtherDaemon>& daemons() const { return daemons_; }
  /// What another daemon says of a peer, or that it forgot it. `daemon` is its key, or another name
  /// for the way by which it tells.
  void hear_daemon(const std::string& daemon, const Entry& told, Moment now);
  void hear_daemon_forgot(const std::string& daemon, std::string_view peer, Moment now);
  /// It tells no more by that way: what only it knew is looked into.
  void part_daemon(const std::string& daemon, Moment now);

  void knocked(std::uint32_t slot, bool refused, Moment now);
  void network(bool up, Moment now) { vigil_.network(up, now.steady); }

  /// What is due; to be called at next(), and after each burst of the events above.
  void tick(Moment now);
  Time next() const;
  /// Something happened that tick() has not dealt with, whatever next() said before.
  bool is_due() const { return vigil_.next() == Time::min() || roster_.version() != filled_; }
  /// To the group: this daemon is here.
  void announce();
  /// To the group: who is there? Each one that answers enters. For a hall that only listens.
  void ask_all(Moment now);
  /// Takes over what a daemon told of somebody, to be watched from here on.
  void adopt(Entry told, Moment now);

  HallState state() const;
  /// The longest time from a connection's end without a leave to the verdict.
  Time broken_bound() const { return settings_.vigil.broken_limit; }
  Roster& roster() { return roster_; }
  void show_certificate(std::string certificate) { settings_.certificate = std::move(certificate); }

  /// The roster as a file keeps it, for the next run.
  std::string save() const;
  /// What save() gave: those who were here are asked at once. Errc::malformed for a file of another
  /// kind or a broken one, of which what comes before the fault is taken.
  Status restore(std::string_view kept, Moment now);
  /// What is known of those called so, a line each, for people.
  std::string why(std::string_view name, Moment now) const;

  static constexpr Time announce_interval = std::chrono::seconds{30};
  /// Peers that are gone stay in the roster for so long.
  static constexpr std::uint64_t remembered_ms = 7ULL * 24 * 3600 * 1000;

 private:
  /// A question that is out: to somebody known by its key, or to who said something new.
  struct Question {
    std::string key;  // Empty: to whoever hears it.
    Time until{};
  };
  struct Seat {
    Guest* tcp = nullptr;
    Guest* sctp = nullptr;
  };

  /// What another daemon believes of a peer.
  struct View {
    std::uint64_t instance = 0;
    State state = State::offline;
    std::uint64_t since_ms = 0;
  };

  Status enter(Guest& guest, std::string_view bytes, Moment now);
  Status update(Guest& guest, std::string_view bytes, Moment now);
  Status bind(Guest& guest, std::string_view cookie);
  void unseat(Guest* guest);
  void hear_answer(const Announcement& said, std::string_view bytes, const asio::ip::address& from,
                   Path path, Moment now);
  void hear_peer(const Announcement& said, std::string_view bytes,
                 const asio::ip::udp::endpoint& from, Moment now);
  void hear_again(std::uint32_t slot, Path path, Moment now);
  void welcome_entry(Entry& entry, Moment now);
  const View* seen_elsewhere(const Entry& entry) const;
  void leave_to_others(Entry& entry, Moment now);
  void merge(Entry& entry, Moment now);
  void take_back(Entry entry, Moment now);
  void hear_of_daemon(const Announcement& said, const asio::ip::address& from, Moment now);
  void obey(const Vigil::Order& order, Moment now);
  void ask(Entry& entry, Moment now);
  void ask_others(const Entry& entry, Moment now);
  std::uint64_t open_question(const std::string& key, Moment now);
  std::string own_word(Kind kind, std::uint64_t nonce, std::string_view about);
  void pace();
  void tell_piece(Guest& guest);
  void append_for(std::string& out, const Guest& guest, const Entry& entry) const;
  void clear_freed();
  Seat& seat(std::uint32_t slot);
  Vigil::Host host_of(const Entry& entry) const;
  void log_change(const Entry& entry) const;

  HallSettings settings_;
  const identity::KeyPair& key_;
  Outside& outside_;
  log::Logger& log_;
  Roster roster_;
  Vigil vigil_;
  SenderLimit limit_;
  std::vector<Seat> seats_;  // By slot.
  std::set<Guest*> guests_;
  std::set<Guest*> followers_;
  std::uint64_t filled_ = 0;  // Version of the roster when followers were last told.
  std::unordered_map<std::string, Guest*> cookies_;  // To the tcp guest they were given to.
  std::unordered_map<std::uint64_t, Question> questions_;
  std::deque<std::uint64_t> asked_;  // Their nonces, the oldest first.
  std::map<std::string, OtherDaemon> daemons_;
  std::map<std::string, std::unordered_map<std::uint32_t, View>> views_;  // By daemon and slot.
  std::uint64_t sequence_ = 0;
  std::uint32_t paced_ms_ = 0;
  std::uint32_t next_other_ = 0;
  bool told_isolated_ = false;
  Time announce_due_{};
  Time sweep_due_{};
  HallState counts_;
};

}  // namespace netkit::presence
