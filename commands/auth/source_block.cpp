// By the forms of RFC 4291: loopback ::1, v4-mapped ::ffff:0:0/96, a network of 64 bits.
#include "commands/auth/source_block.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <asio/ip/address.hpp>
#include <cstdint>

namespace netkit::auth {
namespace {

std::string block_of_v4(const std::uint8_t* bytes) {
  if (bytes[0] == 127) return {};
  std::array<char, INET_ADDRSTRLEN> text{};
  return inet_ntop(AF_INET, bytes, text.data(), text.size()) ? std::string{text.data()}
                                                             : std::string{};
}

std::string block_of_v6(std::array<std::uint8_t, 16> bytes) {
  constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  constexpr std::array<std::uint8_t, 16> loopback{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  if (std::equal(mapped.begin(), mapped.end(), bytes.begin())) return block_of_v4(&bytes[12]);
  if (bytes == loopback) return {};
  std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (!inet_ntop(AF_INET6, bytes.data(), text.data(), text.size())) return {};
  return std::string{text.data()} + "/64";
}

}  // namespace

std::string source_block(std::string_view address) {
  const std::string_view plain = address.substr(0, address.find('%'));
  if (plain.size() >= INET6_ADDRSTRLEN) return {};
  const std::string text{plain};
  if (text.find('\0') != std::string::npos) return {};
  std::array<std::uint8_t, 16> bytes{};
  if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) return block_of_v4(bytes.data());
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return block_of_v6(bytes);
  return {};
}

std::string plain_address(std::string_view address) {
  std::error_code failed;
  const auto found =
      asio::ip::make_address(std::string{address.substr(0, address.find('%'))}, failed);
  if (failed || address.find('\0') != std::string_view::npos) return {};
  if (found.is_v6() && found.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, found.to_v6()).to_string();
  return found.to_string();
}

}  // namespace netkit::auth
