// Normalization by utf8proc, and the list of what a name may not hold.
#include "identity/name.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utf8proc.h>

#include "base/code_point.hpp"
#include "base/hex.hpp"
#include "base/utf8.hpp"

namespace netkit::identity {
namespace {

// What logs and lists show where no account is meant. In the form of name_key().
constexpr std::array<std::string_view, 2> reserved_keys{"(unknown)", "admin socket"};
constexpr std::array<std::string_view, 3> token_prefixes{"nk_", "nkt_", "nkd_"};

Error bad_name(std::string why) {
  return {Errc::usage, "take that name", std::move(why)};
}

std::optional<std::string> mapped(std::string_view text, int options) {
  utf8proc_uint8_t* made = nullptr;
  const utf8proc_ssize_t size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                             static_cast<utf8proc_ssize_t>(text.size()), &made,
                                             static_cast<utf8proc_option_t>(options));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner{made, &std::free};
  if (size < 0) return std::nullopt;
  return std::string{reinterpret_cast<const char*>(made), static_cast<std::size_t>(size)};
}

/// Why a name cannot hold this character; nullptr if it can.
const char* objection(char32_t point) {
  const auto value = static_cast<utf8proc_int32_t>(point);
  switch (utf8proc_category(value)) {
    case UTF8PROC_CATEGORY_CN: return "it has a character that Unicode does not know";
    case UTF8PROC_CATEGORY_CO: return "it has a character for private use";
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP: return "it has a control character";
    case UTF8PROC_CATEGORY_CF: return "it has an invisible character";
    case UTF8PROC_CATEGORY_ZS:
      return point == U' ' ? nullptr : "it has white space that is no ordinary space";
    default: break;
  }
  // U+2800 is a pattern of Braille without dots: a symbol, but nobody sees it.
  const bool hidden = utf8proc_get_property(value)->ignorable || point == U'\u2800';
  return hidden || !is_safe_to_show(point) ? "it has an invisible character" : nullptr;
}

bool is_mark(char32_t point) {
  const utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(point));
  return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC ||
         category == UTF8PROC_CATEGORY_ME;
}

Status check_characters(std::string_view name) {
  std::size_t length = 0;
  for (std::string_view rest = name; !rest.empty(); ++length) {
    const CodePoint character = decode_code_point(rest);
    if (const char* why = objection(character.value)) return bad_name(why);
    if (length == 0 && is_mark(character.value))
      return bad_name("it starts with a mark that belongs on a letter");
    rest.remove_prefix(character.size);
  }
  if (length > name_length_max)
    return bad_name("it has " + std::to_string(length) + " characters, and " +
                    std::to_string(name_length_max) + " are the most");
  return ok;
}

}  // namespace

Result<std::string> normal_name(std::string_view typed) {
  if (typed.empty()) return bad_name("it is empty");
  if (typed.size() > name_typed_size_max)
    return bad_name("it has more than " + std::to_string(name_length_max) + " characters");
  if (!is_utf8(typed)) return Error{Errc::not_utf8, "take that name"};
  const std::optional<std::string> name = mapped(typed, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  if (!name) return Error{Errc::not_utf8, "take that name"};
  if (Status checked = check_characters(*name); !checked) return checked.error();
  if (name->starts_with(' ') || name->ends_with(' '))
    return bad_name("it has a space at one of its ends");
  if (name->find("  ") != std::string::npos) return bad_name("it has two spaces in a row");
  const auto is_prefix = [&](std::string_view prefix) { return name->starts_with(prefix); };
  if (std::any_of(token_prefixes.begin(), token_prefixes.end(), is_prefix))
    return bad_name("it looks like a token, which should be kept secret");
  return *name;
}

std::string name_key(std::string_view normal) {
  constexpr int casefold =
      UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE;
  return mapped(normal, casefold).value_or(std::string{});
}

Status check_user_name(std::string_view normal) {
  if (normal.find(':') != std::string_view::npos) return bad_name("a user's name has no ':'");
  const std::string key = name_key(normal);
  if (key.size() == 32 && from_hex(key)) return bad_name("it looks like the id of a session");
  if (std::find(reserved_keys.begin(), reserved_keys.end(), key) != reserved_keys.end())
    return bad_name("the service uses it itself");
  return ok;
}

}  // namespace netkit::identity
