// The connections of a shutdown server: plain clients as the original knew them, agents, operators.
// Each runs on its connection's thread and tells the desk, on the desk's, what it heard.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "commands/shutdown/desk.hpp"
#include "net/websocket.hpp"

namespace netkit::shutdown {

class Sessions {
 public:
  /// `names` are those that pages may reach this server by, besides its addresses.
  /// Whoever can open the unix socket `admin_path` may order.
  Sessions(Desk& desk, std::vector<std::string> names, std::string admin_path,
           std::size_t message_size_max)
      : desk_{desk},
        names_{std::move(names)},
        admin_path_{std::move(admin_path)},
        message_size_max_{message_size_max} {}

  asio::awaitable<Status> serve(net::Connection& connection);

 private:
  enum class Kind : std::uint8_t { plain, agent, operator_ };
  /// What the handshake said.
  struct Handshake {
    Kind kind = Kind::plain;
    std::string token;
    bool exposed = false;  ///< In clear, and not on this machine.
  };

  asio::awaitable<Status> serve_plain(net::Connection& connection);
  asio::awaitable<Status> serve_known_plain(net::Connection& connection, std::string token);
  asio::awaitable<Status> serve_agent(net::Connection& connection, Handshake handshake);
  asio::awaitable<Status> serve_operator(net::Connection& connection, std::string token);
  bool is_admin(net::Connection& connection) const;

  Result<std::string_view> judge(net::Connection& connection, const wire::HttpRequest& request,
                                 const wire::UpgradeRequest& upgrade, Handshake& handshake) const;

  Desk& desk_;
  const std::vector<std::string> names_;
  const std::string admin_path_;
  const std::size_t message_size_max_;
  std::atomic<SessionId> last_session_{0};
};

}  // namespace netkit::shutdown
