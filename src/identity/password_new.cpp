// What guessers try first, by rule: lists alone would miss the year at the end.
#include <algorithm>
#include <cstdlib>
#include <string>

#include "base/code_point.hpp"
#include "identity/password.hpp"
#include "identity/password_list.hpp"
#include "identity/password_unicode.hpp"

namespace netkit::identity {
namespace {

constexpr std::string_view digits = "0123456789";
constexpr std::string_view additions = "0123456789!?.,;:*#$%&@+-_=~^()[]{}<>/|'\"` ";
/// Repeated units up to this many characters are a repetition, not a phrase.
constexpr std::size_t unit_size_max = 4;
/// More of them than this, unless in a row, are worth something themselves.
constexpr std::size_t additions_max = 6;
/// Of neighbouring letters, on average.
constexpr std::size_t run_size_min = 3;
/// User names below this many bytes are in too many words to mean anything.
constexpr std::size_t user_size_min = 3;

Error refused(std::string why) {
  return {Errc::refused, "use this password", std::move(why)};
}

/// Without the digits and signs at its end, and those at its beginning if `front` too.
std::string_view core(std::string_view text, bool front) {
  text = text.substr(0, text.find_last_not_of(additions) + 1);
  if (front) text.remove_prefix(std::min(text.find_first_not_of(additions), text.size()));
  return text;
}

/// The text with the letters that digits and signs stand for: "p4$$w0rd". `one` is what '1' and '!'
/// stand for.
Secret without_swaps(std::string_view text, char one) {
  constexpr std::string_view signs = "@430$57|";
  constexpr std::string_view letters = "aaeosstl";
  std::string plain{text};
  for (char& c : plain) {
    const std::size_t at = signs.find(c);
    if (at != signs.npos) c = letters[at];
    if (c == '1' || c == '!') c = one;
  }
  return Secret{std::move(plain)};
}

/// The unit's own text repeated, the last time perhaps in part.
bool repeats(std::string_view text, std::size_t unit) {
  return text.substr(unit) == text.substr(0, text.size() - unit);
}

bool is_repetition(std::string_view text) {
  std::size_t unit = 0;
  for (std::size_t characters = 0; characters < unit_size_max; ++characters) {
    unit += std::max<std::size_t>(1, decode_code_point(text.substr(unit)).size);
    if (unit * 2 > text.size()) return false;
    if (repeats(text, unit)) return true;
  }
  return text.size() % 2 == 0 && repeats(text, text.size() / 2) &&
         is_common_word(text.substr(0, text.size() / 2));
}

struct Key {
  int row = -10;
  int column = -10;
};

/// Where a letter is on the keyboards that most people have; far from everything if nowhere.
Key key_of(char32_t letter) {
  constexpr std::string_view rows[] = {"`1234567890-=", " qwertyuiop[]", " asdfghjkl;'",
                                       " zxcvbnm,./"};
  if (letter >= 0x80 || letter == ' ') return {};
  for (int row = 0; row < 4; ++row) {
    const std::size_t column = rows[row].find(static_cast<char>(letter));
    if (column != rows[row].npos) return {row, static_cast<int>(column)};
  }
  return {};
}

/// Whether `next` is what a finger or the alphabet has beside `letter`.
bool follows(char32_t letter, char32_t next) {
  if (next == letter || next == letter + 1 || next + 1 == letter) return true;
  const Key from = key_of(letter);
  const Key to = key_of(next);
  return from.row >= 0 && to.row >= 0 && std::abs(from.row - to.row) <= 1 &&
         std::abs(from.column - to.column) <= 1;
}

/// Runs of neighbours: "abcdefgh", "4321dcba", "1qaz2wsx", in runs of three letters or more.
bool is_walk(std::string_view text) {
  std::size_t letters = 0;
  std::size_t jumps = 0;
  char32_t before = 0;
  while (!text.empty()) {
    const CodePoint point = decode_code_point(text);
    if (letters != 0 && !follows(before, point.value)) ++jumps;
    before = point.value;
    ++letters;
    text.remove_prefix(std::max<std::size_t>(1, point.size));
  }
  return (jumps + 1) * run_size_min <= letters;
}

/// As it stands, or with digits and signs for letters.
bool is_disguised_word(std::string_view text) {
  return is_common_word(text) || is_common_word(without_swaps(text, 'l').view()) ||
         is_common_word(without_swaps(text, 'i').view());
}

/// A common word with a little before or behind it. What is at the end is an addition before it is
/// a letter in disguise: "p4ssw0rd1".
bool is_extended_word(std::string_view text) {
  for (const bool front : {false, true}) {
    const std::string_view word = core(text, front);
    if (!is_disguised_word(word)) continue;
    std::string added{text.substr(0, static_cast<std::size_t>(word.data() - text.data()))};
    added += text.substr(added.size() + word.size());
    if (added.size() <= additions_max || is_walk(added) || is_repetition(added)) return true;
  }
  return false;
}

bool is_common(std::string_view text) {
  return is_disguised_word(text) || is_extended_word(text);
}

std::string reversed(std::string_view text) {
  std::string back;
  while (!text.empty()) {
    const std::size_t size = std::max<std::size_t>(1, decode_code_point(text).size);
    back.insert(0, text.substr(0, size));
    text.remove_prefix(size);
  }
  return back;
}

/// The user's name, or its part before an '@', forwards or backwards, whatever is added.
bool is_user(std::string_view text, std::string_view user) {
  if (user.size() < user_size_min) return false;
  const std::string_view word = core(text, true);
  const std::string back = reversed(user);
  for (const std::string_view name : {user, std::string_view{back}}) {
    if (text == name || word == name) return true;
    const std::string_view inner = core(name, true);
    if (inner.size() >= user_size_min && word == inner) return true;
    if (text.starts_with(name) && text.find_first_not_of(digits, name.size()) == text.npos)
      return true;
  }
  const std::size_t at = user.find('@');
  return at != user.npos && is_user(text, user.substr(0, at));
}

}  // namespace

Result<Secret> new_password(std::string_view typed, std::string_view user) {
  auto normal = normal_password(typed);
  if (!normal) return normal;
  const auto plain = folded(normal->view());
  if (!plain) return plain.error();
  const std::string_view text = plain->view();
  const auto name = folded(user.substr(0, password_size_max));
  if (name && is_user(text, name->view())) return refused("it is the user's name");
  if (is_repetition(text)) return refused("it repeats a few characters");
  if (is_common(text)) return refused("it is one of the most common ones");
  if (is_walk(text)) return refused("it is a row of letters, digits or keys");
  return normal;
}

}  // namespace netkit::identity
