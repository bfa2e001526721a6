// What is left of a service's part in a connection once its beginning is over, for services whose
// peers are silent most of the time: an object that is called when bytes come, where a coroutine
// would keep its frame, and those of all who wait for it, as long as nothing happens.
#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>

#include "base/result.hpp"

namespace netkit::net {

/// Given to Connection::leave_to(). All calls on the connection's thread.
class Resident {
 public:
  /// What has happened since it was last asked to go on.
  enum class After : std::uint8_t { begin, readable, rest };
  /// What it waits for. `rest`: what rest() waits for.
  enum class Next : std::uint8_t { readable, rest, end };

  virtual ~Resident() = default;
  /// Takes what there is, without a wait. An error ends the connection.
  virtual Result<Next> go_on(After after) = 0;
  virtual asio::awaitable<void> rest() = 0;
  /// The last call, with the reason: what is to be said on leaving.
  virtual void finish(const Status& ended) = 0;
};

}  // namespace netkit::net
