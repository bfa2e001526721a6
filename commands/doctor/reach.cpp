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

struct Answer {
  unsigned carriers;
  int error;
  Verdict usual;
  Verdict wanted;  ///< Of a port that the user named.
  const char* detail;
  const char* hint;
};

constexpr const char* start_it = "start the server there, or is its port another?";
constexpr const char* own_rule = "a rule of this machine's firewall: nft list ruleset";
constexpr Verdict good = Verdict::good;
constexpr Verdict note = Verdict::note;
constexpr Verdict bad = Verdict::bad;

constexpr Answer answers[] = {
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
constexpr const char* way_hint = "see which way it goes: ip route get ADDRESS";

const Answer& answer_of(const Try& each) {
  static constexpr Answer other{all, -1, bad, bad, "", way_hint};
  const unsigned carrier = 1U << static_cast<unsigned>(each.port.carrier);
  const Answer* const found =
      std::find_if(std::begin(answers), std::end(answers), [&](const Answer& answer) {
        return (answer.carriers & carrier) != 0 && answer.error == each.error;
      });
  return found == std::end(answers) ? other : *found;
}

std::string detail_of(const Try& each) {
  std::string detail{answer_of(each).detail};
  if (detail.empty()) detail = reason(each.error);
  return each.error == 0 ? detail + ", " + to_people(each.took) : detail;
}

}  // namespace

Finding judge_name(const std::string& name, const Result<std::vector<asio::ip::address>>& found,
                   Duration took) {
  static constexpr const char* what = "name %1";
  static constexpr const char* hint =
      "is it spelt right, in /etc/hosts, or known to the name servers of /etc/resolv.conf?";
  static constexpr Sentence sentences[] = {
      {what, good, "%2 in %3"},
      {what, note, "%2 in %3", "a name server of /etc/resolv.conf is silent: take it out"},
      {what, bad, "no answer in %3", hint},
      {what, bad, "%2", hint},
  };
  int which = took >= lookup_slow ? 1 : 0;
  std::string addresses;
  if (!found) {
    which = found.error().code == Errc::timed_out ? 2 : 3;
    addresses = found.error().hint.str();
  } else {
    for (const asio::ip::address& each : *found) {
      if (!addresses.empty()) addresses += ' ';
      addresses += each.to_string();
    }
  }
  return say(sentences[which], {name, addresses, to_people(took)});
}

Finding judge_reach(std::span<const Try> tries, bool wanted) {
  const auto verdict_of = [wanted](const Try& each) {
    return wanted ? answer_of(each).wanted : answer_of(each).usual;
  };
  const Try* best = tries.data();
  const Try* worst = best;
  bool alike = true;
  std::string details;
  for (const Try& each : tries) {
    if (verdict_of(each) < verdict_of(*best)) best = &each;
    if (verdict_of(each) > verdict_of(*worst)) worst = &each;
    alike = alike && each.error == tries.front().error;
    if (!details.empty()) details += ", ";
    details += each.to.to_string() + " " + detail_of(each);
  }
  if (alike) details = detail_of(*best);
  const net::ServicePort& port = best->port;
  Sentence sentence{port.service.empty() ? "%1 %2" : "%1 %2 (%3)", verdict_of(*best), "%4"};
  if (sentence.verdict != good) {
    sentence.hint = answer_of(*best).hint;
  } else if (verdict_of(*worst) != good) {
    // Who connects tries the addresses by turns and takes the first that answers.
    sentence.verdict = note;
    sentence.hint = "clients lose time at %5: mend it, or take it out of the name";
  }
  return say(sentence, {net::to_text(port.carrier), std::to_string(port.number), port.service,
                        details, worst->to.to_string()});
}

Finding judge_offset(const std::string& host, const std::optional<ClockOffset>& offset) {
  static constexpr const char* what = "clock %1";
  static constexpr const char* detail = "%2 %3 this one, %4, give or take %5";
  static constexpr const char* hint =
      "set both by NTP: tickets and orders end by that much early or late";
  static constexpr Sentence sentences[] = {
      {what, good, detail},
      {what, note, detail, hint},
      {what, bad, detail, hint},
      {what, note, "it tells no time, by SNTP or by HTTP", "compare what date says there"},
  };
  if (!offset) return say(sentences[3], {host});
  const bool behind = offset->ahead < Duration::zero();
  const Duration apart = behind ? -offset->ahead : offset->ahead;
  const bool close = apart <= offset_allowed + offset->within;
  return say(sentences[close                 ? 0
                       : apart < ticket_life ? 1
                                             : 2],
             {host, to_people(apart), behind ? "behind" : "ahead of", offset->by,
              to_people(offset->within)});
}

}  // namespace netkit::doctor
