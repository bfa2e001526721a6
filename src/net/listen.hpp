// Opens the sockets that a server listens on: addresses resolved, ports proved free, one socket a
// thread where the kernel can spread connections. Serves nothing itself.
#pragma once

#include <string>
#include <vector>

#include "base/file.hpp"
#include "base/result.hpp"
#include "net/endpoint.hpp"
#include "net/sctp_choice.hpp"
#include "net/service_manager.hpp"

namespace netkit::net {

struct ListenOptions {
  unsigned threads = 1;    ///< Sockets an address, with SO_REUSEPORT where that is possible.
  bool auto_port = false;  ///< If the port is taken, use the next free one.
  SctpChoice sctp = SctpChoice::automatic;
};

/// What one --listen became.
struct Listening {
  Endpoint endpoint;  ///< With the scheme, the numeric address and the port that are in use.
  /// By address, then by thread: sockets[address][thread]. A unix socket has one for all threads.
  /// sctp: first its UDP sockets, then one of the kernel's SCTP for all addresses and threads.
  std::vector<std::vector<FileDescriptor>> sockets;
  std::string unlink_path;  ///< A unix socket's file, to be removed at the end; else empty.
};

/// Binds and listens. `wanted` has scheme and port; an empty host means all addresses, v6 and v4.
/// A taken port is address_in_use, a name that does not resolve Errc::name_not_found. Of several
/// servers that start on one unix path at a time one gets it.
Result<Listening> open_listening(const Endpoint& wanted, const ListenOptions& options);

/// What a service manager passed, ready to serve. Its scheme is the name it was given if that is
/// one, else that of a `configured` endpoint with the same port or path, else tcp, udp or unix.
/// Errc::usage for a descriptor that is no bound socket of a kind we know.
Result<Listening> adopt(PassedSocket passed, const std::vector<Endpoint>& configured);

}  // namespace netkit::net
