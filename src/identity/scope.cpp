// Plain comparison of words: there is nothing in a scope to interpret.
#include "identity/scope.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace netkit::identity {
namespace {

bool is_word(std::string_view word) {
  return !word.empty() &&
         word.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == word.npos;
}

Error not_a_scope(std::string_view scope, std::string why) {
  return {Errc::usage,
          "take \"" + escape_for_display(scope.substr(0, scope_size_max)) + "\" as a scope",
          std::move(why)};
}

}  // namespace

Status check_scope(std::string_view scope) {
  if (scope.size() > scope_size_max)
    return not_a_scope(scope, "a scope has " + std::to_string(scope_size_max) + " bytes at most");
  if (!std::ranges::all_of(split(scope, ':'), is_word))
    return not_a_scope(scope, "a scope is words of a-z, 0-9 and '-' joined by ':'");
  return ok;
}

bool grants(std::span<const std::string> held, std::string_view wanted) {
  if (wanted.empty()) return false;
  return std::ranges::any_of(held, [wanted](const std::string& scope) {
    if (scope == "admin" || scope == wanted) return true;
    return !scope.empty() && wanted.starts_with(scope) && wanted[scope.size()] == ':';
  });
}

}  // namespace netkit::identity
