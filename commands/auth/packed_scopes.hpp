// The scopes of an account as one text, which is how both vaults keep them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace netkit::auth {

/// Sorted, each once, a space between. EINVAL for a word that this would take for several.
Result<std::string> packed_scopes(std::vector<std::string> scopes);
std::vector<std::string> unpacked_scopes(std::string_view packed);

}  // namespace netkit::auth
