// relay and chat: text chat over any number of linked servers, nothing lost, nothing twice.
#pragma once

#include <cstdint>
#include <memory>

#include "cli/command.hpp"

namespace netkit::relay {

extern const cli::Command relay_command;

inline constexpr std::uint16_t port = 2000;
/// The unix socket in the state directory: whoever can open it administrates.
inline constexpr const char* admin_socket_name = "admin.sock";
/// What tickets call this service.
inline constexpr const char* service_name = "relay";

std::unique_ptr<cli::Action> make_serve();

}  // namespace netkit::relay
