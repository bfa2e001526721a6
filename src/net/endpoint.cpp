// Reads and prints endpoints.
#include "net/endpoint.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <vector>

#include "base/text.hpp"

namespace netkit::net {
namespace {

constexpr std::array<std::string_view, 7> names{"tcp", "tls", "udp", "sctp", "ws", "wss", "unix"};
constexpr std::size_t host_size_max = 253;  // RFC 1035, 2.3.4.
constexpr std::size_t hosts_max = 8;

Error malformed(std::string_view text, const std::string& why) {
  return {Errc::usage, "read '" + escape_for_display(text) + "' as an endpoint",
          why + "; write [SCHEME://]HOST[:PORT], :PORT, [V6]:PORT or unix:PATH"};
}

bool is_v6_address(const std::string& host) {
  const std::size_t zone = host.find('%');  // A zone may follow: fe80::1%eth0.
  if (zone != std::string::npos && host.find(':', zone) != std::string::npos) return false;
  in6_addr parsed;
  return inet_pton(AF_INET6, host.substr(0, zone).c_str(), &parsed) == 1;
}

bool is_host_character(unsigned char letter) {
  return letter > 0x20 && letter != 0x7f &&
         std::string_view{"/\\@?#[]\"<>"}.find(static_cast<char>(letter)) == std::string_view::npos;
}

std::optional<std::uint16_t> read_port(std::string_view digits) {
  std::uint16_t port = 0;
  const auto [rest, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (failed != std::errc{} || rest != digits.data() + digits.size()) return std::nullopt;
  return port;
}

/// Takes "scheme://" or "unix:" off `rest`; says why if the scheme is not one of ours.
Status take_scheme(std::string_view text, std::string_view& rest, Endpoint& endpoint) {
  if (rest.starts_with("unix:") && !rest.starts_with("unix://")) {
    endpoint.scheme = Scheme::unix_;
    rest.remove_prefix(5);
    return ok;
  }
  const std::size_t at = rest.find("://");
  if (at == std::string_view::npos) return ok;
  const std::string name = to_lower_ascii(rest.substr(0, at));
  const auto known = std::find(names.begin(), names.end(), name);
  if (known == names.end()) {
    const auto meant = nearest(name, names);
    return malformed(text, "unknown scheme '" + escape_for_display(name) + "'" +
                               (meant ? ", did you mean '" + std::string{*meant} + "'" : ""));
  }
  endpoint.scheme = static_cast<Scheme>(known - names.begin());
  rest.remove_prefix(at + 3);
  return ok;
}

/// Splits "host:port", "[v6]:port", "v6", ":port" into its two parts; the port may be missing.
Status take_host_and_port(std::string_view text, std::string_view rest, Endpoint& endpoint) {
  std::optional<std::string_view> digits;
  if (rest.starts_with('[')) {
    const std::size_t end = rest.find(']');
    if (end == std::string_view::npos) return malformed(text, "the bracket is not closed");
    endpoint.host = rest.substr(1, end - 1);
    if (!is_v6_address(endpoint.host)) return malformed(text, "no IPv6 address in the brackets");
    rest.remove_prefix(end + 1);
    if (!rest.empty() && rest.front() != ':') return malformed(text, "text behind the bracket");
    if (!rest.empty()) digits = rest.substr(1);
  } else if (is_v6_address(std::string{rest})) {
    endpoint.host = rest;
  } else {
    const std::size_t colon = rest.rfind(':');
    endpoint.host = rest.substr(0, colon);
    if (colon != std::string_view::npos) digits = rest.substr(colon + 1);
    if (endpoint.host.find(':') != std::string::npos)
      return malformed(text, "an IPv6 address with a port needs brackets");
  }
  if (digits) {
    endpoint.port = read_port(*digits);
    if (!endpoint.port) return malformed(text, "the port is not a number from 0 to 65535");
  }
  if (endpoint.host.size() > host_size_max) return malformed(text, "the host name is too long");
  if (!std::all_of(endpoint.host.begin(), endpoint.host.end(), is_host_character))
    return malformed(text, "the host has a character that no host name has");
  return ok;
}

/// "h1,h2,h3:port": the last one has the port of all.
Result<Endpoint> parse_hosts(std::string_view text, std::string_view rest, Endpoint endpoint) {
  std::vector<std::string> hosts;
  for (bool last = false; !last;) {
    const std::size_t comma = rest.find(',');
    last = comma == std::string_view::npos;
    if (hosts.size() == hosts_max)
      return malformed(text, "at most " + std::to_string(hosts_max) + " hosts");
    Status taken = take_host_and_port(text, rest.substr(0, comma), endpoint);
    if (!taken) return taken.error();
    if (endpoint.host.empty()) return malformed(text, "a host is missing");
    if (endpoint.port && !last) return malformed(text, "one port, behind the last host");
    hosts.push_back(std::move(endpoint.host));
    if (!last) rest.remove_prefix(comma + 1);
  }
  endpoint.host = std::move(hosts.front());
  hosts.erase(hosts.begin());
  endpoint.more_hosts = std::move(hosts);
  return endpoint;
}

std::string bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

bool is_loopback_host(const std::string& name) {
  in_addr v4;
  if (inet_pton(AF_INET, name.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  in6_addr v6;
  if (inet_pton(AF_INET6, name.c_str(), &v6) == 1) return IN6_IS_ADDR_LOOPBACK(&v6);
  const std::string host = to_lower_ascii(name);
  return host == "localhost" || host.ends_with(".localhost");
}

}  // namespace

std::string_view to_text(Scheme scheme) {
  return names[static_cast<std::size_t>(scheme)];
}

std::span<const std::string_view> scheme_names() {
  return names;
}

Result<Endpoint> parse_endpoint(std::string_view text) {
  Endpoint endpoint;
  std::string_view rest = text;
  if (Status taken = take_scheme(text, rest, endpoint); !taken) return taken.error();

  if (endpoint.scheme == Scheme::unix_) {
    // "//x" names the same file as "/x", but would not read back behind "unix:".
    while (rest.starts_with("//"))
      rest.remove_prefix(1);
    if (rest.empty()) return malformed(text, "the path is missing");
    if (rest.find('\0') != std::string_view::npos) return malformed(text, "NUL in the path");
    if (rest.size() > 107) return malformed(text, "a unix socket's path has at most 107 bytes");
    endpoint.path = rest;
    return endpoint;
  }
  if (const std::size_t slash = rest.find('/'); slash != std::string_view::npos) {
    if (endpoint.scheme != Scheme::ws && endpoint.scheme != Scheme::wss)
      return malformed(text, "only ws and wss have a path");
    endpoint.path = rest.substr(slash);
    if (std::any_of(endpoint.path.begin(), endpoint.path.end(),
                    [](char letter) { return letter <= ' ' || letter == 0x7f; }))
      return malformed(text, "the path has a character that must be percent-encoded");
    rest = rest.substr(0, slash);
  }
  if (rest.empty()) return malformed(text, "host and port are missing");
  if (endpoint.scheme == Scheme::sctp && rest.find(',') != std::string_view::npos)
    return parse_hosts(text, rest, std::move(endpoint));
  if (Status taken = take_host_and_port(text, rest, endpoint); !taken) return taken.error();
  return endpoint;
}

std::string to_text(const Endpoint& endpoint) {
  if (endpoint.scheme == Scheme::unix_) return "unix:" + endpoint.path;
  std::string text;
  if (endpoint.scheme) text = std::string{to_text(*endpoint.scheme)} + "://";
  text += bracketed(endpoint.host);
  for (const std::string& host : endpoint.more_hosts)
    text += "," + bracketed(host);
  if (endpoint.port) text += ":" + std::to_string(*endpoint.port);
  return text + endpoint.path;
}

std::string authority(const Endpoint& endpoint) {
  if (endpoint.scheme == Scheme::unix_) return "localhost";
  return bracketed(endpoint.host) + ":" + std::to_string(endpoint.port.value_or(0));
}

Endpoint complete(Endpoint endpoint, Scheme scheme, std::string_view host, std::uint16_t port) {
  if (!endpoint.scheme) endpoint.scheme = scheme;
  if (endpoint.scheme == Scheme::unix_) return endpoint;
  if (endpoint.host.empty()) endpoint.host = host;
  if (!endpoint.port) endpoint.port = port;
  return endpoint;
}

std::vector<Endpoint> single_hosts(const Endpoint& endpoint) {
  std::vector<Endpoint> all{endpoint};
  all.front().more_hosts.clear();
  for (const std::string& host : endpoint.more_hosts) {
    all.push_back(all.front());
    all.back().host = host;
  }
  return all;
}

bool is_loopback(const Endpoint& endpoint) {
  return endpoint.scheme == Scheme::unix_ ||
         (is_loopback_host(endpoint.host) &&
          std::all_of(endpoint.more_hosts.begin(), endpoint.more_hosts.end(), is_loopback_host));
}

}  // namespace netkit::net
