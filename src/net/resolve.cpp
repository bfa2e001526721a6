// getaddrinfo(3) with numeric ports.
#include "net/resolve.hpp"

#include <algorithm>
#include <asio/ip/tcp.hpp>
#include <cstring>
#include <memory>
#include <netdb.h>

#include "net/limits.hpp"

namespace netkit::net {

Result<std::vector<asio::ip::address>> resolve_now(const Endpoint& endpoint) {
  std::error_code not_literal;
  const auto literal = asio::ip::make_address(endpoint.host, not_literal);
  if (!not_literal) return std::vector<asio::ip::address>{literal};

  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed = getaddrinfo(endpoint.host.c_str(), nullptr, &wanted, &found);
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner{found, freeaddrinfo};
  std::vector<asio::ip::address> addresses;
  for (const addrinfo* each = found; each && addresses.size() < addresses_per_name_max;
       each = each->ai_next) {
    asio::ip::tcp::endpoint at;
    if (each->ai_addrlen > at.capacity()) continue;
    at.resize(each->ai_addrlen);
    std::memcpy(at.data(), each->ai_addr, each->ai_addrlen);
    const auto known = std::find(addresses.begin(), addresses.end(), at.address());
    if (known == addresses.end()) addresses.push_back(at.address());
  }
  if (failed != 0 || addresses.empty())
    return Error{Errc::name_not_found, "resolve '" + endpoint.host + "'",
                 failed ? gai_strerror(failed) : "it has no address"};
  return addresses;
}

}  // namespace netkit::net
