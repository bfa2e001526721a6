// Looking, and the row in the command table.
#include "commands/doctor/doctor.hpp"

#include <array>
#include <asio/steady_timer.hpp>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/file.hpp"
#include "cli/client.hpp"
#include "cli/packed_text.hpp"
#include "commands/doctor/findings.hpp"
#include "net/presence_group.hpp"
#include "net/spawn.hpp"
#include "net/together.hpp"

namespace netkit::doctor {
namespace {

/// Within it a switch has told its ports of the group, and what others say to it is heard.
constexpr std::chrono::milliseconds listening_time{500};

int probe_kernel_sctp() {
  const FileDescriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_SCTP)};
  return socket ? 0 : errno;
}

int probe_multicast_route(std::uint16_t port) {
  const FileDescriptor socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  if (!socket) return errno;
  const asio::ip::udp::endpoint group{*net::presence_group(port).group_v4, port};
  return connect(socket.get(), group.data(), static_cast<socklen_t>(group.size())) == 0 ? 0 : errno;
}

class DoctorAction final : public cli::Action {
 public:
  void declare(cli::Options& options) override {
    options.value("group-port", group_port_, "N", "UDP port of the groups of presence");
  }

  Status run(cli::Context& context) override {
    return cli::run_client([&] { return examine(context); });
  }

 private:
  asio::awaitable<Status> examine(cli::Context& context) {
    Result<std::vector<net::Interface>> interfaces = net::read_interfaces();
    if (!interfaces) co_return interfaces.error();
    std::vector<Finding> findings;
    for (const net::Interface& each : *interfaces)
      findings.push_back(judge(each));
    co_await look_at_multicast(context, findings);
    findings.push_back(judge_multicast_route(probe_multicast_route(group_port_)));
    findings.push_back(judge_kernel_sctp(probe_kernel_sctp()));
    bool bad = false;
    for (const Finding& each : findings) {
      bad = bad || each.verdict == Verdict::bad;
      if (Status shown = show(context, each); !shown) co_return shown;
    }
    if (bad)
      co_return Error{Errc::mismatch, "find everything in order", "see the lines marked bad"};
    co_return ok;
  }

  asio::awaitable<void> look_at_multicast(cli::Context& context, std::vector<Finding>& findings) {
    const auto executor = co_await asio::this_coro::executor;
    auto& io = static_cast<asio::io_context&>(executor.context());
    Result<std::unique_ptr<net::Multicast>> group =
        net::Multicast::open(io, context.log, net::presence_group(group_port_));
    if (!group) {
      findings.push_back({.what = "multicast",
                          .verdict = Verdict::bad,
                          .detail = group.error().message(),
                          .hint = "peers find a daemon by --presenced HOST"});
      co_return;
    }
    // Whoever is there drops it: it is no announcement.
    (*group)->send("?");
    std::vector<asio::awaitable<Status>> parts;
    parts.push_back(drain(**group));
    parts.push_back(end_soon(**group, findings));
    static_cast<void>(co_await net::together(std::move(parts)));  // Neither fails.
  }

  static asio::awaitable<Status> drain(net::Multicast& group) {
    for (;;)
      if (const auto heard = co_await group.receive(); !heard) co_return ok;
  }

  static asio::awaitable<Status> end_soon(net::Multicast& group, std::vector<Finding>& findings) {
    asio::steady_timer timer{co_await asio::this_coro::executor, listening_time};
    std::error_code cancelled;
    co_await timer.async_wait(net::into(cancelled));
    for (Finding& each : judge_multicast(group.report()))
      findings.push_back(std::move(each));
    group.stop();
    co_return ok;
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

  std::uint16_t group_port_ = net::presence_group_port;
};

constexpr std::array<cli::Example, 2> examples{{
    {"netkit doctor", "interfaces, multicast on each, SCTP: a line each, with what to do"},
    {"netkit doctor --json | jq 'select(.verdict != \"ok\")'", "what is to be looked at"},
}};
constexpr std::array<cli::ExitNote, 1> exits{{{5, "something is bad"}}};
constexpr std::array<cli::Verb, 1> verbs{{
    {"", "Say what this machine can do and what stands in the way",
     "A line a finding: what, ok, note or bad, and what to do about it. A note costs something and "
     "stops nothing.",
     examples, exits, cli::make_action<DoctorAction>},
}};

constexpr std::string_view manual_text = R"(
Run it first when peers do not see each other, or before a server is put on a new machine. Each
line is what was looked at, a verdict (ok, note, bad) and what to do. It changes nothing and needs
no root.
)";
constexpr auto manual_bytes = cli::packed<cli::packed_size(manual_text)>(manual_text);

}  // namespace

constinit const cli::Command command{
    .name = "doctor",
    .summary = "What this machine can do, and what stands in the way",
    .verbs = verbs,
    .manual = cli::view_of(manual_bytes)};

}  // namespace netkit::doctor
