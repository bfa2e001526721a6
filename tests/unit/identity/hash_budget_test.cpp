// Tests of the budget: the kernel's files of machines, containers and services as they look, and
// how many hashes each carries.
#include "identity/hash_budget.hpp"

#include <cstdlib>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>

using namespace netkit;
using namespace netkit::identity;

namespace {

constexpr std::uint64_t gib = std::uint64_t{1} << 30;
constexpr std::uint64_t mib = std::uint64_t{1} << 20;

/// A /proc and a /sys/fs/cgroup of our own: 4 cores, 8 GiB to be had.
struct Kernel {
  std::string root;

  Kernel() {
    char name[] = "/tmp/netkit-budget-XXXXXX";
    REQUIRE(::mkdtemp(name));
    root = name;
    put("proc/self/status",
        "Name:\tnetkit\nVmSize:\t  102400 kB\nCpus_allowed:\t0000000f\n"
        "Cpus_allowed_list:\t0-3\n");
    put("proc/meminfo",
        "MemTotal:       16777216 kB\nMemFree:         1024 kB\n"
        "MemAvailable:    8388608 kB\n");
    put("proc/self/limits",
        "Limit                     Soft Limit           Hard Limit           Units     \n"
        "Max address space         unlimited            unlimited            bytes     \n");
    put("proc/self/cgroup", "0::/system.slice/netkit.service\n");
  }
  ~Kernel() { std::filesystem::remove_all(root); }
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;

  void put(const std::string& path, std::string_view text) const {
    const std::filesystem::path file = root + "/" + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream{file} << text;
  }
  Machine measure() const { return measure_machine(root + "/proc", root + "/cgroup"); }
};

}  // namespace

TEST_CASE("measure_machine: this machine has a core and memory") {
  const Machine machine = measure_machine();
  CHECK(machine.cores >= 1);
  CHECK(machine.memory_bytes > 0);
}

TEST_CASE("measure_machine: the CPU set and MemAvailable without any limits") {
  const Kernel kernel;
  CHECK(kernel.measure().cores == 4);
  CHECK(kernel.measure().memory_bytes == 8 * gib);
  kernel.put("proc/self/status", "Cpus_allowed:\tff,ffffffff,00000001\n");
  CHECK(kernel.measure().cores == 41);
}

TEST_CASE("measure_machine: what cannot be read does not limit") {
  const Machine machine = measure_machine("/nonexistent", "/nonexistent");
  CHECK(machine.cores >= 1);
  CHECK(machine.memory_bytes == 0);
}

TEST_CASE("measure_machine: a cgroup's quota and limits (v2), on each level") {
  const Kernel kernel;
  const std::string slice = "cgroup/system.slice/";
  kernel.put(slice + "netkit.service/cpu.max", "150000 100000\n");
  CHECK(kernel.measure().cores == 2);
  kernel.put(slice + "cpu.max", "50000 100000\n");
  CHECK(kernel.measure().cores == 1);
  kernel.put(slice + "cpu.max", "max 100000\n");
  CHECK(kernel.measure().cores == 2);

  kernel.put(slice + "netkit.service/memory.max", "1073741824\n");
  CHECK(kernel.measure().memory_bytes == gib);
  kernel.put(slice + "netkit.service/memory.current", "536870912\n");
  CHECK(kernel.measure().memory_bytes == 512 * mib);
  // What it would give back is not in use.
  kernel.put(slice + "netkit.service/memory.stat", "anon 1\ninactive_file 268435456\nx 2\n");
  CHECK(kernel.measure().memory_bytes == 768 * mib);
  kernel.put(slice + "netkit.service/memory.high", "536870912\n");
  CHECK(kernel.measure().memory_bytes == 256 * mib);
  kernel.put(slice + "memory.max", "268435456\n");
  kernel.put(slice + "memory.current", "536870912\n");
  CHECK(kernel.measure().memory_bytes == 0);
}

TEST_CASE("measure_machine: inside a container, where the root is the limit") {
  const Kernel kernel;
  kernel.put("proc/self/cgroup", "0::/\n");
  kernel.put("cgroup/memory.max", "134217728\n");
  kernel.put("cgroup/cpu.max", "100000 100000\n");
  CHECK(kernel.measure().memory_bytes == 128 * mib);
  CHECK(kernel.measure().cores == 1);
  kernel.put("proc/self/cgroup", "0::/../../etc\n");
  CHECK(kernel.measure().memory_bytes == 128 * mib);
}

TEST_CASE("measure_machine: cgroups of version 1") {
  const Kernel kernel;
  kernel.put("proc/self/cgroup",
             "12:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n1:name=systemd:/docker/abc\n");
  kernel.put("cgroup/memory/docker/abc/memory.limit_in_bytes", "1073741824\n");
  kernel.put("cgroup/memory/docker/abc/memory.usage_in_bytes", "805306368\n");
  kernel.put("cgroup/memory/docker/abc/memory.stat", "inactive_file 1\ntotal_inactive_file 0\n");
  kernel.put("cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  kernel.put("cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us", "300000\n");
  kernel.put("cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us", "100000\n");
  CHECK(kernel.measure().memory_bytes == 256 * mib);
  CHECK(kernel.measure().cores == 3);
  kernel.put("cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us", "-1\n");
  CHECK(kernel.measure().cores == 4);
}

TEST_CASE("measure_machine: the address space limit, less what is mapped") {
  const Kernel kernel;
  kernel.put("proc/self/limits",
             "Max address space         1073741824           unlimited  bytes\n");
  CHECK(kernel.measure().memory_bytes == gib - 100 * mib);
}

TEST_CASE("hash_threads: at most the cores, at most half of the memory") {
  CHECK(*hash_threads({4, 8 * gib}, {}) == 4);
  CHECK(*hash_threads({64, gib}, {}) == 8);
  CHECK(*hash_threads({4, 128 * mib}, {}) == 1);
  CHECK(*hash_threads({8, 8 * gib}, {65536, 3, 4}) == 2);
  CHECK(*hash_threads({2, 8 * gib}, {65536, 3, 4}) == 1);
}

TEST_CASE("hash_threads: says what to do when not even one fits") {
  const auto refused = hash_threads({4, 127 * mib}, {});
  REQUIRE(!refused);
  CHECK(refused.error().code == Errc::too_large);
  CHECK(refused.error().message() ==
        "cannot hash passwords here: larger than the limit (a hash takes 64MiB of memory and half "
        "of what is free is 63MiB: give it more memory or, down to 19MiB, let a hash take less)");
  CHECK(!hash_threads({4, 0}, {}));
}
