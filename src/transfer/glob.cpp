// A pattern is read once from left to right. What does not fit goes back to the last * only: what
// an earlier one could take, the last can take as well.
#include "transfer/glob.hpp"

#include <cstddef>
#include <optional>

namespace netkit::transfer {
namespace {

constexpr std::size_t none = std::string_view::npos;

unsigned char byte_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

struct Class {
  std::size_t end;  ///< Behind its ].
  bool has;
};

/// Whether the class that opens at `at` has `byte`; nullopt if it is never closed: then its [ is
/// nothing but a [.
std::optional<Class> class_at(std::string_view pattern, std::size_t at, unsigned char byte) {
  ++at;
  const bool negated = at < pattern.size() && (pattern[at] == '!' || pattern[at] == '^');
  if (negated) ++at;
  bool has = false;
  const auto take = [&]() -> std::optional<unsigned char> {
    if (at < pattern.size() && pattern[at] == '\\') ++at;
    if (at >= pattern.size()) return std::nullopt;
    return byte_at(pattern, at++);
  };
  // A ] that comes first is one of its members.
  for (bool first = true; first || at >= pattern.size() || pattern[at] != ']'; first = false) {
    const auto low = take();
    if (!low) return std::nullopt;
    auto high = low;
    if (at + 1 < pattern.size() && pattern[at] == '-' && pattern[at + 1] != ']') {
      ++at;
      high = take();
      if (!high) return std::nullopt;
    }
    has = has || (*low <= byte && byte <= *high);
  }
  return Class{at + 1, has != negated};
}

/// A pattern, and what was learnt of it.
class Pattern {
 public:
  explicit Pattern(std::string_view text) : text_{text} {}

  bool has_star_at(std::size_t at) const { return at < text_.size() && text_[at] == '*'; }
  bool ends_at(std::size_t at) const { return at == text_.size(); }

  /// Where it goes on after its part at `at` took `byte`; none if that does not fit. No *.
  std::size_t step(std::size_t at, unsigned char byte) {
    if (at >= text_.size()) return none;
    if (text_[at] == '?') return at + 1;
    if (text_[at] == '[' && at < unclosed_) {
      if (const auto found = class_at(text_, at, byte)) return found->has ? found->end : none;
      unclosed_ = at;
    }
    if (text_[at] == '\\' && at + 1 < text_.size()) ++at;
    return byte_at(text_, at) == byte ? at + 1 : none;
  }

 private:
  const std::string_view text_;
  /// No class that opens from here on is closed, so that none is searched to its end again.
  std::size_t unclosed_ = none;
};

bool begins_with_dot(std::string_view pattern) {
  return pattern.starts_with('.') || pattern.starts_with("\\.");
}

}  // namespace

bool has_wildcards(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '*' || text[at] == '?' || text[at] == '[') return true;
    if (text[at] == '\\') ++at;
  }
  return false;
}

bool matches(std::string_view pattern, std::string_view name) {
  if (name.starts_with('.') && !begins_with_dot(pattern)) return false;
  Pattern parts{pattern};
  std::size_t at = 0;
  std::size_t star = none;   // Behind the last * that was met.
  std::size_t taken_to = 0;  // What that * takes ends here.
  for (std::size_t i = 0; i < name.size();) {
    if (parts.has_star_at(at)) {
      star = ++at;
      taken_to = i;
      continue;
    }
    at = parts.step(at, byte_at(name, i));
    if (at != none) {
      ++i;
      continue;
    }
    if (star == none) return false;
    at = star;
    i = ++taken_to;
  }
  while (parts.has_star_at(at))
    ++at;
  return parts.ends_at(at);
}

std::string unescape(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\' && at + 1 < text.size()) ++at;
    plain.push_back(text[at]);
  }
  return plain;
}

}  // namespace netkit::transfer
