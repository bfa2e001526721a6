// The limits of one server, for its connections and itself. A reload replaces them as a whole. A
// time that has no limit is nanoseconds::max().
#pragma once

#include <chrono>
#include <cstdint>

#include "net/address.hpp"
#include "net/limits.hpp"

namespace netkit::net {

struct ServerOptions {
  unsigned threads = 1;
  std::uint64_t connections_max = 1000;
  std::chrono::nanoseconds handshake_limit = net::handshake_limit;
  std::chrono::nanoseconds idle_limit = std::chrono::nanoseconds::max();
  std::chrono::nanoseconds drain_limit = net::drain_limit;
  std::size_t message_size_max = 16 * 1024 * 1024;
  AccessList access;
  std::uint64_t serve_only = 0;  ///< Drain after this many connections; 0: never.
};

}  // namespace netkit::net
