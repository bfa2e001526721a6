// The connections of a relay: tells the dialect by the first bytes and who is at the other end, and
// brings what each says to its session. Runs on each connection's thread; the hub decides.
#pragma once

#include <asio/awaitable.hpp>
#include <memory>
#include <string>
#include <vector>

#include "access/credential.hpp"
#include "access/guard.hpp"
#include "commands/relay/hub.hpp"
#include "net/connection.hpp"
#include "wire/frame.hpp"

namespace netkit::relay {

struct ServiceSettings {
  std::vector<std::string> page_hosts;  ///< Names that pages may reach this server by.
  std::string admin_path;               ///< Whoever can open this unix socket administrates.
  bool offers_tls = true;
};

class Service {
 public:
  /// Serves a connection whose first frame asks for a link; that frame's body.
  using ServeLink =
      std::function<asio::awaitable<Status>(net::Connection& connection, std::string hello)>;
  /// The same of a WebSocket that asked for the subprotocol of links.
  using ServeWebLink = std::function<asio::awaitable<Status>(net::Connection& connection)>;
  /// Answers a request of an operator, by the admin socket or with the right to moderate.
  using Operate = std::function<asio::awaitable<std::string>(wire::Json request, std::int64_t id)>;

  Service(Hub& hub, ServiceSettings settings) : hub_{hub}, settings_{std::move(settings)} {}

  /// Whoever talks here must show a token from now on.
  void require(access::Guard& guard) { guard_ = &guard; }
  void serve_links_by(ServeLink frames, ServeWebLink web) {
    serve_link_ = std::move(frames);
    serve_web_link_ = std::move(web);
  }
  void operate_by(Operate operate) { operate_ = std::move(operate); }

  asio::awaitable<Status> serve(net::Connection& connection);

 private:
  asio::awaitable<Status> serve_any(net::Connection& connection);
  asio::awaitable<Status> begin_frames(net::Connection& connection);
  asio::awaitable<Status> serve_text(net::Connection& connection, std::unique_ptr<Session> lurker,
                                     bool len64);
  asio::awaitable<Status> serve_web(net::Connection& connection);
  asio::awaitable<Status> serve_operator(net::Connection& connection);
  /// Who has shown a token that opens this relay; none where nobody is asked for one.
  asio::awaitable<Result<std::unique_ptr<access::Visit>>> let_in(net::Connection& connection,
                                                                 access::Showing how,
                                                                 std::string bearer);
  void sign_in(Session& session, const std::unique_ptr<access::Visit>& visit) const;
  bool is_admin(net::Connection& connection) const;

  Hub& hub_;
  const ServiceSettings settings_;
  access::Guard* guard_ = nullptr;
  ServeLink serve_link_;
  ServeWebLink serve_web_link_;
  Operate operate_;
};

/// Until the session may be read from again: it says too much, or others must catch up. False: it
/// has hung up meanwhile, and there is nothing of it left to hear.
asio::awaitable<bool> rest(net::Connection& connection, Session& session);

/// Into the standard room, with whatever nick it gets; tells it so, or why not.
Status enter_as_text(Session& session);

/// What it cannot do, as a notice.
void tell_failure(Session& session, const Error& failure);

/// What one WebSocket message of a client may have, where texts have that much.
std::size_t web_message_size_max(std::size_t text_size);

/// What a refusal of something that was said is, in frames and on the page: an answer to 0 with the
/// message's own number.
std::string show_unsaid(std::uint64_t number, const Error& why);

inline constexpr std::string_view moderate_scope = "relay:moderate";
inline constexpr std::string_view link_scope = "relay:link";

}  // namespace netkit::relay
