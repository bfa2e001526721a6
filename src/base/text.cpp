// Cutting and comparing ASCII, escaping for display, and the edit distance behind "did you mean".
#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>

#include "base/code_point.hpp"

namespace netkit {
namespace {

// A longer word is no typing mistake of one of ours, and the distance costs length x length.
constexpr std::size_t word_size_max = 64;

constexpr std::string_view white_space = " \t\r\n\v\f";

char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

void append_escaped_byte(std::string& to, char byte) {
  constexpr char digits[] = "0123456789abcdef";
  if (byte == '\n') {
    to += "\\n";
  } else if (byte == '\t') {
    to += "\\t";
  } else if (byte == '\\') {
    to += "\\\\";
  } else {
    const auto value = static_cast<unsigned char>(byte);
    to += {'\\', 'x', digits[value >> 4], digits[value & 15]};
  }
}

// Of a hexadecimal digit; -1 for what is none.
int value_of_digit(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  const char small = lower(digit);
  return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

// Levenshtein's distance with swapped neighbours as one edit (optimal string alignment); letters
// that differ only in case are equal.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j)
    last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t other = lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1;
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + other});
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
          lower(a[i - 2]) == lower(b[j - 1]))
        row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

}  // namespace

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(white_space);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(white_space) - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string join(std::span<const std::string> parts, std::string_view separator) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) text += separator;
    text += parts[i];
  }
  return text;
}

std::string to_lower_ascii(std::string_view text) {
  std::string lowered{text};
  std::transform(lowered.begin(), lowered.end(), lowered.begin(), lower);
  return lowered;
}

bool equal_ignoring_case(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

std::string escape_for_display(std::string_view bytes) {
  std::string shown;
  shown.reserve(bytes.size());
  while (!bytes.empty()) {
    const CodePoint point = decode_code_point(bytes);
    const std::string_view taken = bytes.substr(0, std::max<std::size_t>(point.size, 1));
    if (point.size > 0 && point.value != '\\' && is_safe_to_show(point.value)) {
      shown += taken;
    } else {
      for (const char byte : taken)
        append_escaped_byte(shown, byte);
    }
    bytes.remove_prefix(taken.size());
  }
  return shown;
}

std::optional<std::string> unescape_displayed(std::string_view shown) {
  std::string bytes;
  bytes.reserve(shown.size());
  while (!shown.empty()) {
    const std::size_t plain = std::min(shown.find('\\'), shown.size());
    bytes += shown.substr(0, plain);
    shown.remove_prefix(plain);
    if (shown.empty()) break;
    const char letter = shown.size() > 1 ? shown[1] : '\0';
    std::size_t taken = 2;
    if (letter == 'n' || letter == 't' || letter == '\\') {
      bytes += letter == 'n' ? '\n' : letter == 't' ? '\t' : '\\';
    } else if (letter == 'x' && shown.size() >= 4) {
      const int high = value_of_digit(shown[2]);
      const int low = value_of_digit(shown[3]);
      if (high < 0 || low < 0) return std::nullopt;
      bytes += static_cast<char>(high * 16 + low);
      taken = 4;
    } else {
      return std::nullopt;
    }
    shown.remove_prefix(taken);
  }
  return bytes;
}

std::optional<std::string_view> nearest(std::string_view word,
                                        std::span<const std::string_view> candidates) {
  if (word.empty() || word.size() > word_size_max) return std::nullopt;
  std::optional<std::string_view> best;
  std::size_t best_distance = std::max<std::size_t>(word.size() / 3, 1) + 1;
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > word_size_max) continue;
    const std::size_t distance = edit_distance(word, candidate);
    // A word of which every letter would change is no mistake: "x" is not a misspelt "y".
    if (distance < best_distance && distance < std::max(word.size(), candidate.size())) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates) {
  const auto found = nearest(word, candidates);
  return found ? "did you mean '" + std::string{*found} + "'?" : std::string{};
}

std::string to_text(double number) {
  std::array<char, 32> digits{};
  for (const int precision : {15, 16, 17}) {
    std::snprintf(digits.data(), digits.size(), "%.*g", precision, number);
    if (std::strtod(digits.data(), nullptr) == number) break;
  }
  return digits.data();
}

std::string to_fixed_text(double number) {
  std::array<char, 1280> digits{};
  const std::string shortest = to_text(number);
  if (shortest.find('e') == std::string::npos) return shortest;
  for (const int places : {0, 20, 40, 80, 160, 320, 800}) {
    std::snprintf(digits.data(), digits.size(), "%.*f", places, number);
    if (std::strtod(digits.data(), nullptr) == number) break;
  }
  std::string text{digits.data()};
  if (text.find('.') != std::string::npos) text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

}  // namespace netkit
