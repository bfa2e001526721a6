// Joining and splitting at spaces, which no scope has.
#include "commands/auth/packed_scopes.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "commands/auth/vault.hpp"

namespace netkit::auth {

Result<std::string> packed_scopes(std::vector<std::string> scopes) {
  std::sort(scopes.begin(), scopes.end());
  scopes.erase(std::unique(scopes.begin(), scopes.end()), scopes.end());
  for (const std::string& scope : scopes)
    if (scope.empty() || scope.find(' ') != std::string::npos)
      return Error{std::make_error_code(std::errc::invalid_argument),
                   "keep the scope '" + escape_for_display(scope) + "'"};
  if (scopes.size() > scopes_per_account_max)
    return Error{Errc::too_large, "keep the scopes",
                 std::to_string(scopes_per_account_max) + " an account are the most"};
  return join(scopes, " ");
}

std::vector<std::string> unpacked_scopes(std::string_view packed) {
  if (packed.empty()) return {};
  const std::vector<std::string_view> words = split(packed, ' ');
  return {words.begin(), words.end()};
}

}  // namespace netkit::auth
