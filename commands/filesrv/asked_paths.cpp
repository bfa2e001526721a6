// Patterns of whole paths, and the part of a path that becomes a name here.
#include "commands/filesrv/asked_paths.hpp"

#include <vector>

#include "transfer/glob.hpp"
#include "transfer/path.hpp"

namespace netkit::filesrv {
namespace {

/// Component by component; ** is any number of them. Time and memory are the product of the two.
bool matches_path(std::string_view pattern, std::string_view path) {
  const std::vector<std::string_view> wanted = transfer::components(pattern);
  const std::vector<std::string_view> parts = transfer::components(path);
  // Whether the rest of the pattern matches the path from each of its components on.
  std::vector<bool> rest(parts.size() + 1, false);
  rest.back() = true;
  for (std::size_t i = wanted.size(); i-- > 0;) {
    std::vector<bool> now(parts.size() + 1, false);
    const bool any = wanted[i] == "**";
    now.back() = any && rest.back();
    for (std::size_t j = parts.size(); j-- > 0;)
      now[j] = any ? rest[j] || now[j + 1] : rest[j + 1] && transfer::matches(wanted[i], parts[j]);
    rest = std::move(now);
  }
  return rest.front();
}

}  // namespace

bool is_answer_to(std::string_view asked, bool recursive, std::string_view path, std::size_t base) {
  if (base >= path.size() || (base > 0 && path[base - 1] != '/')) return false;
  // What was asked for is called here as its last component is; all behind that lies in it.
  const std::string_view top = path.substr(0, path.find('/', base));
  if (top.size() < path.size() && !recursive) return false;
  if (asked.empty()) return recursive && base == 0;
  return top == asked || (transfer::has_wildcards(asked) && matches_path(asked, top));
}

}  // namespace netkit::filesrv
