// The command presenced: who is here, for everybody who asks. The rest of the folder is its parts.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "cli/command.hpp"

namespace netkit::presence {

extern const cli::Command presenced_command;

inline constexpr std::string_view service_name = "presence";
inline constexpr std::uint16_t port = 2002;       ///< tcp: frames, lines, WebSocket.
inline constexpr std::uint16_t sctp_port = 2004;  ///< Heartbeats.
inline constexpr const char* admin_socket_name = "admin.sock";
inline constexpr const char* pid_file_name = "presenced.pid";
inline constexpr const char* log_file_name = "multiproto.log";

std::unique_ptr<cli::Action> make_run();
std::unique_ptr<cli::Action> make_start();
std::unique_ptr<cli::Action> make_stop();
std::unique_ptr<cli::Action> make_restart();
std::unique_ptr<cli::Action> make_status();

}  // namespace netkit::presence
