// A probe a finding, each as short as the system call behind it.
#include "commands/doctor/machine.hpp"

#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timex.h>

#include "base/file.hpp"
#include "commands/doctor/ports.hpp"
#include "net/deadline.hpp"
#include "net/presence_group.hpp"

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

KernelClock probe_kernel_clock() {
  timex asked{};  // Nothing of it is set, so this reads and needs no right.
  const int state = adjtimex(&asked);
  if (state < 0) return {.error = errno};
  return {.synchronised = state != TIME_ERROR && (asked.status & STA_UNSYNC) == 0,
          .off_at_most = std::chrono::microseconds{asked.maxerror}};
}

}  // namespace

Status look_at_interfaces(Report& report) {
  const Result<std::vector<net::Interface>> interfaces = net::read_interfaces();
  if (!interfaces) return interfaces.error();
  for (const net::Interface& each : *interfaces)
    report.add(judge(each));
  return ok;
}

asio::awaitable<void> look_at_multicast(cli::Context& context, std::uint16_t port, Report& report) {
  const auto executor = co_await asio::this_coro::executor;
  auto& io = static_cast<asio::io_context&>(executor.context());
  Result<std::unique_ptr<net::Multicast>> group =
      net::Multicast::open(io, context.log, net::presence_group(port));
  if (!group) {
    report.add(say({"multicast", Verdict::bad, "%1", "peers find a daemon by --presenced HOST"},
                   {group.error().message()}));
    co_return;
  }
  net::Multicast& joined = **group;
  // Whoever is there drops it: it is no announcement.
  joined.send("?");
  net::Deadline deadline{executor, [&] {
                           report.add(judge_multicast(joined.report()));
                           joined.stop();
                         }};
  deadline.expire_in(listening_time);
  for (;;)
    if (const auto heard = co_await joined.receive(); !heard) co_return;
}

void look_at_limits(std::uint16_t group_port, const Try& own_sctp, Report& report) {
  report.add(judge_multicast_route(probe_multicast_route(group_port)));
  report.add(judge_kernel_sctp(probe_kernel_sctp()));
  report.add(judge_user_sctp(own_sctp.error, own_sctp.took));
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  report.add(judge_open_files(files.rlim_cur, files.rlim_max));
  report.add(judge_kernel_clock(probe_kernel_clock()));
  report.add(judge_ports(look_at_ports()));
}

}  // namespace netkit::doctor
