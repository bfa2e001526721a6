// The sentences. Each function chooses one of a few and puts in what was seen.
#include "commands/doctor/findings.hpp"

#include <cerrno>

#include "cli/open_files.hpp"
#include "net/limits.hpp"

namespace netkit::doctor {
namespace {

constexpr Verdict good = Verdict::good;
constexpr Verdict note = Verdict::note;
constexpr Verdict bad = Verdict::bad;

/// With fewer a server soon refuses people, and with as few as the second it hardly serves.
constexpr std::uint64_t open_files_few = 4096;
constexpr std::uint64_t open_files_least = 256;

Finding judge_way(const net::Interface& interface, const net::MulticastWay& way, bool v6) {
  static constexpr const char* what = "multicast %1 %2";
  static constexpr Sentence sentences[] = {
      {what, good, "joined, sent %3, heard %4"},
      {what, bad, "%5", "peers on it find a daemon by --presenced HOST"},
      {what, bad, "%5", "ip link set %1 multicast on"},
      // Duplicate address detection (RFC 4862) takes a second or two.
      {what, note, "joined, but its address is not to be used yet",
       "it is new: ask again in two seconds"},
      {what, bad, "joined, but sending fails: %6",
       "a firewall, or no address of the family: peers there do not hear this machine"},
  };
  std::size_t which = 0;
  if (!way.joined)
    which = interface.multicast || interface.loopback ? 1 : 2;
  else if (way.send_failure)
    which = way.send_failure == std::errc::address_not_available ? 3 : 4;
  return say(sentences[which],
             {interface.name, v6 ? "IPv6" : "IPv4", std::to_string(way.sent),
              std::to_string(way.received + way.direct),
              way.join_failure.empty() ? "the group is not joined" : way.join_failure,
              way.send_failure.message()});
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

std::string filled(const char* text, Parts parts) {
  std::string out;
  for (; *text != 0; ++text)
    if (*text == '%')
      out += parts.begin()[*++text - '1'];
    else
      out += *text;
  return out;
}

Finding say(const Sentence& sentence, Parts parts) {
  return {filled(sentence.what, parts), sentence.verdict, filled(sentence.detail, parts),
          filled(sentence.hint, parts)};
}

std::string reason(int error) {
  return std::error_code{error, std::generic_category()}.message();
}

Finding judge(const net::Interface& interface) {
  static constexpr const char* what = "interface %1";
  static constexpr Sentence sentences[] = {
      {what, good, "%2"},
      {what, note, "switched off", "ip link set %1 up"},
      {what, note, "no carrier", "is the cable in, is the other end on?"},
      {what, note, "no address", "ip address add ADDRESS/BITS dev %1, or start its DHCP"},
  };
  std::string addresses;
  for (const asio::ip::address& each : interface.addresses) {
    if (!addresses.empty()) addresses += ' ';
    addresses += each.to_string();
  }
  const int which = !interface.up ? 1 : !interface.running ? 2 : addresses.empty() ? 3 : 0;
  return say(sentences[which], {interface.name, addresses});
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
      any = any || (findings.back().verdict == good && !each.interface.loopback);
    }
  if (!any)
    findings.push_back(say({"multicast", note, "no interface to other machines carries it",
                            "peers find a daemon by --presenced HOST"}));
  return findings;
}

Finding judge_multicast_route(int error) {
  static constexpr const char* what = "multicast route";
  static constexpr Sentence sentences[] = {
      {what, good, "239.255.42.99 has a route"},
      {what, note, "239.255.42.99 has none (%1): netkit names the interface, other programs do not",
       "ip route add 224.0.0.0/4 dev INTERFACE"},
  };
  return say(sentences[error != 0], {reason(error)});
}

Finding judge_kernel_sctp(int error) {
  static constexpr const char* what = "sctp kernel";
  static constexpr Sentence sentences[] = {
      {what, good, "the kernel has it"},
      {what, note, "not in this kernel: netkit brings its own, over UDP",
       "modprobe sctp, where the module is there"},
      {what, note, "%1: netkit brings its own, over UDP", "a rule of this machine forbids it"},
  };
  const bool missing = error == EPROTONOSUPPORT || error == ESOCKTNOSUPPORT;
  return say(sentences[error == 0 ? 0 : missing ? 1 : 2], {reason(error)});
}

Finding judge_user_sctp(int error, Duration took) {
  static constexpr const char* what = "sctp user space";
  static constexpr Sentence sentences[] = {
      {what, good, "over UDP (RFC 6951), works on loopback, %2"},
      {what, note, "over UDP (RFC 6951), fails on loopback: %1", "ip link set lo up"},
      {what, bad, "over UDP (RFC 6951), fails on loopback: %1", "does a firewall drop UDP on lo?"},
  };
  const bool no_loopback = error == ENETUNREACH || error == EADDRNOTAVAIL;
  return say(sentences[error == 0 ? 0 : no_loopback ? 1 : 2], {reason(error), to_people(took)});
}

Finding judge_open_files(std::uint64_t soft, std::uint64_t hard) {
  static constexpr const char* detail = "%1, servers raise it to %2 and take %3 connections";
  static constexpr const char* hint = "LimitNOFILE=65536 in the unit, or as root: ulimit -n 65536";
  static constexpr Sentence sentences[] = {
      {"open files", good, detail},
      {"open files", note, detail, hint},
      {"open files", bad, detail, hint},
  };
  return say(
      sentences[hard >= open_files_few     ? 0
                : hard >= open_files_least ? 1
                                           : 2],
      {std::to_string(soft), std::to_string(hard), std::to_string(cli::connections_of(hard))});
}

Finding judge_kernel_clock(const KernelClock& clock) {
  static constexpr const char* hint =
      "timedatectl set-ntp true, or start chronyd: what expires does so by it";
  static constexpr Sentence sentences[] = {
      {"clock", good, "synchronised, off by %2 at most"},
      {"clock", note, "nothing keeps it right, as far as the kernel knows", hint},
      {"clock", note, "the kernel does not say: %1", hint},
  };
  return say(sentences[clock.error != 0     ? 2
                       : clock.synchronised ? 0
                                            : 1],
             {reason(clock.error), to_people(clock.off_at_most)});
}

std::vector<Finding> judge_ports(const std::vector<PortUse>& ports) {
  static constexpr const char* what = "port %1 %2";
  static constexpr Sentence sentences[] = {
      {what, note, "taken by %4, the port of %3", "--auto-port, or stop it"},
      {what, note, "taken by %4, the port of %3",
       "peers and presenced share it; stop what is neither"},
      {what, note, "taken by another user's program, the port of %3", "ask as root: ss -lptn"},
      {what, note, "taken by another user's program, the port of %3", "ask as root: ss -lpun"},
  };
  std::vector<Finding> findings;
  std::string all;
  for (const PortUse& use : ports) {
    const bool tcp = use.port.carrier == net::Carrier::tcp;
    const std::string number = std::to_string(use.port.number);
    all += " " + number;
    if (!tcp) all += "/udp";
    if (use.inodes.empty()) continue;
    const bool shared = use.port.number == net::presence_group_port;
    findings.push_back(say(sentences[use.owner.empty() ? (tcp ? 2 : 3) : shared],
                           {number, tcp ? "tcp" : "udp", use.port.service, use.owner}));
  }
  if (ports.empty())
    findings.push_back(
        say({"ports", note, "/proc/net is not to be read", "mount -t proc proc /proc"}));
  else if (findings.empty())
    findings.push_back(say({"ports", good, "free:%1"}, {all}));
  return findings;
}

}  // namespace netkit::doctor
