// filesrv: lists, gives and takes files, whole or not at all. One server, the verbs that talk to
// it, and the original's menu.
#pragma once

#include <cstdint>
#include <memory>

#include "cli/command.hpp"

namespace netkit::filesrv {

extern const cli::Command command;

inline constexpr std::uint16_t port = 9092;
/// What tickets call this service.
inline constexpr const char* service_name = "filesrv";

std::unique_ptr<cli::Action> make_serve();
std::unique_ptr<cli::Action> make_ls();
std::unique_ptr<cli::Action> make_get();
std::unique_ptr<cli::Action> make_put();
std::unique_ptr<cli::Action> make_time();
std::unique_ptr<cli::Action> make_info();
std::unique_ptr<cli::Action> make_menu();

}  // namespace netkit::filesrv
