// SHA-256 of a token, as often as a server is asked: without the algorithm's look-up and the memory
// that identity::secret_hash() pays for each time.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace netkit::access {

using Hash = std::array<char, 32>;

/// The bytes of identity::secret_hash(secret).
Hash hash_of(std::string_view secret) noexcept;

/// What a hash table makes of one: its bytes are random already.
struct HashOfHash {
  std::size_t operator()(const Hash& hash) const noexcept;
};

inline std::string_view view(const Hash& hash) noexcept {
  return {hash.data(), hash.size()};
}

}  // namespace netkit::access
