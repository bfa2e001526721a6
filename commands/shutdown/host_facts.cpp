// The facts, from /etc, /proc and the kernel.
#include "commands/shutdown/host_facts.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>
#include <ifaddrs.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netpacket/packet.h>
#include <optional>
#include <sys/reboot.h>
#include <unistd.h>

#include "base/file.hpp"
#include "base/random.hpp"
#include "base/text.hpp"

namespace netkit::shutdown {
namespace {

constexpr std::size_t id_file_size_max = 256;
constexpr std::size_t table_size_max = 16 * 1024 * 1024;
constexpr std::size_t listen_state = 0x0A;

std::optional<Id> read_id(const std::string& path) {
  const Result<std::string> text = read_file(path, id_file_size_max);
  const std::optional<Id> id = text ? parse_id(trim(*text)) : std::nullopt;
  // An image that is to be cloned has zeros, or "uninitialized".
  return id && *id != Id{} ? id : std::nullopt;
}

template <typename T>
std::optional<T> parse_hex(std::string_view digits) {
  T value = 0;
  const auto [end, failed] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (failed != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

/// `digits` are the address as words of this machine's byte order.
bool is_loopback(std::string_view digits) {
  std::array<unsigned char, 16> bytes{};
  const std::size_t size = digits.size() / 2;
  if (size != 4 && size != 16) return true;
  for (std::size_t at = 0; at < size; at += 4) {
    const auto word = parse_hex<std::uint32_t>(digits.substr(at * 2, 8));
    if (!word) return true;
    std::memcpy(bytes.data() + at, &*word, 4);
  }
  constexpr std::array<unsigned char, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  constexpr std::array<unsigned char, 16> v6{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  if (size == 4) return bytes[0] == 127;
  return bytes == v6 ||
         (std::equal(mapped.begin(), mapped.end(), bytes.begin()) && bytes[12] == 127);
}

/// "  0: 00000000:0016 00000000:0000 0A ...": number, local, remote, state.
std::optional<std::uint16_t> listening_port(std::string_view line) {
  std::vector<std::string_view> words;
  for (const std::string_view word : split(line, ' '))
    if (!word.empty() && words.size() < 4) words.push_back(word);
  if (words.size() < 4) return std::nullopt;
  const std::size_t colon = words[1].find(':');
  if (colon == std::string_view::npos || parse_hex<std::size_t>(words[3]) != listen_state)
    return std::nullopt;
  if (is_loopback(words[1].substr(0, colon))) return std::nullopt;
  return parse_hex<std::uint16_t>(words[1].substr(colon + 1));
}

void sort_and_limit(std::vector<std::uint16_t>& ports) {
  std::sort(ports.begin(), ports.end());
  ports.erase(std::unique(ports.begin(), ports.end()), ports.end());
  if (ports.size() > ports_max) ports.resize(ports_max);
}

/// The last resort: what /sbin/poweroff would do in the end. The pause lets the agent's last words
/// out, as nothing else of the system is asked.
int power_off_now() {
  const timespec pause{.tv_sec = 0, .tv_nsec = 250'000'000};
  ::nanosleep(&pause, nullptr);
  ::sync();
  ::reboot(RB_POWER_OFF);
  return errno;
}

}  // namespace

Result<Id> machine_id(const std::string& state) {
  const std::string kept = state + "/machine-id";
  for (const std::string& path :
       {std::string{"/etc/machine-id"}, std::string{"/var/lib/dbus/machine-id"}, kept})
    if (const auto id = read_id(path)) return *id;
  Id made;
  fill_random(made);
  if (Status written = write_file_atomically(kept, to_text(made) + "\n", 0600); !written)
    return written.error();
  return made;
}

Result<Id> boot_id() {
  constexpr const char* path = "/proc/sys/kernel/random/boot_id";
  if (const auto id = read_id(path)) return *id;
  return Error{Errc::not_found, "read this boot's id from " + std::string{path},
               "mount /proc, or give --boot-id"};
}

std::vector<HardwareAddress> hardware_addresses() {
  std::vector<HardwareAddress> real;
  std::vector<HardwareAddress> all;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return {};
  for (const ifaddrs* each = list; each; each = each->ifa_next) {
    if (!each->ifa_addr || each->ifa_addr->sa_family != AF_PACKET) continue;
    sockaddr_ll link{};
    std::memcpy(&link, each->ifa_addr, sizeof link);
    HardwareAddress address{};
    if (link.sll_halen != address.size() || link.sll_hatype != ARPHRD_ETHER) continue;
    std::memcpy(address.data(), link.sll_addr, address.size());
    if (address == HardwareAddress{} || std::find(all.begin(), all.end(), address) != all.end())
      continue;
    all.push_back(address);
    const std::string device = "/sys/class/net/" + std::string{each->ifa_name} + "/device";
    if (::access(device.c_str(), F_OK) == 0) real.push_back(address);
  }
  ::freeifaddrs(list);
  std::vector<HardwareAddress>& chosen = real.empty() ? all : real;
  if (chosen.size() > hardware_addresses_max) chosen.resize(hardware_addresses_max);
  return chosen;
}

std::vector<std::uint16_t> parse_listening_ports(std::string_view table) {
  std::vector<std::uint16_t> ports;
  for (const std::string_view line : split(table, '\n'))
    if (const auto port = listening_port(line)) ports.push_back(*port);
  sort_and_limit(ports);
  return ports;
}

std::vector<std::uint16_t> listening_ports() {
  std::vector<std::uint16_t> ports;
  for (const char* path : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    const Result<std::string> table = read_file(path, table_size_max);
    if (!table) continue;
    const std::vector<std::uint16_t> found = parse_listening_ports(*table);
    ports.insert(ports.end(), found.begin(), found.end());
  }
  sort_and_limit(ports);
  return ports;
}

bool systemd_runs() {
  return ::access("/run/systemd/system", F_OK) == 0;
}

PowerOff choose_power_off(const std::string& given, const std::string& path) {
  if (!given.empty()) return {given, {"/bin/sh", "-c", given}};
  const std::string systemctl = net::find_program("systemctl", path);
  if (!systemctl.empty() && systemd_runs()) return {"systemctl poweroff", {systemctl, "poweroff"}};
  const std::string shutdown = net::find_program("shutdown", path);
  if (!shutdown.empty()) return {"shutdown -h now", {shutdown, "-h", "now"}};
  return {"reboot(RB_POWER_OFF)", {}, power_off_now};
}

std::string system_path(std::string_view path) {
  std::string all{path};
  for (const std::string_view folder :
       {"/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin"})
    all.append(all.empty() ? "" : ":").append(folder);
  return all;
}

}  // namespace netkit::shutdown
