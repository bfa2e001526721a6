// Runs a service as a server from the outside in: sockets, certificates, state, daemon, readiness,
// signals, service manager. Every command that serves calls it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "access/guard.hpp"
#include "base/result.hpp"
#include "cli/command.hpp"
#include "cli/server_options.hpp"
#include "net/server.hpp"

namespace netkit::cli {

class Gauges;

/// Where a server can be reached, for those that announce it.
struct Doors {
  std::vector<net::Endpoint> bound;  ///< As listened on, with the port that was got.
  std::string certificate;           ///< SHA-256 of the one shown, 32 bytes; empty: none.
};

struct ServePlan {
  /// Used when no --listen is given; each with scheme and port.
  std::vector<net::Endpoint> default_listen;
  /// Besides all others, and told to nobody: the way in for verbs on the same machine.
  std::vector<net::Endpoint> private_listen;
  net::Scheme default_scheme = net::Scheme::tcp;
  std::uint16_t default_port = 0;
  net::Service service;
  /// With --require-auth: who checks tokens, before on_start; it goes after the last connection.
  /// Without this function the option is refused.
  std::function<void(access::Guard&)> on_guard;
  /// Before on_start, and again when a reload changed the certificate.
  std::function<void(const Doors&)> on_doors;
  /// Before the first connection, in the process and on the thread that will serve: opens what a
  /// daemon's fork would break. An error ends the start.
  std::function<Status(net::Server&)> on_start;
  /// After the last connection was told to end and before the server goes.
  std::function<void()> on_stop;
  /// What /metrics shows besides what all servers have (cli/metrics.hpp), on the main thread; after
  /// on_start, and never after on_stop.
  std::function<void(Gauges&)> on_metrics;
  std::uint64_t serve_only = 0;  ///< Connections after which to drain; 0: never.
};

/// Serves until a signal ends it. Prints "listening on ENDPOINT" to stdout for each listener.
Status serve(Context& context, ServerOptions& options, ServePlan plan);

/// The state directory of this command: --state, else by paths.hpp. Created with mode 0700.
Result<std::string> make_state_directory(const Context& context, const ServerOptions& options);

}  // namespace netkit::cli
