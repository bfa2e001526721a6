// When a peer is believed gone: what was heard of whom and how long ago becomes orders to ask, and
// in the end a verdict. Owns no sockets and reads no clock; does not know names or keys.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace netkit::presence {

/// Of the steady clock.
using Time = std::chrono::nanoseconds;

/// How the daemon's verdicts follow from silence. P is the period in which each peer is heard.
struct VigilSettings {
  /// P, as long as there are few peers.
  Time period_min = std::chrono::milliseconds{1200};
  /// Of more than these P is stretched, so that a daemon hears no more beats a second.
  std::size_t peers_at_period_min = 1000;
  /// Between the questions to a suspect. At 20 % loss each way 7 of them and their answers all get
  /// lost once in 1,300 suspicions, and a suspicion that old is itself one in hundreds of beats.
  Time ask_interval = std::chrono::milliseconds{150};
  /// From the end of a connection without a word to the verdict, unless something is heard.
  Time broken_limit = std::chrono::milliseconds{800};
  /// A peer that is gone is asked again after this, then after twice as long each time.
  Time retry_min = std::chrono::seconds{5};
  Time retry_max = std::chrono::minutes{10};
};

class Vigil {
 public:
  /// Given by the caller: a peer's place in its roster.
  using Peer = std::uint32_t;

  enum class Act : std::uint8_t {
    suspect,     ///< Show it so.
    ask,         ///< Ask it directly, by every path there is.
    ask_others,  ///< Ask others to ask it.
    knock,       ///< See whether anything listens at its port: its connection ended.
    gone,        ///< Show it as offline.
    back,        ///< Show it as online: it was heard.
  };
  struct Order {
    Peer peer;
    Act act;
    bool operator==(const Order&) const = default;
  };

  explicit Vigil(VigilSettings settings = {}) : settings_{settings} {}

  /// Which machine a peer is on: the daemon's own, or one of the others, told apart by the caller.
  using Host = std::uint64_t;
  static constexpr Host own_host = 0;

  /// Watches a peer that was heard just now.
  void add(Peer peer, Host host, Time now);
  /// Remembers one that is gone already (after a restart, or told by another daemon): it is only
  /// asked now and then.
  void add_gone(Peer peer, Host host, Time now);
  /// Asks at once one that was here before a restart; gone if it is not heard within a bound.
  void add_suspect(Peer peer, Host host, Time now);
  void remove(Peer peer);
  bool watches(Peer peer) const { return peers_.contains(peer); }
  /// Watched, and not believed gone.
  bool believes_in(Peer peer) const {
    const auto found = peers_.find(peer);
    return found != peers_.end() && found->second.mood != Mood::gone;
  }

  /// Anything that only this peer can have sent.
  void heard(Peer peer, Time now);
  /// Its connection ended without its leave.
  void broke(Peer peer, Time now);
  /// What the knock came to. `refused`: its host says that nobody listens there.
  void knocked(Peer peer, bool refused, Time now);
  /// Anything remote that shows that the network carries, from whomever.
  void heard_anyone(Time now);
  /// Whether the interfaces by which remote peers are reached are up.
  void network(bool up, Time now);

  /// What is due. To be called at next() at the latest, and after every event above.
  std::vector<Order> tick(Time now);
  /// Time::max() if nothing is.
  Time next() const;

  /// No other machine is heard, by any path, and there are at least two to hear, or no interface is
  /// up: then it is we who are cut off, and nobody elsewhere is declared gone for silence.
  bool is_isolated() const { return isolated_; }
  Time period() const;
  /// The longest silence before the verdict, in force at present.
  Time bound() const { return gone_after() + settings_.ask_interval; }
  std::size_t watched() const { return watched_; }

 private:
  enum class Mood : std::uint8_t { fresh, suspect, gone };
  struct Watched {
    Mood mood = Mood::fresh;
    Host host = own_host;
    std::uint8_t asks = 0;       // While suspect: how often; while gone: the retries.
    Time heard{};                // Last.
    Time due = Time::max();      // Its place in due_.
    std::optional<Time> broken;  // Since when its connection is, if nothing was heard since.

    bool is_remote() const { return host != own_host; }
  };

  Time suspect_after() const { return period() * 5 / 4; }
  Time gone_after() const { return period() * 11 / 5; }
  void reckon(Time now);
  void plan(Peer peer, Watched& watched, Time due);
  void look_at(Peer peer, Watched& watched, Time now);
  void begin_suspicion(Peer peer, Watched& watched, Time now);
  void set_mood(Watched& watched, Mood mood);
  void give_up(Peer peer, Watched& watched, Time now);
  Time verdict_due(const Watched& watched) const;

  VigilSettings settings_;
  std::map<Peer, Watched> peers_;
  std::set<std::pair<Time, Peer>> due_;
  std::vector<Order> orders_;
  std::size_t watched_ = 0;                   // Not gone.
  std::map<Host, std::size_t> remote_hosts_;  // How many of them are on each other machine.
  Time anyone_heard_{};
  Time grace_until_{};
  bool network_up_ = true;
  bool isolated_ = false;
};

}  // namespace netkit::presence
