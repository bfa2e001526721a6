// Typed passwords: what is accepted at all, in the form in which it is compared.
#include <algorithm>
#include <string>

#include "base/utf8.hpp"
#include "identity/password.hpp"
#include "identity/password_unicode.hpp"

namespace netkit::identity {
namespace {

/// A text in NFC can take three times its bytes when it is typed decomposed, never more (Unicode
/// Standard Annex 15, on expansion: U+0390).
constexpr std::size_t typed_size_max = 3 * password_size_max;

Error unusable(std::string why) {
  return {Errc::usage, "use this password", std::move(why)};
}

Error too_long() {
  return unusable("it has more than " + std::to_string(password_size_max) + " bytes");
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

}  // namespace

Result<Secret> normal_password(std::string_view typed) {
  if (typed.size() > typed_size_max) return too_long();
  if (!is_utf8(typed)) return Error{Errc::not_utf8, "use this password"};
  if (std::ranges::any_of(typed, is_control)) return unusable("it has a control character");
  auto normal = composed(typed);
  if (!normal) return normal;
  if (normal->size() > password_size_max) return too_long();
  if (normal->size() < password_size_min)
    return unusable("it has less than " + std::to_string(password_size_min) + " bytes");
  return normal;
}

}  // namespace netkit::identity
