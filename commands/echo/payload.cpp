// Numbered payloads.
#include "commands/echo/payload.hpp"

namespace netkit::echo {
namespace {

constexpr std::uint64_t size_max = 16 * 1024 * 1024;

}  // namespace

std::string numbered_payload(std::uint64_t number, std::uint64_t size) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789";
  const std::string digits = std::to_string(number) + " ";
  // A payload too short for all digits keeps the last ones: those tell neighbours apart.
  std::string text = digits.size() > size ? digits.substr(digits.size() - size) : digits;
  text.reserve(size);
  while (text.size() < size)
    text.append(letters.substr(0, size - text.size()));
  return text;
}

Status check_payload(Size size) {
  if (size.bytes > 0 && size.bytes <= size_max) return ok;
  return Error{Errc::usage, "send messages of " + to_text(size), "1 byte to 16MiB"};
}

}  // namespace netkit::echo
