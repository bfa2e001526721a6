// How a server tells the LAN that it is here. The words are those of presence, which commands know
// and this layer does not: the table's row of presence brings them.
#pragma once

#include <cstdint>
#include <string>

#include "net/endpoint.hpp"

namespace netkit::cli {

/// What is said of a server.
struct Announced {
  std::string name;         ///< For people.
  net::Endpoint endpoint;   ///< Bound; its host is as others see it.
  std::string certificate;  ///< SHA-256, binary; empty without TLS.
  std::string state;        ///< The folder of the server: its key is kept there.
  std::uint16_t group_port = 0;
};

/// Begins at once, on the io_context that it was made with, and ends before that. What others read
/// as the service is the command's name.
class Announcer {
 public:
  virtual ~Announcer() = default;
  /// The server has another certificate now.
  virtual void renew(const std::string& certificate) = 0;
  virtual void leave() = 0;
  /// The loop has ended: runs it on until the last words are gone, for half a second at most.
  virtual void finish() = 0;
};

}  // namespace netkit::cli
