// Bytes as hex digits and back: fingerprints, ids, keys. One place, so that all of them look alike.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace netkit {

/// Two lower-case digits a byte.
std::string to_hex(std::string_view bytes);

/// The bytes that pairs of digits, in either case, stand for; nullopt for an odd number of them or
/// any other letter.
std::optional<std::string> from_hex(std::string_view digits);

}  // namespace netkit
