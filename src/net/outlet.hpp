// A connection as the rest of a server sees it: something to say things to, from any thread, which
// may be gone at any time. Services keep these; only a connection's own coroutine keeps more.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "net/connection.hpp"
#include "wire/websocket.hpp"

namespace netkit::net {

class Outlet : public std::enable_shared_from_this<Outlet> {
 public:
  explicit Outlet(Connection& connection, std::size_t waiting_max = posted_size_max);
  Outlet(const Outlet&) = delete;
  Outlet& operator=(const Outlet&) = delete;

  /// Sends `bytes` soon, after what was posted before. A peer that does not read, so that more than
  /// `waiting_max` bytes wait already, is let go.
  void post(std::string bytes);
  /// The same with one WebSocket message.
  void post(wire::WebSocketOp op, std::string_view body);
  /// Ends the connection in order, once what was posted before is on its way.
  void close();
  /// Resets it.
  void abort();
  /// Runs `task` on the connection's thread, unless the connection has gone by then.
  void run(std::function<void(Connection&)> task);

  /// The connection goes: to be called on its thread before its coroutine ends.
  void detach() { connection_ = nullptr; }

 private:
  Worker& worker_;
  const std::size_t waiting_max_;
  Connection* connection_;  // Only looked at on the worker's thread.
};

/// Detaches an outlet however its connection's coroutine ends.
class OutletGuard {
 public:
  explicit OutletGuard(Connection& connection, std::size_t waiting_max = posted_size_max)
      : outlet_{std::make_shared<Outlet>(connection, waiting_max)} {}
  ~OutletGuard() { outlet_->detach(); }
  OutletGuard(const OutletGuard&) = delete;
  OutletGuard& operator=(const OutletGuard&) = delete;

  const std::shared_ptr<Outlet>& get() const { return outlet_; }

 private:
  std::shared_ptr<Outlet> outlet_;
};

}  // namespace netkit::net
