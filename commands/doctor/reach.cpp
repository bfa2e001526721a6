// The sentences, in one table for all carriers.
#include "commands/doctor/reach.hpp"

#include <algorithm>
#include <iterator>

namespace netkit::doctor {
namespace {

/// A look-up that takes longer waited for a name server that is silent.
constexpr std::chrono::seconds lookup_slow{1};
/// Tickets and orders are over at a second, without any tolerance.
constexpr std::chrono::seconds offset_allowed{1};
/// The life of a ticket that was given none (netkit auth ticket --expire).
constexpr std::chrono::minutes ticket_life{10};

constexpr unsigned tcp = 1U << static_cast<unsigned>(net::Carrier::tcp);
constexpr unsigned udp = 1U << static_cast<unsigned>(net::Carrier::udp);
constexpr unsigned sctp = 1U << static_cast<unsigned>(net::Carrier::sctp);
constexpr unsigned all = tcp | udp | sctp;

struct Sentence {
  unsigned carriers;
  int error;
  Verdict usual;
  Verdict wanted;  ///< Of a port that the user named.
  std::string_view detail;
  std::string_view hint;
};

constexpr std::string_view start_it = "start the server there, or is its port another?";
constexpr std::string_view own_rule = "a rule of this machine's firewall: nft list ruleset";
constexpr Verdict good = Verdict::good;
constexpr Verdict note = Verdict::note;
constexpr Verdict bad = Verdict::bad;

constexpr Sentence sentences[] = {
    {tcp, 0, good, good, "open", ""},
    {udp | sctp, 0, good, good, "answers", ""},
    {udp, ECONNREFUSED, good, bad, "the way is open, nobody listens there", start_it},
    {all, ECONNREFUSED, note, bad, "refused, nobody listens there", start_it},
    {tcp, ETIMEDOUT, bad, bad, "no answer", "a firewall drops it, or the host is off"},
    {all, ETIMEDOUT, note, note, "no answer", "a firewall drops it, or nobody there answers"},
    {all, EHOSTUNREACH, bad, bad, "unreachable",
     "nobody has that address, or a router or firewall on the way says no"},
    {all, ENETUNREACH, bad, bad, "no route to it",
     "ip route add ADDRESS via ROUTER, or start DHCP"},
    {all, EPERM, bad, bad, "forbidden", own_rule},
    {all, EACCES, bad, bad, "forbidden", own_rule},
};
constexpr std::string_view way_hint = "see which way it goes: ip route get ADDRESS";

const Sentence& sentence_of(const Try& each) {
  static constexpr Sentence other{all, -1, bad, bad, "", way_hint};
  const unsigned carrier = 1U << static_cast<unsigned>(each.port.carrier);
  const Sentence* const found =
      std::find_if(std::begin(sentences), std::end(sentences), [&](const Sentence& sentence) {
        return (sentence.carriers & carrier) != 0 && sentence.error == each.error;
      });
  return found == std::end(sentences) ? other : *found;
}

std::string detail_of(const Try& each) {
  std::string detail{sentence_of(each).detail};
  if (detail.empty()) detail = reason(each.error);
  return each.error == 0 ? detail + ", " + to_people(each.took) : detail;
}

}  // namespace

Finding judge_name(const std::string& name, const Result<std::vector<asio::ip::address>>& found,
                   Duration took) {
  if (!found) {
    const bool silent = found.error().code == Errc::timed_out;
    return say({"name ", name}, bad,
               {silent ? "no answer in " + to_people(took) : found.error().hint.str()},
               "is it spelt right, in /etc/hosts, or known to the name servers of "
               "/etc/resolv.conf?");
  }
  std::string addresses;
  for (const asio::ip::address& each : *found)
    addresses += each.to_string() + " ";
  const bool slow = took >= lookup_slow;
  return say({"name ", name}, slow ? note : good, {addresses, "in ", to_people(took)},
             slow ? "a name server of /etc/resolv.conf is silent: take it out" : "");
}

Finding judge_reach(std::span<const Try> tries, bool wanted) {
  const auto verdict_of = [wanted](const Try& each) {
    return wanted ? sentence_of(each).wanted : sentence_of(each).usual;
  };
  const Try* best = tries.data();
  const Try* worst = best;
  bool alike = true;
  std::string details;
  for (const Try& each : tries) {
    if (verdict_of(each) < verdict_of(*best)) best = &each;
    if (verdict_of(each) > verdict_of(*worst)) worst = &each;
    alike = alike && each.error == tries.front().error;
    details += text_of({details.empty() ? "" : ", ", each.to.to_string(), " ", detail_of(each)});
  }
  Verdict verdict = verdict_of(*best);
  std::string hint{sentence_of(*best).hint};
  if (verdict == good) {
    // Who connects tries the addresses by turns and takes the first that answers.
    const bool costs = verdict_of(*worst) != good;
    if (costs) verdict = note;
    hint = costs ? text_of({"clients lose time at ", worst->to.to_string(),
                            ": mend it, or take it out of the name"})
                 : "";
  }
  const net::ServicePort& port = best->port;
  const bool named = !port.service.empty();
  return say({net::to_text(port.carrier), " ", std::to_string(port.number), named ? " (" : "",
              port.service, named ? ")" : ""},
             verdict, {alike ? detail_of(*best) : details}, hint);
}

Finding judge_offset(const std::string& host, const std::optional<ClockOffset>& offset) {
  if (!offset)
    return say({"clock ", host}, note, {"it tells no time, by SNTP or by HTTP"},
               "compare what date says there");
  const bool behind = offset->ahead < Duration::zero();
  const Duration apart = behind ? -offset->ahead : offset->ahead;
  const bool close = apart <= offset_allowed + offset->within;
  return say({"clock ", host},
             close                 ? good
             : apart < ticket_life ? note
                                   : bad,
             {to_people(apart), behind ? " behind" : " ahead of", " this one, ", offset->by,
              ", give or take ", to_people(offset->within)},
             close ? "" : "set both by NTP: tickets and orders end by that much early or late");
}

}  // namespace netkit::doctor
