// The verbs of `netkit peer`, each made by the file that has it.
#pragma once

#include <memory>

#include "cli/command.hpp"

namespace netkit::presence {

/// The peer itself: on a terminal for a person, else for scripts.
std::unique_ptr<cli::Action> make_peer();
std::unique_ptr<cli::Action> make_listen();
std::unique_ptr<cli::Action> make_list();
std::unique_ptr<cli::Action> make_watch();
std::unique_ptr<cli::Action> make_send();
std::unique_ptr<cli::Action> make_why();
std::unique_ptr<cli::Action> make_forget();

}  // namespace netkit::presence
