// The verbs of relay that ask a running one. Each asks one thing and prints the answer.
#pragma once

#include <memory>

#include "cli/command.hpp"

namespace netkit::relay {

std::unique_ptr<cli::Action> make_status();
std::unique_ptr<cli::Action> make_check();
std::unique_ptr<cli::Action> make_kick();
std::unique_ptr<cli::Action> make_mute();
std::unique_ptr<cli::Action> make_unmute();
std::unique_ptr<cli::Action> make_ban();
std::unique_ptr<cli::Action> make_unban();
std::unique_ptr<cli::Action> make_bans();

}  // namespace netkit::relay
