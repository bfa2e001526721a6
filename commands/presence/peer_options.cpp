// Declares the options, and tells what they come to.
#include "commands/presence/peer_options.hpp"

#include <unistd.h>

#include "base/file.hpp"
#include "cli/paths.hpp"
#include "commands/presence/porter.hpp"
#include "commands/presence/presenced.hpp"

namespace netkit::presence {
namespace {

constexpr std::string_view no_daemon = "none";

}  // namespace

Status read_value(std::string_view text, DaemonChoice& choice) {
  choice.at.reset();
  if (text == no_daemon) return ok;
  net::Endpoint named;
  if (Status read = cli::read_value(text, named); !read) return read;
  Result<net::Endpoint> at = complete_daemon(named);
  if (!at) return at.error();
  choice.at = std::move(*at);
  return ok;
}

std::string show_value(const DaemonChoice& choice) {
  return choice.at ? net::to_text(*choice.at) : std::string{no_daemon};
}

void declare_peer(cli::Options& options, PeerOptions& peer) {
  options.heading("Presence");
  options
      .value("presenced", peer.presenced, "ENDPOINT",
             "The presence daemon (default: the one at 127.0.0.1:2002, else the one that answers "
             "on the group); none: hear peers directly")
      .completes(cli::Complete::endpoint);
  options.value("group-port", peer.group_port, "N",
                "UDP port of the groups 239.255.42.99 and ff15::4e4b");
  options.flag("no-multicast", peer.no_multicast, "Say and hear nothing on the group");
  options.value("state", peer.state, "DIR", "Where keys are kept, ours and those of known peers")
      .completes(cli::Complete::directory);
  cli::declare_client_limits(options, peer.client);
  cli::declare_token(options, peer.client);
}

Result<std::string> peer_state(const cli::Context& context, const PeerOptions& options) {
  const std::string path = options.state
                               ? *options.state
                               : cli::state_directory(context.environment, "peer", geteuid() == 0);
  if (path.empty())
    return Error{Errc::usage, "find a folder for the state", "give --state DIR or set HOME"};
  if (Status made = make_private_directory(path); !made) return made.error();
  return path;
}

net::MulticastOptions peer_group(const PeerOptions& options) {
  return group_options(options.group_port, !options.no_multicast);
}

Result<net::Endpoint> complete_daemon(const net::Endpoint& endpoint) {
  const net::Endpoint named = net::complete(endpoint, net::Scheme::tcp, "127.0.0.1", port);
  const net::Scheme usual = net::is_loopback(named) ? net::Scheme::tcp : net::Scheme::tls;
  net::Endpoint at = net::complete(endpoint, usual, "127.0.0.1", port);
  if (at.scheme == net::Scheme::tcp || at.scheme == net::Scheme::tls ||
      at.scheme == net::Scheme::unix_)
    return at;
  return Error{Errc::usage, "talk to a presence daemon at " + net::to_text(endpoint),
               "use tcp://, tls:// or unix:"};
}

}  // namespace netkit::presence
