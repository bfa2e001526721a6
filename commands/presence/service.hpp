// A daemon's conversations: with peers and those who watch in frames, with people in lines, with
// scripts in JSON over WebSocket. Who says what is the hall's; how it is said is here.
#pragma once

#include <asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "access/credential.hpp"
#include "access/guard.hpp"
#include "commands/presence/porter.hpp"
#include "net/connection.hpp"

namespace netkit::presence {

struct ServiceSettings {
  std::string admin_path;              ///< Whoever can open this unix socket is asked for no token.
  std::vector<std::string> listening;  ///< For status.
};

class Service {
 public:
  Service(Porter& porter, ServiceSettings settings)
      : porter_{porter}, settings_{std::move(settings)} {}

  /// Whoever talks here must show a token from now on.
  void require(access::Guard& guard) { guard_ = &guard; }

  asio::awaitable<Status> serve(net::Connection& connection);

 private:
  bool is_admin(net::Connection& connection) const;
  asio::awaitable<Status> serve_any(net::Connection& connection);
  asio::awaitable<Result<std::unique_ptr<access::Visit>>> let_in(net::Connection& connection,
                                                                 access::Showing how,
                                                                 std::string bearer);
  std::string show_status() const;
  asio::awaitable<Status> serve_frames(net::Connection& connection);
  asio::awaitable<Status> serve_lines(net::Connection& connection);
  asio::awaitable<Status> serve_web(net::Connection& connection);

  Porter& porter_;
  const ServiceSettings settings_;
  access::Guard* guard_ = nullptr;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}  // namespace netkit::presence
