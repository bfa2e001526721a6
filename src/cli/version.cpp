// Versions of ourselves and of what is linked.
#include "cli/version.hpp"

#include <asio/version.hpp>
#include <fmt/format.h>
#include <openssl/crypto.h>

#include "net/endpoint.hpp"

namespace netkit::cli {

std::string version_text() {
  std::string schemes;
  for (const std::string_view name : net::scheme_names())
    schemes.append(" ").append(name);
  return fmt::format(
      "netkit {}\nLibraries: Asio {}.{}.{}, OpenSSL {}, fmt {}.{}.{}\n"
      "Transports:{}\nDialects: frame len64 line ws\n",
      NETKIT_VERSION, ASIO_VERSION / 100000, ASIO_VERSION / 100 % 1000, ASIO_VERSION % 100,
      OpenSSL_version(OPENSSL_VERSION_STRING), FMT_VERSION / 10000, FMT_VERSION / 100 % 100,
      FMT_VERSION % 100, schemes);
}

}  // namespace netkit::cli
