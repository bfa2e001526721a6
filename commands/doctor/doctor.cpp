// Showing what was found, and the row in the command table.
#include "commands/doctor/doctor.hpp"

#include <array>

#include "cli/client.hpp"
#include "cli/packed_text.hpp"
#include "commands/doctor/machine.hpp"
#include "commands/doctor/way.hpp"
#include "net/limits.hpp"

namespace netkit::doctor {
namespace {

class DoctorAction final : public cli::Action {
 public:
  void declare(cli::Options& options) override {
    options
        .positional("HOST", host_,
                    "Look at the way there, too: a name or an address, [SCHEME://]HOST:PORT for "
                    "one port alone")
        .completes(cli::Complete::endpoint);
    options.value("group-port", group_port_, "N", "UDP port of the groups of presence");
  }

  Status run(cli::Context& context) override {
    if (host_ && host_->host.empty())
      return Error{Errc::usage, "look at the way to " + net::to_text(*host_),
                   "give HOST, or HOST:PORT"};
    return cli::run_client([&] { return examine(context); });
  }

 private:
  asio::awaitable<Status> examine(cli::Context& context) {
    const auto here = co_await look_at_machine(context, group_port_);
    if (!here) co_return here.error();
    bool bad = false;
    if (Status shown = show(context, *here, bad); !shown) co_return shown;
    if (host_) {
      const Way way = co_await look_at_way(context, *host_);
      if (Status shown = show(context, way.findings, bad); !shown) co_return shown;
      if (!way.reached) co_return way.reached;
    }
    if (bad)
      co_return Error{Errc::mismatch, "find everything in order", "see the lines marked bad"};
    co_return ok;
  }

  static Status show(cli::Context& context, const std::vector<Finding>& findings, bool& bad) {
    for (const Finding& each : findings) {
      bad = bad || each.verdict == Verdict::bad;
      if (Status shown = show(context, each); !shown) return shown;
    }
    return ok;
  }

  static Status show(cli::Context& context, const Finding& finding) {
    if (context.out.json())
      return context.out.object(JsonObject{}
                                    .add("what", finding.what)
                                    .add("verdict", to_text(finding.verdict))
                                    .add("detail", finding.detail)
                                    .add("hint", finding.hint));
    std::string line =
        finding.what + "\t" + std::string{to_text(finding.verdict)} + "\t" + finding.detail;
    if (!finding.hint.empty()) line += "; " + finding.hint;
    return context.out.line(line);
  }

  std::optional<net::Endpoint> host_;
  std::uint16_t group_port_ = net::presence_group_port;
};

constexpr std::array<cli::Example, 3> examples{{
    {"netkit doctor",
     "interfaces, multicast on each, SCTP, limits, clock, ports taken and by whom"},
    {"netkit doctor files.example.org:9092", "and whether that port can be reached from here"},
    {"netkit doctor --json | jq 'select(.verdict != \"ok\")'", "what is to be looked at"},
}};
constexpr std::array<cli::ExitNote, 2> exits{{
    {3, "HOST has no address, or nothing there answers"},
    {5, "something is bad"},
}};
constexpr std::array<cli::Verb, 1> verbs{{
    {"", "Say what this machine and the way to HOST can do, and what stands in the way",
     "A line a finding: what, ok, note or bad, and what to do about it. A note costs something and "
     "stops nothing.",
     examples, exits, cli::make_action<DoctorAction>},
}};

constexpr std::string_view manual_text = R"(
Run it first when peers do not see each other, when a server cannot be reached, or before one is put
on a new machine. Each line is what was looked at, a verdict (ok, note, bad) and what to do. It
changes nothing and needs no root, which is only needed to name other users' programs.

Of HOST it says how its name is looked up; whether the ports of netkit's servers there are open,
refused or silent, by TCP, UDP and SCTP; and how far its clock is from this one, by SNTP or by the
date of its file server. With a port it knocks at that one alone, by the carrier that the scheme
names: tcp, udp or sctp.
)";
constexpr auto manual_bytes = cli::packed<cli::packed_size(manual_text)>(manual_text);

}  // namespace

constinit const cli::Command command{
    .name = "doctor",
    .summary = "What this machine and the way to a host can do, and what stands in the way",
    .verbs = verbs,
    .manual = cli::view_of(manual_bytes)};

}  // namespace netkit::doctor
