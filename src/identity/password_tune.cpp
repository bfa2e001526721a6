// Finds parameters by hashing: nothing but a measurement knows what a machine can do.
#include <algorithm>
#include <array>

#include "base/units.hpp"
#include "identity/password.hpp"
#include "identity/password_argon2.hpp"

namespace netkit::identity {
namespace {

using std::chrono::nanoseconds;
using std::chrono::steady_clock;

constexpr std::chrono::seconds target_max{10};
/// Lowering the memory changes the time in proportion but for caches: a few steps come near enough.
constexpr int memory_steps_max = 4;

/// The median of three, in memory that is there already, as on a pool's thread.
Result<nanoseconds> measure(const HashParameters& parameters) {
  constexpr std::string_view password = "a password of nobody";
  std::array<nanoseconds, 4> took{};
  for (nanoseconds& each : took) {
    const auto start = steady_clock::now();
    const auto tag = argon2id({.password = password,
                               .salt = "sixteen bytes!!!",
                               .secret = {},
                               .data = {},
                               .parameters = parameters});
    if (!tag) return tag.error();
    each = steady_clock::now() - start;
  }
  std::sort(took.begin() + 1, took.end());
  return took[2];
}

std::uint32_t scaled(std::uint32_t value, nanoseconds wanted, nanoseconds measured) {
  const double factor = static_cast<double>(wanted.count()) /
                        static_cast<double>(std::max<std::int64_t>(measured.count(), 1));
  return static_cast<std::uint32_t>(std::min(static_cast<double>(value) * factor, 4.0e9));
}

/// Two passes take too long: less memory, in whole MiB.
Result<Tuned> lower_memory(nanoseconds target, Tuned tuned) {
  auto& [parameters, took] = tuned;
  for (int step = 0; step < memory_steps_max; ++step) {
    if (took <= target || parameters.memory_kib == floor_parameters.memory_kib) break;
    const std::uint32_t memory = scaled(parameters.memory_kib, target, took) & ~1023u;
    parameters.memory_kib =
        std::clamp(memory, floor_parameters.memory_kib, parameters.memory_kib - 1);
    const auto measured = measure(parameters);
    if (!measured) return measured.error();
    took = *measured;
  }
  return tuned;
}

Result<Tuned> raise_passes(nanoseconds target, Tuned tuned) {
  auto& [parameters, took] = tuned;
  const auto affordable =
      static_cast<std::uint32_t>(work_kib_max / parameters.memory_kib);  // At least 8.
  const std::uint32_t most = std::min(ceiling_parameters.passes, affordable);
  // Half a pass more, so that the nearest whole number is taken.
  const std::uint32_t passes = scaled(parameters.passes, target + took / 4, took);
  parameters.passes = std::clamp(passes, floor_parameters.passes, most);
  const auto measured = measure(parameters);
  if (!measured) return measured.error();
  took = *measured;
  return tuned;
}

}  // namespace

Result<Tuned> tune(nanoseconds target, std::uint32_t memory_kib_max, std::uint32_t lanes) {
  if (target <= nanoseconds::zero() || target > target_max)
    return Error{Errc::usage, "tune for " + to_text(target), "a target is up to 10s"};
  const HashParameters start{memory_kib_max, floor_parameters.passes, lanes};
  if (const auto checked = check_parameters(start); !checked) return checked.error();
  const KeptHashMemory memory;
  const auto took = measure(start);
  if (!took) return took.error();
  if (*took > target) return lower_memory(target, {start, *took});
  return raise_passes(target, {start, *took});
}

}  // namespace netkit::identity
