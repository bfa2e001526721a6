// utf8proc_map() would leave copies in freed memory; these are its two halves over memory of ours.
#include "identity/password_unicode.hpp"

#include <openssl/crypto.h>
#include <string>
#include <utf8proc.h>
#include <utility>
#include <vector>

#include "base/code_point.hpp"
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

constexpr int marks_max = 30;

bool has_too_many_marks(std::string_view text) {
  int marks = 0;
  while (!text.empty() && marks <= marks_max) {
    const CodePoint point = decode_code_point(text);
    const auto* const property = utf8proc_get_property(static_cast<utf8proc_int32_t>(point.value));
    marks = property->combining_class == 0 ? 0 : marks + 1;
    text.remove_prefix(point.size);
  }
  return marks > marks_max;
}

Result<Secret> mapped(std::string_view text, int options) {
  const Error failed{Errc::not_utf8, "use this password"};
  if (!is_utf8(text)) return failed;
  if (has_too_many_marks(text))
    return Error{Errc::usage, "use this password", "a letter of it has more than 30 marks"};
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
