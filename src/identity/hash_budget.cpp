// Every source is a small text file of the kernel; each that is there can only lower what we have.
#include "identity/hash_budget.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <limits>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include "base/file.hpp"
#include "base/text.hpp"
#include "base/units.hpp"

namespace netkit::identity {
namespace {

constexpr std::size_t file_size_max = 256 * 1024;
constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

std::string text_of(const std::string& path) {
  auto text = read_file(path, file_size_max);
  return text ? *std::move(text) : std::string{};
}

/// The number that `text` begins with; nullopt for "max" and the -1 of a v1 quota.
std::optional<std::uint64_t> number(std::string_view text) {
  text = trim(text);
  std::uint64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  return failed == std::errc{} ? std::optional{value} : std::nullopt;
}

std::optional<std::uint64_t> number_in(const std::string& path) {
  return number(text_of(path));
}

/// What follows `name` on the line that starts with it; empty without such a line.
std::string_view field(std::string_view text, std::string_view name) {
  for (const std::string_view line : split(text, '\n'))
    if (line.starts_with(name)) return trim(line.substr(name.size()));
  return {};
}

std::uint64_t kib_field(std::string_view text, std::string_view name, std::uint64_t otherwise) {
  const auto kib = number(field(text, name));
  return kib ? *kib * 1024 : otherwise;
}

std::uint64_t left(std::uint64_t limit, std::uint64_t used) {
  return limit > used ? limit - used : 0;
}

/// "Cpus_allowed: 0000000f,ffffffff": groups of hex digits.
unsigned allowed_cores(std::string_view status) {
  unsigned cores = 0;
  for (const char c : field(status, "Cpus_allowed:")) {
    unsigned digit = 0;
    if (std::from_chars(&c, &c + 1, digit, 16).ec == std::errc{})
      cores += static_cast<unsigned>(std::popcount(digit));
  }
  return cores != 0 ? cores : std::max(1u, std::thread::hardware_concurrency());
}

void lower_cores(Machine& machine, std::optional<std::uint64_t> quota,
                 std::optional<std::uint64_t> period) {
  if (!quota || !period || *period == 0) return;
  // A part of a core still runs one hash, slowly.
  const std::uint64_t cores = std::max<std::uint64_t>(1, (*quota + *period - 1) / *period);
  machine.cores = static_cast<unsigned>(std::min<std::uint64_t>(machine.cores, cores));
}

void lower_memory(Machine& machine, std::optional<std::uint64_t> limit, std::uint64_t used,
                  std::uint64_t reclaimable) {
  if (limit)
    machine.memory_bytes = std::min(machine.memory_bytes, left(*limit, left(used, reclaimable)));
}

void apply_v2(Machine& machine, const std::string& folder) {
  const std::string quota = text_of(folder + "/cpu.max");
  const std::string_view words = trim(quota);
  const std::size_t gap = std::min(words.find(' '), words.size());
  lower_cores(machine, number(words.substr(0, gap)), number(words.substr(gap)));

  const std::uint64_t used = number_in(folder + "/memory.current").value_or(0);
  const std::string counters = text_of(folder + "/memory.stat");
  const std::uint64_t cache = number(field(counters, "inactive_file ")).value_or(0);
  lower_memory(machine, number_in(folder + "/memory.max"), used, cache);
  lower_memory(machine, number_in(folder + "/memory.high"), used, cache);
}

void apply_v1_cpu(Machine& machine, const std::string& folder) {
  lower_cores(machine, number_in(folder + "/cpu.cfs_quota_us"),
              number_in(folder + "/cpu.cfs_period_us"));
}

void apply_v1_memory(Machine& machine, const std::string& folder) {
  const std::string counters = text_of(folder + "/memory.stat");
  lower_memory(machine, number_in(folder + "/memory.limit_in_bytes"),
               number_in(folder + "/memory.usage_in_bytes").value_or(0),
               number(field(counters, "total_inactive_file ")).value_or(0));
}

/// Calls `apply` for the cgroup `path` below `mount` and for each one around it.
template <typename Apply>
void walk_up(Machine& machine, const std::string& mount, std::string_view path,
             const Apply& apply) {
  // A cgroup outside of our namespace is shown as "/../..": only the root is ours to see then.
  if (path.find("/..") != path.npos) path = {};
  for (; path.size() > 1; path = path.substr(0, path.rfind('/')))
    apply(machine, mount + std::string{path});
  apply(machine, mount);
}

/// Lines of /proc/self/cgroup: "0::/path" for v2, "4:cpu,cpuacct:/path" for v1.
void apply_cgroups(Machine& machine, std::string_view memberships, const std::string& mount) {
  for (const std::string_view line : split(memberships, '\n')) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == line.npos || second == line.npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const std::string_view path = line.substr(second + 1);
    if (controllers.empty()) walk_up(machine, mount, path, apply_v2);
    const std::string own_mount = mount + "/" + std::string{controllers};
    for (const std::string_view controller : split(controllers, ',')) {
      if (controller == "cpu") walk_up(machine, own_mount, path, apply_v1_cpu);
      if (controller == "memory") walk_up(machine, own_mount, path, apply_v1_memory);
    }
  }
}

}  // namespace

Machine measure_machine(const std::string& proc, const std::string& cgroup) {
  const std::string status = text_of(proc + "/self/status");
  Machine machine{allowed_cores(status),
                  kib_field(text_of(proc + "/meminfo"), "MemAvailable:", unlimited)};
  const std::string limits = text_of(proc + "/self/limits");
  lower_memory(machine, number(field(limits, "Max address space")), kib_field(status, "VmSize:", 0),
               0);
  apply_cgroups(machine, text_of(proc + "/self/cgroup"), cgroup);
  if (machine.memory_bytes == unlimited) machine.memory_bytes = 0;
  return machine;
}

Result<unsigned> hash_threads(const Machine& machine, const HashParameters& parameters) {
  const unsigned by_cores = std::max(1u, machine.cores / std::max(1u, parameters.lanes));
  const std::uint64_t hash_bytes = std::max<std::uint64_t>(1, parameters.memory_kib) * 1024;
  const std::uint64_t half = machine.memory_bytes / 2;
  if (half >= hash_bytes)
    return static_cast<unsigned>(std::min<std::uint64_t>(by_cores, half / hash_bytes));
  const std::uint64_t mib = std::uint64_t{1024} * 1024;
  return Error{Errc::too_large, "hash passwords here",
               "a hash takes " + to_text(Size{hash_bytes}) +
                   " of memory and half of what is free is " + to_text(Size{half / mib * mib}) +
                   ": give it more memory or, down to " +
                   to_text(Size{std::uint64_t{floor_parameters.memory_kib} * 1024}) +
                   ", let a hash take less"};
}

}  // namespace netkit::identity
