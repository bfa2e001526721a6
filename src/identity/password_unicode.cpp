// utf8proc_map() would leave copies in freed memory; these are its two halves over memory of ours.
#include "identity/password_unicode.hpp"

#include <openssl/crypto.h>
#include <string>
#include <utf8proc.h>
#include <utility>
#include <vector>

#include "base/utf8.hpp"

namespace netkit::identity {
namespace {

/// Code points on their way through utf8proc: wiped when they go.
struct CodePoints {
  std::vector<utf8proc_int32_t> values;
  explicit CodePoints(std::size_t size) : values(size) {}
  ~CodePoints() { OPENSSL_cleanse(values.data(), values.size() * sizeof values[0]); }
  CodePoints(const CodePoints&) = delete;
  CodePoints& operator=(const CodePoints&) = delete;
};

Result<Secret> mapped(std::string_view text, int options) {
  const Error failed{Errc::not_utf8, "use this password"};
  if (!is_utf8(text)) return failed;
  const auto form = static_cast<utf8proc_option_t>(options);
  const auto* const from = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  const auto from_size = static_cast<utf8proc_ssize_t>(text.size());
  const utf8proc_ssize_t count = utf8proc_decompose(from, from_size, nullptr, 0, form);
  if (count < 0) return failed;
  // One more for the end that utf8proc_reencode() writes.
  CodePoints points{static_cast<std::size_t>(count) + 1};
  utf8proc_int32_t* const to = points.values.data();
  if (utf8proc_decompose(from, from_size, to, count, form) != count) return failed;
  const utf8proc_ssize_t size = utf8proc_reencode(to, count, form);
  if (size < 0) return failed;
  return Secret{std::string{reinterpret_cast<const char*>(to), static_cast<std::size_t>(size)}};
}

}  // namespace

Result<Secret> composed(std::string_view text) {
  return mapped(text, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
}

Result<Secret> folded(std::string_view text) {
  return mapped(text, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD);
}

}  // namespace netkit::identity
