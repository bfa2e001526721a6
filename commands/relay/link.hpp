// One link at work, from the end of its opening to its end: brings the peer's frames to its machine
// and the machine's to the peer. Never holds the lock of the mesh while it waits for a socket.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/flood.hpp"
#include "base/result.hpp"
#include "commands/relay/link_carrier.hpp"
#include "commands/relay/link_machine.hpp"

namespace netkit::relay {

/// Calls what it is given while nobody else has the mesh. Any thread; not from within itself.
using WithMesh = std::function<void(const std::function<void(Mesh&)>&)>;

/// The steady and the wall clock.
Moment moment_now();

struct LinkPace {
  std::chrono::nanoseconds heartbeat = std::chrono::seconds{5};
  double records_per_s = 100'000;  ///< Taken from the peer; 0: no limit.
  /// While draining: nobody is left who could say anything. Unset: so it is.
  std::function<bool()> is_quiet;
};

class Link {
 public:
  Link(const WithMesh& with_mesh, LinkCarrier& carrier, std::string peer, LinkPace pace,
       asio::any_io_executor executor);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// Until the connection ends, one side breaks the rules (Errc::malformed and the like) or
  /// finish(). `first` is a frame that came with the opening; it may be empty of type.
  asio::awaitable<Status> run(const wire::Frame* first);

  /// There may be something to send. Any thread, with the mesh locked.
  void wake();
  /// Sends what there is, says goodbye and ends with Errc::stopped. On the link's thread.
  void finish();
  /// Whether it was we who ended it, because the peer broke the rules.
  bool refused_peer() const { return refused_peer_; }
  /// With the mesh locked.
  LinkStatus status() const { return machine_->status(); }

 private:
  struct Waker;

  asio::awaitable<Status> read();
  asio::awaitable<Status> write();
  asio::awaitable<Status> send_all();
  asio::awaitable<void> pause_reading();
  asio::awaitable<void> await_quiet();
  Status hear(const wire::Frame& frame);
  bool fill();
  void end(const Status& why);

  const WithMesh& with_mesh_;
  LinkCarrier& carrier_;
  const LinkPace pace_;
  const std::string peer_;
  std::unique_ptr<LinkMachine> machine_;  // Under the lock of the mesh.
  std::shared_ptr<Waker> waker_;
  Flood flood_;
  std::string out_;
  std::string last_words_;  // A goodbye, or why the peer is let go.
  bool refused_peer_ = false;
  bool finishing_ = false;
  bool ended_ = false;
};

}  // namespace netkit::relay
