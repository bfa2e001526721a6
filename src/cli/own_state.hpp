// What servers begin with that keep a state and have verbs on the same machine: a folder that no
// other process runs on, and doors at one port and at the admin socket in that folder.
#pragma once

#include <cstdint>
#include <string>

#include "cli/serve.hpp"
#include "store/lock.hpp"

namespace netkit::cli {

struct OwnState {
  std::string folder;  ///< Absolute: a daemon leaves the folder it was started in.
  store::StateLock lock;
};

/// The folder of make_state_directory(). Errc::busy if another process runs on it.
Result<OwnState> take_state(const Context& context, const ServerOptions& options);

/// By default on that port alone. TLS is told from clear text by the first bytes.
ServePlan plan_at(net::Scheme scheme, std::uint16_t port);
/// The same, and besides on the unix socket `admin_path`.
ServePlan plan_with_admin(net::Scheme scheme, std::uint16_t port, const std::string& admin_path);

}  // namespace netkit::cli
