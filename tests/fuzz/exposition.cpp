// Whatever claims to be metrics: `netkit top` reads what any server answers.
#include "wire/exposition.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text{reinterpret_cast<const char*>(data), size};
  for (;;) {
    const std::size_t before = text.size();
    const auto sample = netkit::wire::take_sample(text);
    if (!sample || !*sample) return 0;
    if (text.size() >= before || (*sample)->name.empty()) std::abort();
  }
}
