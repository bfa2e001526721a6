// Readers of option values that are more than a conversion.
#include "cli/value.hpp"

#include <array>
#include <cmath>
#include <cstdlib>

namespace netkit::cli {
namespace {

template <typename T>
Status take(Result<T> parsed, T& value) {
  if (!parsed) return parsed.error();
  value = std::move(*parsed);
  return ok;
}

}  // namespace

Status read_value(std::string_view text, std::string& value) {
  value = text;
  return ok;
}

Status read_value(std::string_view text, bool& value) {
  const std::string word = to_lower_ascii(text);
  const std::array<std::string_view, 4> yes{"true", "yes", "on", "1"};
  const std::array<std::string_view, 4> no{"false", "no", "off", "0"};
  for (std::size_t i = 0; i < yes.size(); ++i)
    if (word == yes[i] || word == no[i]) {
      value = word == yes[i];
      return ok;
    }
  return Error{Errc::usage, "read '" + escape_for_display(text) + "' as true or false"};
}

Status read_value(std::string_view text, Duration& value) {
  return take(parse_duration(text), value);
}
Status read_value(std::string_view text, TimeLimit& value) {
  const Result<Duration> parsed = parse_duration(text);
  if (!parsed) return parsed.error();
  value = *parsed == Duration{0} ? TimeLimit::none : *parsed;
  return ok;
}
Status read_value(std::string_view text, Size& value) {
  return take(parse_size(text), value);
}
Status read_value(std::string_view text, net::Endpoint& value) {
  return take(net::parse_endpoint(text), value);
}
Status read_value(std::string_view text, net::Network& value) {
  return take(net::Network::parse(text), value);
}

Status read_value(std::string_view text, double& value) {
  // std::strtod would take white space, hexadecimal digits, "inf" and "nan" as well.
  const std::string digits{text};
  char* end = nullptr;
  value = std::strtod(digits.c_str(), &end);
  const bool plain = digits.find_first_not_of("0123456789.eE+-") == std::string::npos;
  if (plain && !digits.empty() && end == digits.c_str() + digits.size() && value >= 0 &&
      std::isfinite(value))
    return ok;
  return Error{Errc::usage, "read '" + escape_for_display(text) + "' as a number"};
}

}  // namespace netkit::cli
