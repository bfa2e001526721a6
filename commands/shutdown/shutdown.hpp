// shutdown-server and shutdown-agent: turn hosts off, and know that they are off. Administrators
// run the one, every host that may be turned off the other.
#pragma once

#include <cstdint>
#include <memory>

#include "cli/command.hpp"

namespace netkit::shutdown {

extern const cli::Command server_command;
extern const cli::Command agent_command;

inline constexpr std::uint16_t port = 8765;
/// The unix socket in the state directory through which verbs find the running server.
inline constexpr const char* admin_socket_name = "admin.sock";

std::unique_ptr<cli::Action> make_serve();
std::unique_ptr<cli::Action> make_list();
std::unique_ptr<cli::Action> make_order();
std::unique_ptr<cli::Action> make_cancel();
std::unique_ptr<cli::Action> make_history();
std::unique_ptr<cli::Action> make_wake();
std::unique_ptr<cli::Action> make_enrol();

}  // namespace netkit::shutdown
