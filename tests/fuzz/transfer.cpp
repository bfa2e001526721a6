// Fuzzes paths and patterns of peers. Input: a text, a NUL, a name; without a NUL it is both. What
// passes the gate leads nowhere else, has one spelling in a URL, and matches itself.
#include <cstdint>
#include <string>
#include <string_view>

#include "tests/support/feed.hpp"
#include "transfer/glob.hpp"
#include "transfer/limits.hpp"
#include "transfer/path.hpp"

using namespace netkit;
using namespace netkit::transfer;

namespace {

void check_passed(std::string_view path) {
  tests::demand(path.size() <= path_size_max, "the limit of bytes holds");
  tests::demand(static_cast<bool>(check_path(path)), "what passed once passes again");
  const auto names = components(path);
  tests::demand(names.size() <= depth_max, "the limit of depth holds");
  std::string joined;
  for (const std::string_view name : names) {
    tests::demand(static_cast<bool>(check_name(name)), "each component is a name");
    tests::demand(name != ".." && name != "." && !name.empty(), "none leads elsewhere");
    tests::demand(name.find_first_of(std::string_view{"/\0", 2}) == std::string_view::npos,
                  "a name is one component for the kernel, too");
    joined = join_path(joined, name);
  }
  tests::demand(joined == path, "components and join_path are inverse");
  const Split split = split_path(path);
  tests::demand(join_path(split.folder, split.name) == path, "so are split_path and join_path");

  const std::string url = "/" + url_of_path(path);
  const auto back = path_of_url(url);
  tests::demand(back && *back == path, "a URL comes back");
  tests::demand(url.find_first_of(std::string_view{" \"'<>&?#\r\n\\"}) == std::string::npos,
                "a URL can stand anywhere");
}

template <typename T>
void check_refused(const Result<T>& result) {
  tests::demand(result.error().code == Errc::malformed, "it is malformed and nothing else");
}

void check_paths(std::string_view text) {
  if (const auto checked = check_path(text))
    check_passed(text);
  else
    check_refused(checked);
  for (const auto& path : {path_of_text(text), path_of_url(text)})
    if (path)
      check_passed(*path);
    else
      check_refused(path);
}

void check_patterns(std::string_view pattern, std::string_view name) {
  const bool fits = matches(pattern, name);
  if (!has_wildcards(pattern))
    tests::demand(fits == (unescape(pattern) == name), "without wildcards only itself fits");
  tests::demand(matches("*", name) == !name.starts_with('.'), "* is any name but hidden ones");
  std::string escaped;
  for (const char c : name)
    escaped.append({'\\', c});
  tests::demand(!has_wildcards(escaped), "what is escaped is no wildcard");
  tests::demand(unescape(escaped) == name, "unescape takes escapes off");
  tests::demand(matches(escaped, name), "an escaped name fits itself");
  tests::demand(matches(escaped + "*", name), "and with nothing behind it");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  check_paths(bytes);
  const std::string_view text = bytes.substr(0, bytes.find('\0'));
  check_paths(text);
  check_patterns(text, text.size() < size ? bytes.substr(text.size() + 1) : text);
  return 0;
}
