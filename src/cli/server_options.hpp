// The options that every server has (INTERFACE.md, "Every server"), declared once.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "cli/options.hpp"
#include "cli/reactions.hpp"
#include "net/limits.hpp"

namespace netkit::cli {

struct ServerOptions {
  std::vector<net::Endpoint> listen;
  std::optional<std::string> state;
  bool no_tls = false;
  bool tls_auto = false;
  std::optional<std::string> tls_cert;
  std::optional<std::string> tls_key;
  std::vector<net::Network> allow;
  std::vector<net::Network> deny;
  Size message_size_max{16 * 1024 * 1024};
  bool auto_port = false;
  std::optional<std::string> port_file;
  std::optional<int> ready_fd;
  std::optional<std::uint64_t> connections_max;
  TimeLimit idle_limit;
  TimeLimit handshake_limit{net::handshake_limit};
  TimeLimit drain_limit{net::drain_limit};
  unsigned threads = 1;
  std::string threads_default;  ///< In words, where the machine decides.
  std::optional<net::Endpoint> require_auth;
  Duration auth_grace = std::chrono::minutes{5};
  std::optional<std::string> auth_tls_ca;
  std::optional<std::string> auth_tls_fingerprint;
  std::optional<std::string> announce;
  std::uint16_t group_port = net::presence_group_port;
  std::optional<net::Endpoint> metrics;
  std::vector<Reaction> on;
  std::vector<std::string> events;  ///< Those that --on may name, sorted.
  std::string command;              ///< Whose they are.
  bool daemon = false;
  std::optional<std::string> pid_file;
};

/// Whose tokens a server takes: those of an auth service, if it is told to, or none but its own,
/// and then there are no options for it.
enum class Tokens { of_auth, own };

/// Of `command`; `listen_default` is what help says about --listen.
void declare_server(Options& options, ServerOptions& server, const Command& command,
                    const std::string& listen_default, Tokens tokens = Tokens::of_auth);

/// Errc::usage for values that make no sense, alone or together.
Status check_server(const ServerOptions& options);
/// To be looked at before anything is opened: a number that nobody passed would be one of our own
/// soon.
Status check_ready_fd(const ServerOptions& options);

/// For those that others may look for: --announce and its group.
void declare_announce(Options& options, ServerOptions& server);

}  // namespace netkit::cli
