// The command doctor: what this machine can do, a line a finding, with what to do about it.
#pragma once

#include "cli/command.hpp"

namespace netkit::doctor {

extern const cli::Command command;

}  // namespace netkit::doctor
