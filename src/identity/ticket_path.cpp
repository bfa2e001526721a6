// Nothing is resolved: a path that would need it is not plain.
#include "identity/ticket_path.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "base/utf8.hpp"

namespace netkit::identity {
namespace {

bool is_component(std::string_view name) {
  return !name.empty() && name != "." && name != "..";
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

}  // namespace

std::optional<std::string> plain_path(std::string_view path) {
  if (path.empty() || !is_utf8(path) || std::ranges::any_of(path, is_control)) return std::nullopt;
  if (path == "/") return "/";
  if (path.front() == '/') path.remove_prefix(1);
  if (path.ends_with('/')) path.remove_suffix(1);
  if (!std::ranges::all_of(split(path, '/'), is_component)) return std::nullopt;
  return "/" + std::string{path};
}

bool is_within(std::string_view inner, std::string_view outer) {
  if (outer == "/") return true;
  return inner.starts_with(outer) && (inner.size() == outer.size() || inner[outer.size()] == '/');
}

}  // namespace netkit::identity
