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
  const std::string what = text_of({"multicast ", interface.name, v6 ? " IPv6" : " IPv4"});
  if (!way.joined)
    return say({what}, Verdict::bad,
               {way.join_failure.empty() ? "the group is not joined" : way.join_failure},
               interface.multicast || interface.loopback
                   ? "peers on it find a daemon by --presenced HOST"
                   : text_of({"ip link set ", interface.name, " multicast on"}));
  if (way.send_failure == std::errc::address_not_available)
    // Duplicate address detection (RFC 4862) takes a second or two.
    return say({what}, Verdict::note, {"joined, but its address is not to be used yet"},
               "it is new: ask again in two seconds");
  if (way.send_failure)
    return say({what}, Verdict::bad, {"joined, but sending fails: ", way.send_failure.message()},
               "a firewall, or no address of the family: peers there do not hear this machine");
  return say({what}, Verdict::good,
             {"joined, sent ", std::to_string(way.sent), ", heard ",
              std::to_string(way.received + way.direct)});
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

std::string text_of(Parts parts) {
  std::string text;
  for (const std::string_view each : parts)
    text += each;
  return text;
}

Finding say(Parts what, Verdict verdict, Parts detail, std::string_view hint) {
  return {text_of(what), verdict, text_of(detail), std::string{hint}};
}

std::string reason(int error) {
  return std::error_code{error, std::generic_category()}.message();
}

Finding judge(const net::Interface& interface) {
  const std::string what = text_of({"interface ", interface.name});
  if (!interface.up)
    return say({what}, Verdict::note, {"switched off"},
               text_of({"ip link set ", interface.name, " up"}));
  if (!interface.running)
    return say({what}, Verdict::note, {"no carrier"}, "is the cable in, is the other end on?");
  if (interface.addresses.empty())
    return say(
        {what}, Verdict::note, {"no address"},
        text_of({"ip address add ADDRESS/BITS dev ", interface.name, ", or start its DHCP"}));
  std::string addresses;
  for (const asio::ip::address& each : interface.addresses)
    addresses += text_of({addresses.empty() ? "" : " ", each.to_string()});
  return say({what}, Verdict::good, {addresses});
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
    findings.push_back(say({"multicast"}, Verdict::note,
                           {"no interface to other machines carries it"},
                           "peers find a daemon by --presenced HOST"));
  return findings;
}

Finding judge_multicast_route(int error) {
  constexpr std::string_view what = "multicast route";
  if (error == 0) return say({what}, Verdict::good, {"239.255.42.99 has a route"});
  return say({what}, Verdict::note,
             {"239.255.42.99 has none (", reason(error),
              "): netkit names the interface, other programs do not"},
             "ip route add 224.0.0.0/4 dev INTERFACE");
}

Finding judge_kernel_sctp(int error) {
  constexpr std::string_view what = "sctp kernel";
  if (error == 0) return say({what}, Verdict::good, {"the kernel has it"});
  const bool missing = error == EPROTONOSUPPORT || error == ESOCKTNOSUPPORT;
  return say(
      {what}, Verdict::note,
      {missing ? "not in this kernel" : reason(error), ": netkit brings its own, over UDP"},
      missing ? "modprobe sctp, where the module is there" : "a rule of this machine forbids it");
}

Finding judge_user_sctp(int error, Duration took) {
  constexpr std::string_view what = "sctp user space";
  constexpr std::string_view own = "over UDP (RFC 6951), ";
  if (error == 0) return say({what}, Verdict::good, {own, "works on loopback, ", to_people(took)});
  const bool no_loopback = error == ENETUNREACH || error == EADDRNOTAVAIL;
  return say({what}, no_loopback ? Verdict::note : Verdict::bad,
             {own, "fails on loopback: ", reason(error)},
             no_loopback ? "ip link set lo up" : "does a firewall drop UDP on lo?");
}

Finding judge_open_files(std::uint64_t soft, std::uint64_t hard) {
  const bool few = hard < open_files_few;
  return say({"open files"},
             hard < open_files_least ? Verdict::bad
             : few                   ? Verdict::note
                                     : Verdict::good,
             {std::to_string(soft), ", servers raise it to ", std::to_string(hard), " and take ",
              std::to_string(cli::connections_of(hard)), " connections"},
             few ? "LimitNOFILE=65536 in the unit, or as root: ulimit -n 65536" : "");
}

Finding judge_kernel_clock(const KernelClock& clock) {
  constexpr std::string_view what = "clock";
  if (clock.error == 0 && clock.synchronised)
    return say({what}, Verdict::good,
               {"synchronised, off by ", to_people(clock.off_at_most), " at most"});
  return say({what}, Verdict::note,
             {clock.error != 0 ? "the kernel does not say: " + reason(clock.error)
                               : "nothing keeps it right, as far as the kernel knows"},
             "timedatectl set-ntp true, or start chronyd: what expires does so by it");
}

std::vector<Finding> judge_ports(const Result<std::vector<TakenPort>>& taken) {
  std::vector<Finding> findings;
  if (!taken) {
    findings.push_back(
        say({"ports"}, Verdict::note, {taken.error().message()}, "mount -t proc proc /proc"));
    return findings;
  }
  for (const auto& [port, owner] : *taken) {
    const bool tcp = port.carrier == net::Carrier::tcp;
    std::string_view hint = "--auto-port, or stop it";
    if (port.number == net::presence_group_port)
      hint = "peers and presenced share it; stop what is neither";
    if (owner.empty()) hint = tcp ? "ask as root: ss -lptn" : "ask as root: ss -lpun";
    findings.push_back(say({"port ", std::to_string(port.number), tcp ? " tcp" : " udp"},
                           Verdict::note,
                           {"taken by ", owner.empty() ? "another user's program" : owner,
                            ", the port of ", port.service},
                           hint));
  }
  if (findings.empty()) {
    std::string all = "free:";
    for (const net::ServicePort& each : net::service_ports)
      all += text_of(
          {" ", std::to_string(each.number), each.carrier == net::Carrier::tcp ? "" : "/udp"});
    findings.push_back(say({"ports"}, Verdict::good, {all}));
  }
  return findings;
}

}  // namespace netkit::doctor
