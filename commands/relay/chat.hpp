// chat: the client of relay, for people on a terminal and for scripts.
#pragma once

#include "cli/command.hpp"

namespace netkit::relay {

extern const cli::Command chat_command;

}  // namespace netkit::relay
