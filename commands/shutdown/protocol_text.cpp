// How orders, machines and hardware addresses of the agent protocol are written for people and
// scripts, and read back.
#include "base/bytes.hpp"
#include "commands/shutdown/protocol.hpp"

namespace netkit::shutdown {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

std::string to_hex(std::string_view bytes) {
  std::string text;
  text.reserve(2 * bytes.size());
  for (const char byte : bytes) {
    text += hex_digits[static_cast<unsigned char>(byte) >> 4];
    text += hex_digits[static_cast<unsigned char>(byte) & 15];
  }
  return text;
}

int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

template <std::size_t size>
std::optional<std::array<char, size>> from_hex(std::string_view text) {
  if (text.size() != 2 * size) return std::nullopt;
  std::array<char, size> bytes;
  for (std::size_t i = 0; i < size; ++i) {
    const int high = hex_value(text[2 * i]);
    const int low = hex_value(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes[i] = static_cast<char>(high << 4 | low);
  }
  return bytes;
}

}  // namespace

std::string to_text(OrderId order) {
  char bytes[sizeof order];
  store_be(bytes, order);
  return to_hex({bytes, sizeof bytes});
}

std::optional<OrderId> parse_order_id(std::string_view text) {
  const auto bytes = from_hex<sizeof(OrderId)>(text);
  if (!bytes) return std::nullopt;
  const auto order = load_be<OrderId>(bytes->data());
  return order == 0 ? std::nullopt : std::optional{order};
}

std::string to_text(const Id& id) {
  return to_hex({id.data(), id.size()});
}

std::optional<Id> parse_id(std::string_view text) {
  std::string digits{text.substr(0, 64)};
  std::erase(digits, '-');
  return from_hex<16>(digits);
}

std::string to_text(const HardwareAddress& address) {
  std::string text;
  for (std::size_t i = 0; i < address.size(); ++i) {
    if (i > 0) text += ':';
    text += to_hex({&address[i], 1});
  }
  return text;
}

std::optional<HardwareAddress> parse_hardware_address(std::string_view text) {
  std::string digits;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i > 17) return std::nullopt;
    if (i % 3 != 2)
      digits += text[i];
    else if (text[i] != ':')
      return std::nullopt;
  }
  if (text.size() != 17) return std::nullopt;
  return from_hex<6>(digits);
}

}  // namespace netkit::shutdown
