// The sentences.
#include "commands/doctor/findings.hpp"

#include <cerrno>

#include "cli/open_files.hpp"
#include "net/limits.hpp"

namespace netkit::doctor {
namespace {

/// With fewer a server soon refuses people, and with as few as the second it hardly serves.
constexpr std::uint64_t open_files_few = 4096;
constexpr std::uint64_t open_files_least = 256;

Finding judge_way(const net::Interface& interface, const net::MulticastWay& way, bool v6) {
  const std::string family = v6 ? "IPv6" : "IPv4";
  Finding finding{.what = "multicast " + interface.name + " " + family, .detail = {}, .hint = {}};
  if (!way.joined) {
    finding.verdict = Verdict::bad;
    finding.detail = way.join_failure.empty() ? "the group is not joined" : way.join_failure;
    finding.hint = interface.multicast || interface.loopback
                       ? "peers on it find a daemon by --presenced HOST"
                       : "ip link set " + interface.name + " multicast on";
    return finding;
  }
  if (way.send_failure == std::errc::address_not_available) {
    // Duplicate address detection (RFC 4862) takes a second or two.
    finding.verdict = Verdict::note;
    finding.detail = "joined, but its address is not to be used yet";
    finding.hint = "it is new: ask again in two seconds";
    return finding;
  }
  if (way.send_failure) {
    finding.verdict = Verdict::bad;
    finding.detail = "joined, but sending fails: " + way.send_failure.message();
    finding.hint = "a firewall, or no address of the family: peers there do not hear this machine";
    return finding;
  }
  finding.detail = "joined, sent " + std::to_string(way.sent) + ", heard " +
                   std::to_string(way.received + way.direct);
  return finding;
}

}  // namespace

std::string_view to_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::good: return "ok";
    case Verdict::note: return "note";
    case Verdict::bad: return "bad";
  }
  return "";
}

std::string reason(int error) {
  return std::error_code{error, std::generic_category()}.message();
}

Finding judge(const net::Interface& interface) {
  Finding finding{.what = "interface " + interface.name, .detail = {}, .hint = {}};
  for (const asio::ip::address& address : interface.addresses)
    finding.detail += (finding.detail.empty() ? "" : " ") + address.to_string();
  if (!interface.up) {
    finding.verdict = Verdict::note;
    finding.detail = "switched off";
    finding.hint = "ip link set " + interface.name + " up";
  } else if (!interface.running) {
    finding.verdict = Verdict::note;
    finding.detail = "no carrier";
    finding.hint = "is the cable in, is the other end on?";
  } else if (interface.addresses.empty()) {
    finding.verdict = Verdict::note;
    finding.detail = "no address";
    finding.hint = "ip address add ADDRESS/BITS dev " + interface.name + ", or start its DHCP";
  }
  return finding;
}

std::vector<Finding> judge_multicast(const std::vector<net::MulticastInterface>& interfaces) {
  std::vector<Finding> findings;
  bool any = false;
  for (const net::MulticastInterface& each : interfaces)
    for (const bool v6 : {false, true}) {
      const net::MulticastWay& way = each.ways[v6 ? 1 : 0];
      if (!each.interface.up || !each.interface.running || !each.interface.has(v6)) continue;
      // Loopback joins no group of IPv6, and nobody else is there to hear it.
      if (each.interface.loopback && (!way.joined || way.send_failure)) continue;
      findings.push_back(judge_way(each.interface, way, v6));
      any = any || (findings.back().verdict == Verdict::good && !each.interface.loopback);
    }
  if (!any)
    findings.push_back({.what = "multicast",
                        .verdict = Verdict::note,
                        .detail = "no interface to other machines carries it",
                        .hint = "peers find a daemon by --presenced HOST"});
  return findings;
}

Finding judge_multicast_route(int error) {
  if (error == 0)
    return {.what = "multicast route", .detail = "239.255.42.99 has a route", .hint = {}};
  return {.what = "multicast route",
          .verdict = Verdict::note,
          .detail = "239.255.42.99 has none (" + reason(error) +
                    "): netkit names the interface, other programs do not",
          .hint = "ip route add 224.0.0.0/4 dev INTERFACE"};
}

Finding judge_kernel_sctp(int error) {
  if (error == 0) return {.what = "sctp kernel", .detail = "the kernel has it", .hint = {}};
  const bool missing = error == EPROTONOSUPPORT || error == ESOCKTNOSUPPORT;
  return {.what = "sctp kernel",
          .verdict = Verdict::note,
          .detail = (missing ? std::string{"not in this kernel"} : reason(error)) +
                    ": netkit brings its own, over UDP",
          .hint = missing ? "modprobe sctp, where the module is there"
                          : "a rule of this machine forbids it"};
}

Finding judge_user_sctp(int error, Duration took) {
  const std::string what = "sctp user space";
  const std::string own = "over UDP (RFC 6951), ";
  if (error == 0)
    return {.what = what, .detail = own + "works on loopback, " + to_people(took), .hint = {}};
  const bool no_loopback = error == ENETUNREACH || error == EADDRNOTAVAIL;
  return {.what = what,
          .verdict = no_loopback ? Verdict::note : Verdict::bad,
          .detail = own + "fails on loopback: " + reason(error),
          .hint = no_loopback ? "ip link set lo up" : "does a firewall drop UDP on lo?"};
}

Finding judge_open_files(std::uint64_t soft, std::uint64_t hard) {
  Finding finding{.what = "open files", .detail = {}, .hint = {}};
  finding.detail = std::to_string(soft) + ", servers raise it to " + std::to_string(hard) +
                   " and take " + std::to_string(cli::connections_of(hard)) + " connections";
  if (hard >= open_files_few) return finding;
  finding.verdict = hard < open_files_least ? Verdict::bad : Verdict::note;
  finding.hint = "LimitNOFILE=65536 in the unit, or as root: ulimit -n 65536";
  return finding;
}

Finding judge_kernel_clock(const KernelClock& clock) {
  if (clock.error == 0 && clock.synchronised)
    return {.what = "clock",
            .detail = "synchronised, off by " + to_people(clock.off_at_most) + " at most",
            .hint = {}};
  return {.what = "clock",
          .verdict = Verdict::note,
          .detail = clock.error != 0 ? "the kernel does not say: " + reason(clock.error)
                                     : "nothing keeps it right, as far as the kernel knows",
          .hint = "timedatectl set-ntp true, or start chronyd: what expires does so by it"};
}

std::vector<Finding> judge_ports(const std::vector<TakenPort>& taken) {
  std::vector<Finding> findings;
  for (const auto& [port, owner] : taken) {
    const bool tcp = port.carrier == net::Carrier::tcp;
    const std::string name = std::to_string(port.number) + (tcp ? " tcp" : " udp");
    const std::string who = owner.empty() ? "another user's program" : owner;
    findings.push_back({.what = "port " + name,
                        .verdict = Verdict::note,
                        .detail = "taken by " + who + ", the port of " + std::string{port.service},
                        .hint = "--auto-port, or stop it"});
    std::string& hint = findings.back().hint;
    if (port.number == net::presence_group_port)
      hint = "peers and presenced share it; stop what is neither";
    if (owner.empty()) hint = std::string{"ask as root: ss -"} + (tcp ? "lptn" : "lpun");
  }
  if (taken.empty()) {
    Finding all{.what = "ports", .detail = "free:", .hint = {}};
    for (const net::ServicePort& each : net::service_ports)
      all.detail +=
          " " + std::to_string(each.number) + (each.carrier == net::Carrier::tcp ? "" : "/udp");
    findings.push_back(std::move(all));
  }
  return findings;
}

}  // namespace netkit::doctor
