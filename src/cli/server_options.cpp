// Declarations of the options of every server, and what they may be.
#include "cli/server_options.hpp"

#include <cstdint>
#include <fcntl.h>

#include "cli/event_commands.hpp"
#include "cli/events.hpp"

namespace netkit::cli {
namespace {

void declare_tokens(Options& options, ServerOptions& server) {
  options.heading("Who may");
  options
      .value("require-auth", server.require_auth, "ENDPOINT",
             "Serve only who shows a token of the auth service there")
      .completes(Complete::endpoint);
  options.value("auth-grace", server.auth_grace, "DUR",
                "How long known tokens are good while the auth service cannot be reached");
  options
      .value("auth-tls-ca", server.auth_tls_ca, "PATH",
             "Trust only an auth service whose certificate these authorities signed (PEM)")
      .completes(Complete::file);
  options.value("auth-tls-fingerprint", server.auth_tls_fingerprint, "SHA256",
                "Trust only an auth service with this certificate");
}

void declare_watching(Options& options, ServerOptions& server, const Command& command) {
  options.heading("Watching");
  options
      .value("metrics", server.metrics, "ENDPOINT",
             "Show numbers there, for Prometheus and netkit top, at /metrics, and whether it is "
             "well at /healthz; a port alone is one of 127.0.0.1")
      .completes(Complete::endpoint);
  server.events = event_names(command);
  server.command = command.name;
  options
      .values("on", server.on, "EVENT=CMD",
              "Run CMD with the server's rights on each such event of the log (all: on each of "
              "level info and above), which is on its stdin as JSON and in NETKIT_EVENT and "
              "EVENT_*; a reload changes none")
      .completes([&command](const Typed&) {
        std::vector<std::string> candidates{std::string{all_events} + '='};
        for (std::string& name : event_names(command))
          candidates.push_back(name += '=');
        return candidates;
      });
}

}  // namespace

void declare_server(Options& options, ServerOptions& server, const Command& command,
                    const std::string& listen_default, Tokens tokens) {
  options.heading("Server");
  options
      .values("listen", server.listen, "ENDPOINT",
              "Where to listen (default: " + listen_default + ")")
      .completes(Complete::endpoint);
  options.value("state", server.state, "DIR", "Where to keep what must last (mode 0700)")
      .completes(Complete::directory);
  options.flag("auto-port", server.auto_port, "If a port is taken, use the next free one");
  options
      .value("port-file", server.port_file, "PATH",
             "Write the bound endpoints there, one a line, atomically")
      .completes(Complete::file);
  options.value("ready-fd", server.ready_fd, "N",
                "Write one newline to this descriptor once everything listens");
  const std::string& by_machine = server.threads_default;
  Option& threads =
      options.value("threads", server.threads, "N",
                    "Threads that serve connections" +
                        (by_machine.empty() ? by_machine : " (default: " + by_machine + ")"));
  if (!by_machine.empty()) threads.defaults.clear();
  options.flag("daemon", server.daemon, "Detach once everything listens");
  options.value("pid-file", server.pid_file, "PATH", "Keep a locked file with the process id")
      .completes(Complete::file);

  options.heading("Limits");
  options.values("allow", server.allow, "CIDR", "Serve only these networks");
  options.values("deny", server.deny, "CIDR", "Refuse these networks, whatever --allow says");
  options.value("max-message", server.message_size_max, "SIZE", "Largest message");
  options.value("max-connections", server.connections_max, "N",
                "Connections at a time (default: 0.8 of the open-file limit)");
  options.value("idle-timeout", server.idle_limit, "DUR",
                "Close a connection on which nothing moves for so long; 0: never");
  options.value("handshake-timeout", server.handshake_limit, "DUR",
                "How long TLS, HTTP or a greeting may take; 0: for ever");
  options.value("drain", server.drain_limit, "DUR",
                "How long SIGTERM waits for what is in flight; 0: until it is done");

  if (tokens == Tokens::of_auth) declare_tokens(options, server);
  declare_watching(options, server, command);

  options.heading("TLS");
  options.flag("no-tls", server.no_tls, "Never speak TLS");
  options.flag(
      "tls-auto", server.tls_auto,
      "Make a self-signed certificate and keep it in --state; so it is without --tls-cert");
  options.value("tls-cert", server.tls_cert, "PATH", "Certificate chain, PEM")
      .completes(Complete::file);
  options.value("tls-key", server.tls_key, "PATH", "Its private key, PEM")
      .completes(Complete::file);
}

Status check_server(const ServerOptions& options) {
  if (options.threads == 0 || options.threads > net::threads_max)
    return Error{Errc::usage, "run " + std::to_string(options.threads) + " threads",
                 "1 to " + std::to_string(net::threads_max)};
  if (options.tls_cert.has_value() != options.tls_key.has_value())
    return Error{Errc::usage, "use only one of --tls-cert and --tls-key", "give both or neither"};
  if (options.tls_auto && (options.no_tls || options.tls_cert))
    return Error{Errc::usage, "combine --tls-auto with --no-tls or --tls-cert"};
  if (options.message_size_max.bytes > UINT32_MAX)
    return Error{Errc::usage, "take messages of more than 4GiB", "lower --max-message"};
  return check_events(options.on, options.events, options.command);
}

Status check_ready_fd(const ServerOptions& options) {
  if (!options.ready_fd) return ok;
  const int flags = fcntl(*options.ready_fd, F_GETFD);
  if (flags >= 0 && (flags & FD_CLOEXEC) == 0) return ok;
  return Error{Errc::usage, "use --ready-fd " + std::to_string(*options.ready_fd),
               "nothing is open there; in a shell: --ready-fd 7 7>FILE"};
}

void declare_announce(Options& options, ServerOptions& server) {
  options.heading("For others on the LAN");
  options.value("announce", server.announce, "NAME",
                "Announce the server under this name: netkit discover and Tab list it");
  options.value("group-port", server.group_port, "N",
                "UDP port of the groups by which peers find each other");
}

}  // namespace netkit::cli
