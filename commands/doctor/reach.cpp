// The sentences, in one table for all carriers.
#include "commands/doctor/reach.hpp"

#include <algorithm>

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
    {all, ENETUNREACH, bad, bad, "no route to it", "ip route add ADDRESS via ROUTER"},
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

/// "ADDRESS" in a hint becomes the one it is about.
std::string with_address(std::string_view hint, const Try& about) {
  constexpr std::string_view mark = "ADDRESS";
  std::string text{hint};
  if (const std::size_t at = text.find(mark); at != std::string::npos)
    text.replace(at, mark.size(), about.to.to_string());
  return text;
}

}  // namespace

Finding judge_name(const std::string& name, const Result<std::vector<asio::ip::address>>& found,
                   Duration took) {
  Finding finding{.what = "name " + name, .detail = {}, .hint = {}};
  if (!found) {
    finding.verdict = Verdict::bad;
    const bool silent = found.error().code == Errc::timed_out;
    finding.detail = silent ? "no answer in " + to_people(took) : found.error().hint.str();
    finding.hint =
        "is it spelt right, in /etc/hosts, or known to the name servers of /etc/resolv.conf?";
    return finding;
  }
  for (const asio::ip::address& each : *found)
    finding.detail += each.to_string() + " ";
  finding.detail += "in " + to_people(took);
  if (took >= lookup_slow) {
    finding.verdict = Verdict::note;
    finding.hint = "a name server of /etc/resolv.conf is silent: take it out";
  }
  return finding;
}

Finding judge_reach(std::span<const Try> tries, bool wanted) {
  const net::ServicePort& port = tries.front().port;
  Finding finding{
      .what = std::string{net::to_text(port.carrier)} + " " + std::to_string(port.number),
      .detail = {},
      .hint = {}};
  if (!port.service.empty()) finding.what += " (" + std::string{port.service} + ")";

  const auto verdict_of = [wanted](const Try& each) {
    return wanted ? sentence_of(each).wanted : sentence_of(each).usual;
  };
  const auto by_verdict = [&](const Try& left, const Try& right) {
    return verdict_of(left) < verdict_of(right);
  };
  const auto [best, worst] = std::minmax_element(tries.begin(), tries.end(), by_verdict);
  const bool alike =
      std::all_of(tries.begin(), tries.end(),
                  [error = best->error](const Try& each) { return each.error == error; });
  if (alike) {
    finding.detail = detail_of(*best);
  } else {
    for (const Try& each : tries)
      finding.detail +=
          (finding.detail.empty() ? "" : ", ") + each.to.to_string() + " " + detail_of(each);
  }
  finding.verdict = verdict_of(*best);
  if (finding.verdict != good) {
    finding.hint = with_address(sentence_of(*best).hint, *best);
  } else if (verdict_of(*worst) != good) {
    // Who connects tries the addresses by turns and takes the first that answers.
    finding.verdict = note;
    finding.hint =
        "clients lose time at " + worst->to.to_string() + ": mend it, or take it out of the name";
  }
  return finding;
}

Finding judge_offset(const std::string& host, const std::optional<ClockOffset>& offset) {
  Finding finding{.what = "clock " + host, .detail = {}, .hint = {}};
  if (!offset) {
    finding.verdict = note;
    finding.detail = "it tells no time, by SNTP or by HTTP";
    finding.hint = "compare what date says there";
    return finding;
  }
  const bool behind = offset->ahead < Duration::zero();
  const Duration apart = behind ? -offset->ahead : offset->ahead;
  finding.detail = to_people(apart) + (behind ? " behind" : " ahead of") + " this one, " +
                   std::string{offset->by} + ", give or take " + to_people(offset->within);
  if (apart <= offset_allowed + offset->within) return finding;
  finding.verdict = apart < ticket_life ? note : bad;
  finding.hint = "set both by NTP: tickets and orders end by that much early or late";
  return finding;
}

}  // namespace netkit::doctor
