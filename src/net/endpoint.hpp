// Where to connect or listen, as users write it: `[SCHEME://]HOST[:PORT]`, `:PORT`, `[V6]:PORT`,
// `unix:PATH`, `sctp://HOST,HOST:PORT`. Used by every option and argument that names a place.
// Resolves nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace netkit::net {

enum class Scheme { tcp, tls, udp, sctp, ws, wss, unix_ };

std::string_view to_text(Scheme scheme);
/// All names that parse_endpoint() takes in front of "://".
std::span<const std::string_view> scheme_names();

struct Endpoint {
  std::optional<Scheme> scheme;       ///< As written; a command has its own default.
  std::string host;                   ///< Name or address without brackets; empty: all addresses.
  std::optional<std::uint16_t> port;  ///< 0 asks a listener for any free port.
  std::string path;                   ///< unix: the file. ws, wss: the request path, "" for "/".
  /// sctp: further addresses of the same machine, each another way to it.
  std::vector<std::string> more_hosts = {};

  Scheme scheme_or(Scheme fallback) const { return scheme.value_or(fallback); }
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// Errc::usage, with what is wrong and what is expected, for anything that is not an endpoint.
Result<Endpoint> parse_endpoint(std::string_view text);

/// The form parse_endpoint() reads back.
std::string to_text(const Endpoint& endpoint);

/// "HOST:PORT" as a Host field and known_hosts have it, brackets around a v6 address; "localhost"
/// for a unix socket.
std::string authority(const Endpoint& endpoint);

/// `endpoint` with what it lacks filled in; a host that is missing becomes `host`.
Endpoint complete(Endpoint endpoint, Scheme scheme, std::string_view host, std::uint16_t port);

/// The host and those in more_hosts, each as an endpoint of its own.
std::vector<Endpoint> single_hosts(const Endpoint& endpoint);

/// True, of all its hosts, for 127.0.0.0/8, ::1, "localhost" and names below it, and unix sockets
/// (RFC 6761, 6.3).
bool is_loopback(const Endpoint& endpoint);

}  // namespace netkit::net
