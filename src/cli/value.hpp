// How each type of option value is read from text and shown as text. One overload a type; used by
// Options, so that options, environment and configuration files read alike.
#pragma once

#include <charconv>
#include <concepts>
#include <limits>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "net/address.hpp"
#include "net/endpoint.hpp"

namespace netkit::cli {

/// How long something may last. As an option 0 means for ever, which is Duration::max() here: what
/// is compared with it or waits for it needs to know nothing of that.
class TimeLimit {
 public:
  static constexpr Duration none = Duration::max();

  TimeLimit() = default;
  explicit constexpr TimeLimit(Duration limit) : limit_{limit} {}
  TimeLimit& operator=(Duration limit) {
    limit_ = limit;
    return *this;
  }
  constexpr operator Duration() const { return limit_; }
  bool has_none() const { return limit_ == none; }
  friend bool operator==(TimeLimit, TimeLimit) = default;

 private:
  Duration limit_ = none;
};

Status read_value(std::string_view text, std::string& value);
Status read_value(std::string_view text, bool& value);  ///< true, false, yes, no, on, off, 1, 0
Status read_value(std::string_view text, Duration& value);
Status read_value(std::string_view text, TimeLimit& value);
Status read_value(std::string_view text, Size& value);
Status read_value(std::string_view text, double& value);
Status read_value(std::string_view text, net::Endpoint& value);
Status read_value(std::string_view text, net::Network& value);

/// Decimal, within the type's range.
template <std::integral T>
Status read_value(std::string_view text, T& value) {
  const auto [rest, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed == std::errc{} && rest == text.data() + text.size() && !text.empty()) return ok;
  return Error{Errc::usage, "read '" + escape_for_display(text) + "' as a number",
               "expected " + std::to_string(std::numeric_limits<T>::min()) + " to " +
                   std::to_string(std::numeric_limits<T>::max())};
}

inline std::string show_value(const std::string& value) {
  return value;
}
inline std::string show_value(bool value) {
  return value ? "true" : "false";
}
inline std::string show_value(Duration value) {
  return to_text(value);
}
inline std::string show_value(TimeLimit value) {
  return to_text(value.has_none() ? Duration{0} : Duration{value});
}
inline std::string show_value(Size value) {
  return to_text(value);
}
inline std::string show_value(double value) {
  return netkit::to_text(value);
}
inline std::string show_value(const net::Endpoint& value) {
  return net::to_text(value);
}
inline std::string show_value(const net::Network& value) {
  return value.text();
}
template <std::integral T>
std::string show_value(T value) {
  return std::to_string(value);
}

}  // namespace netkit::cli
