// Reading the URL of a Redis server, strictly.
#include "store/redis_address.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <optional>
#include <sys/un.h>

#include "base/text.hpp"

namespace netkit::store {
namespace {

constexpr std::string_view over_tcp = "redis://";
constexpr std::string_view over_tls = "rediss://";
constexpr std::string_view over_unix = "redis+unix:";
constexpr std::string_view allowance = "?insecure";
constexpr std::size_t host_size_max = 253;

Error wrong(std::string_view text, std::string hint) {
  return {Errc::usage, "use the store " + escape_for_display(text), std::move(hint)};
}

template <typename Number>
std::optional<Number> whole_number(std::string_view digits) {
  Number value{};
  const char* end = digits.data() + digits.size();
  const auto [stopped, failed] = std::from_chars(digits.data(), end, value);
  if (digits.empty() || failed != std::errc{} || stopped != end) return std::nullopt;
  return value;
}

bool is_v6(const std::string& host) {
  in6_addr address{};
  return inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

bool is_on_loopback(const std::string& host) {
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  if (inet_pton(AF_INET6, host.c_str(), &v6) == 1) {
    if (IN6_IS_ADDR_V4MAPPED(&v6)) return v6.s6_addr[12] == 127;
    return IN6_IS_ADDR_LOOPBACK(&v6) != 0;
  }
  return equal_ignoring_case(host, "localhost");
}

bool is_host_name(std::string_view host) {
  return !host.empty() && host.size() <= host_size_max && host.front() != '-' &&
         std::all_of(host.begin(), host.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '-' || c == '_';
         });
}

Result<RedisAddress> unix_address(std::string_view text) {
  const std::string_view path = text.substr(over_unix.size());
  if (path.empty() || path.front() != '/' || path.find('\0') != std::string_view::npos)
    return wrong(text, "the path of a socket is absolute: redis+unix:/run/redis/redis.sock");
  if (path.size() >= sizeof(sockaddr_un::sun_path))
    return wrong(text, "the path of a socket has at most 107 bytes");
  RedisAddress address;
  address.unix_path = path;
  return address;
}

/// HOST, V4 or [V6] into `address`; what follows it is returned.
std::optional<std::string_view> take_host(std::string_view rest, RedisAddress& address) {
  if (!rest.starts_with('[')) {
    const std::size_t end = std::min(rest.find_first_of(":/"), rest.size());
    address.host = rest.substr(0, end);
    if (!is_host_name(address.host)) return std::nullopt;
    return rest.substr(end);
  }
  const std::size_t end = rest.find(']');
  if (end == std::string_view::npos) return std::nullopt;
  address.host = rest.substr(1, end - 1);
  if (!is_v6(address.host)) return std::nullopt;
  return rest.substr(end + 1);
}

}  // namespace

std::string RedisAddress::to_text() const {
  if (!unix_path.empty()) return std::string{over_unix} + unix_path;
  const std::string name = is_v6(host) ? "[" + host + "]" : host;
  std::string text = std::string{over_tcp} + name + ":" + std::to_string(port);
  if (database != 0) text += "/" + std::to_string(database);
  return text;
}

bool is_redis_url(std::string_view text) noexcept {
  return text.starts_with(over_tcp) || text.starts_with(over_tls) || text.starts_with(over_unix);
}

Result<RedisAddress> parse_redis_url(std::string_view text) {
  if (text.starts_with(over_unix)) return unix_address(text);
  if (text.starts_with(over_tls))
    return wrong("rediss://", "TLS to Redis is not built in: put stunnel before it, on loopback");
  if (!text.starts_with(over_tcp))
    return wrong(text, "it is redis://HOST[:PORT][/DATABASE] or redis+unix:PATH");
  std::string_view rest = text.substr(over_tcp.size());
  // The text is left out of the message: logs are read by more people than secrets are meant for.
  if (rest.find('@') != std::string_view::npos)
    return wrong("redis://…@…", "arguments are no place for a password: --store-password-file");
  const bool allowed = rest.ends_with(allowance);
  if (allowed) rest.remove_suffix(allowance.size());

  RedisAddress address;
  const std::optional<std::string_view> behind = take_host(rest, address);
  if (!behind) return wrong(text, "a host is missing or misspelt: redis://HOST[:PORT][/DATABASE]");
  rest = *behind;
  if (rest.starts_with(':')) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    const std::optional<std::uint16_t> port = whole_number<std::uint16_t>(rest.substr(1, end - 1));
    if (!port || *port == 0) return wrong(text, "a port is a number from 1 to 65535");
    address.port = *port;
    rest = rest.substr(end);
  }
  if (rest.size() > 1) {
    const std::optional<std::uint32_t> database =
        rest.front() == '/' ? whole_number<std::uint32_t>(rest.substr(1)) : std::nullopt;
    if (!database || *database > 1'000'000) return wrong(text, "behind the / is a number: /0");
    address.database = *database;
  } else if (!rest.empty() && rest != "/") {
    return wrong(text, "it is redis://HOST[:PORT][/DATABASE]");
  }
  if (!allowed && !is_on_loopback(address.host))
    return wrong(text,
                 "password hashes would travel in clear: use redis+unix:PATH, stunnel on loopback, "
                 "or ?insecure at the end where the network itself is safe");
  return address;
}

}  // namespace netkit::store
