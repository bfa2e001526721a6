// Told apart by what they begin with and by their length.
#include "identity/ticket_audience.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "base/text.hpp"
#include "base/utf8.hpp"
#include "identity/certificate.hpp"
#include "identity/ticket_network.hpp"

namespace netkit::identity {
namespace {

constexpr std::string_view unix_prefix = "unix:";
/// sockaddr_un has 108 bytes, one of which is the end.
constexpr std::size_t unix_path_size_max = 107;

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

std::optional<std::string> socket_file(std::string_view path) {
  if (!path.starts_with('/') || path.ends_with('/') || path.size() > unix_path_size_max ||
      !is_utf8(path) || std::ranges::any_of(path, is_control))
    return std::nullopt;
  std::string plain{unix_prefix};
  for (const std::string_view name : split(path.substr(1), '/')) {
    // What ".." leads to depends on what is linked where.
    if (name == "..") return std::nullopt;
    if (!name.empty() && name != ".") plain.append("/").append(name);
  }
  if (plain.size() == unix_prefix.size()) return std::nullopt;
  return plain;
}

std::optional<std::string> address_and_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == text.npos) return std::nullopt;
  const std::string_view digits = text.substr(colon + 1);
  const char* const end = digits.data() + digits.size();
  std::uint16_t port = 0;
  const auto [stopped, failed] = std::from_chars(digits.data(), end, port);
  if (failed != std::errc{} || stopped != end || port == 0) return std::nullopt;

  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (bracketed != (host.find(':') != host.npos) || host.find('/') != host.npos)
    return std::nullopt;
  const auto address = parse_network(host);
  if (!address) return std::nullopt;
  const std::string plain = to_text(*address);
  const bool six = plain.find(':') != plain.npos;
  return (six ? "[" + plain + "]" : plain) + ":" + std::to_string(port);
}

}  // namespace

std::optional<std::string> plain_audience(std::string_view text) {
  if (text.starts_with(unix_prefix)) return socket_file(text.substr(unix_prefix.size()));
  if (auto place = address_and_port(text)) return place;
  const auto fingerprint = parse_fingerprint(text);
  if (!fingerprint) return std::nullopt;
  return fingerprint->substr(fingerprint->find(':') + 1);
}

}  // namespace netkit::identity
