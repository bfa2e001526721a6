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
    if (host_ && (host_->host.empty() || host_->port == 0))
      return Error{Errc::usage, "look at the way to " + net::to_text(*host_),
                   "give HOST, or HOST:PORT"};
    return cli::run_client([&] { return examine(context); });
  }

 private:
  asio::awaitable<Status> examine(cli::Context& context) {
    Report report{context.out};
    if (Status seen = look_at_interfaces(report); !seen) co_return seen;
    co_await look_at_multicast(context, group_port_, report);
    Try own_sctp;
    co_await try_sctp(own_sctp, net::SctpChoice::user);
    look_at_limits(group_port_, own_sctp, report);
    Status reached = ok;
    if (host_) reached = co_await look_at_way(context, *host_, report);
    co_return reached ? report.end() : reached;
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
    .summary = "What stands in the way, on this machine and to another",
    .verbs = verbs,
    .manual = cli::view_of(manual_bytes)};

}  // namespace netkit::doctor
