// The options that every verb of `netkit peer` has: where the presence daemon is, the group, our
// state. What follows from them is decided here alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "cli/client.hpp"
#include "cli/command.hpp"
#include "net/limits.hpp"
#include "net/multicast.hpp"

namespace netkit::presence {

/// --presenced: an endpoint, or the word "none".
struct DaemonChoice {
  std::optional<net::Endpoint> at;  ///< Complete; empty: no daemon is looked for.

  friend bool operator==(const DaemonChoice&, const DaemonChoice&) = default;
};
Status read_value(std::string_view text, DaemonChoice& choice);
std::string show_value(const DaemonChoice& choice);

struct PeerOptions {
  std::optional<DaemonChoice> presenced;  ///< Empty: this machine's, then who answers on the group.
  std::uint16_t group_port = net::presence_group_port;
  bool no_multicast = false;
  std::optional<std::string> state;
  cli::ClientOptions client;  ///< Limits, trust and tokens; its endpoint is not used.

  bool wants_daemon() const { return !presenced || presenced->at; }
};

/// --presenced, --group-port, --no-multicast, --state, and those of every client.
void declare_peer(cli::Options& options, PeerOptions& peer);

/// The folder of known_peers and of keys, by --state or .../netkit/peer; made with mode 0700.
Result<std::string> peer_state(const cli::Context& context, const PeerOptions& options);

/// Without any group under --no-multicast.
net::MulticastOptions peer_group(const PeerOptions& options);

/// Scheme, host and port filled in: tcp on this machine, else tls, as chat chooses. Errc::usage for
/// a scheme by which a daemon is not talked to.
Result<net::Endpoint> complete_daemon(const net::Endpoint& endpoint);

}  // namespace netkit::presence
