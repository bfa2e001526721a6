// Unit files of systemd from the table of services: hardened, so that a server that is taken over
// reaches its state and its sockets, and nothing else. Pure: data in, text out.
#pragma once

#include <string>
#include <string_view>

#include "commands/install/services.hpp"

namespace netkit::install {

/// Whether `program` can stand in a unit: an absolute path without quotes, backslashes and control
/// characters, which systemd refuses.
bool fits_unit(std::string_view program);

/// netkit-NAME.service; `program`, which fits_unit(), is where netkit is.
std::string service_unit(const Service& service, std::string_view program);

/// netkit-NAME.socket, for a service that has one.
std::string socket_unit(const Service& service);

}  // namespace netkit::install
