// Where things are kept: state directories and known_hosts, by the rules of INTERFACE.md and the
// XDG Base Directory Specification. Pure: creates nothing.
#pragma once

#include <string>
#include <string_view>

#include "config/resolve.hpp"

namespace netkit::cli {

/// $STATE_DIRECTORY (its first entry), else $XDG_STATE_HOME/netkit/COMMAND, else for root
/// /var/lib/netkit/COMMAND, else ~/.local/state/netkit/COMMAND; "" when none of them is known.
std::string state_directory(const config::Environment& environment, std::string_view command,
                            bool root);

/// known_hosts beside the state of all commands.
std::string known_hosts_path(const config::Environment& environment);

/// The file of sign-ins (login_store.hpp) beside it.
std::string logins_path(const config::Environment& environment);

/// `path` made independent of the working directory, which a daemon leaves.
std::string absolute_path(const std::string& path);

}  // namespace netkit::cli
