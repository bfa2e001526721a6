// Who is in the roster by the same conversation by which a Circle hears of the others: a running
// peer. A Circle without one only watches.
#pragma once

#include <string>

#include "commands/presence/protocol.hpp"
#include "wire/frame.hpp"

namespace netkit::presence {

class Attendee {
 public:
  /// A daemon has greeted us: the frames to send first (enter). `address` is the daemon's as it is
  /// connected to, numeric; empty on a unix socket.
  virtual std::string enter(const ServerHello& daemon, const std::string& address) = 0;
  /// A frame that is not about the roster: welcome, ask_for, pace and whatever else a Circle has no
  /// use for; pings it answers itself. What this answers goes by Circle::post().
  virtual void take(const wire::Frame& frame) = 0;
  /// That conversation is over. Another enter() follows once there is a daemon again.
  virtual void parted() = 0;
  /// Whether this one notices by itself when the daemon falls silent, and calls Circle::doubt().
  virtual bool notices_silence() const = 0;

 protected:
  ~Attendee() = default;
};

}  // namespace netkit::presence
