// The completion scripts of the shells, printed by `netkit completion` and kept in completions/.
#pragma once

#include <string_view>

namespace netkit::cli {

std::string_view bash_completion();
std::string_view zsh_completion();
std::string_view fish_completion();

}  // namespace netkit::cli
