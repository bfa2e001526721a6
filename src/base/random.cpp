// getrandom(2), in as many calls as it takes.
#include "base/random.hpp"

#include <cerrno>
#include <cstdlib>
#include <sys/random.h>

namespace netkit {

void fill_random(std::span<char> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = getrandom(bytes.data(), bytes.size(), 0);
    if (count < 0 && errno != EINTR) std::abort();
    if (count > 0) bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

std::uint64_t random_u64() {
  std::uint64_t value = 0;
  fill_random({reinterpret_cast<char*>(&value), sizeof value});
  return value;
}

}  // namespace netkit
