// All links of a relay: those that it keeps up itself, for ever, and those that come in. Tells who
// is at their other ends and how they do.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "access/credential.hpp"
#include "access/guard.hpp"
#include "base/result.hpp"
#include "commands/relay/link.hpp"
#include "commands/relay/link_rules.hpp"
#include "log/logger.hpp"
#include "net/connection.hpp"
#include "net/endpoint.hpp"
#include "net/tls.hpp"

namespace netkit::relay {

struct LinksPlan {
  std::vector<net::Endpoint> to;  ///< Complete.
  LinkRules rules;
  LinkPace pace;
  net::SctpChoice sctp = net::SctpChoice::automatic;
  std::chrono::nanoseconds refusal = std::chrono::seconds{60};  ///< Of who broke the rules.
  /// How to judge that endpoint's certificate; none without TLS. Called before each try.
  std::function<Result<std::optional<net::TlsContext>>(const net::Endpoint&)> tls;
  bool pinned = false;  ///< That believes only what an option names.
  /// What to show to relays that ask for a token; may be empty. Called before each try.
  std::function<Result<identity::Secret>()> token;
};

/// One link as operators see it.
struct LinkView {
  bool outgoing = false;
  std::string place;        ///< The endpoint, or the address and port it came from.
  std::string fingerprint;  ///< Of the peer's link key; empty before the first opening.
  bool up = false;
  std::string reason;  ///< Why it is not.
  std::chrono::system_clock::time_point since;
  LinkStatus status;
};

class Links {
 public:
  /// All that is passed must outlive it. Without `guard` no tokens are asked for.
  Links(LinksPlan plan, std::string name, LogId log_id, identity::KeptKey key, WithMesh with_mesh,
        log::Logger& log, access::Guard* guard);
  ~Links();
  Links(const Links&) = delete;
  Links& operator=(const Links&) = delete;

  /// Links out from now on, on the thread that runs `main`.
  void start(asio::io_context& main);
  /// Once `main` has stopped: runs it until the outgoing links have sent what there was. Those that
  /// came in end as connections do.
  void stop(asio::io_context& main);

  /// Serves a connection whose first frame asks for a link; `hello` is that frame's body, and what
  /// follows it is in connection.received().
  asio::awaitable<Status> serve(net::Connection& connection, std::string hello);
  /// The same after a WebSocket handshake with link_subprotocol: nothing was read so far.
  asio::awaitable<Status> serve_websocket(net::Connection& connection);

  /// Links have something to send. With the mesh locked, any thread.
  void wake();
  std::vector<LinkView> views() const;
  std::string fingerprint() const { return key_.fingerprint(); }

 private:
  struct Seat;
  class Outgoing;
  using Refused = std::map<std::string, std::chrono::nanoseconds, std::less<>>;

  LinkParty own() const;
  asio::awaitable<Status> serve(net::Connection& connection, LinkCarrier& carrier,
                                std::string hello);
  asio::awaitable<Status> let_in(net::Connection& connection, LinkCarrier& carrier,
                                 LinkOpening& opening, std::unique_ptr<access::Visit>& visit);
  asio::awaitable<Status> serve_opened(net::Connection& connection, LinkCarrier& carrier,
                                       const LinkParty& peer);
  asio::awaitable<Status> run(Seat& seat, Link& link, const wire::Frame* first);
  void note_refused(const LinkParty& peer, const Error& why);
  Status check_refused(const LinkParty& peer) const;

  const LinksPlan plan_;
  const std::string name_;
  const LogId log_id_;
  const identity::KeptKey key_;
  const WithMesh with_mesh_;
  log::Logger& log_;
  access::Guard* const guard_;
  std::list<Seat> seats_;  // With the mesh locked, as the next one.
  Refused refused_until_;  // By public key.
  std::vector<std::shared_ptr<Outgoing>> outgoing_;
};

}  // namespace netkit::relay
