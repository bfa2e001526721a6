// One pass over the bytes; nothing is normalised, as what has to be normalised is refused.
#include "transfer/path.hpp"

#include <algorithm>
#include <cstddef>

#include "base/hex.hpp"
#include "base/text.hpp"
#include "transfer/limits.hpp"

namespace netkit::transfer {
namespace {

/// An encoded byte takes three.
constexpr std::size_t url_size_max = 3 * path_size_max + 1;

Error refusal(std::string why) {
  return {Errc::malformed, "use that path", std::move(why)};
}

/// RFC 3986, 2.3; and the slash, as what is written is a path.
bool stays_in_url(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view{"-._~/"}.find(c) != std::string_view::npos;
}

}  // namespace

Status check_name(std::string_view name) {
  if (name.empty()) return refusal("it has a component without a name");
  if (name.size() > name_size_max) return refusal("a name in it is too long");
  if (name == "." || name == "..") return refusal("it has a component of dots");
  if (name.find('\0') != std::string_view::npos) return refusal("it has a NUL");
  if (name.find('/') != std::string_view::npos) return refusal("a name has a slash");
  return ok;
}

Status check_path(std::string_view path) {
  if (path.empty()) return ok;
  if (path.size() > path_size_max) return refusal("it is too long");
  if (std::ranges::count(path, '/') >= std::ptrdiff_t{depth_max}) return refusal("it is too deep");
  for (const std::string_view name : split(path, '/'))
    if (const Status checked = check_name(name); !checked) return checked;
  return ok;
}

std::vector<std::string_view> components(std::string_view path) {
  return path.empty() ? std::vector<std::string_view>{} : split(path, '/');
}

std::string join_path(std::string_view folder, std::string_view name) {
  std::string path;
  path.reserve(folder.size() + 1 + name.size());
  path.append(folder);
  if (!folder.empty() && !name.empty()) path.push_back('/');
  return path.append(name);
}

Split split_path(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return {{}, path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

Result<std::string> path_of_text(std::string_view text) {
  if (text.starts_with("./"))
    text.remove_prefix(2);
  else if (text.starts_with('/'))
    text.remove_prefix(1);
  if (text.ends_with('/')) text.remove_suffix(1);
  if (const Status checked = check_path(text); !checked) return checked.error();
  return std::string{text};
}

Result<std::string> path_of_url(std::string_view target) {
  if (target.size() > url_size_max) return refusal("it is too long");
  if (target.starts_with('/')) target.remove_prefix(1);
  std::string path;
  path.reserve(target.size());
  for (std::size_t at = 0; at < target.size(); ++at) {
    if (target[at] != '%') {
      path.push_back(target[at]);
      continue;
    }
    const auto byte = from_hex(target.substr(at + 1, 2));
    if (!byte || byte->size() != 1) return refusal("a % in it is not followed by two digits");
    if (byte->front() == '/') return refusal("it has an encoded slash");
    path.append(*byte);
    at += 2;
  }
  if (const Status checked = check_path(path); !checked) return checked.error();
  return path;
}

std::string url_of_path(std::string_view path) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string url;
  url.reserve(path.size());
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (stays_in_url(c))
      url.push_back(c);
    else
      url.append({'%', digits[byte >> 4], digits[byte & 0xf]});
  }
  return url;
}

}  // namespace netkit::transfer
