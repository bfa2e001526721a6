// What an agent tells of its host: ids, hardware addresses, open ports, and how it would be turned
// off. Reads the system; changes nothing but a machine id that is missing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "commands/shutdown/protocol.hpp"
#include "net/process.hpp"

namespace netkit::shutdown {

/// /etc/machine-id, else D-Bus's, else one that is made once and kept in STATE/machine-id.
Result<Id> machine_id(const std::string& state);
/// This boot's id from the kernel: random(4).
Result<Id> boot_id();

/// Of the interfaces with a device behind them; without one, as in a container, of all but
/// loopback. At most hardware_addresses_max.
std::vector<HardwareAddress> hardware_addresses();

/// TCP ports that somebody listens on and that can be reached from outside, at most ports_max.
std::vector<std::uint16_t> listening_ports();
/// The same from the text of /proc/net/tcp or tcp6; any other text has none.
std::vector<std::uint16_t> parse_listening_ports(std::string_view table);

/// Whether systemd is this host's init, told as by sd_booted(3).
bool systemd_runs();

/// How the host is turned off.
struct PowerOff {
  std::string shown;                   ///< For people.
  std::vector<std::string> arguments;  ///< Empty: `instead` does it.
  net::InChild instead = nullptr;
};

/// `given`, run by /bin/sh, or what this host has: systemctl, shutdown, or the kernel itself.
/// `path` is where programs are looked for.
PowerOff choose_power_off(const std::string& given, const std::string& path);

/// PATH with the folders of system programs, which a user's often lacks.
std::string system_path(std::string_view path);

}  // namespace netkit::shutdown
