// A probe a finding, each as short as the system call behind it.
#include "commands/doctor/machine.hpp"

#include <asio/steady_timer.hpp>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timex.h>

#include "base/file.hpp"
#include "commands/doctor/ports.hpp"
#include "commands/doctor/way.hpp"
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

KernelClock probe_kernel_clock() {
  timex asked{};  // Nothing of it is set, so this reads and needs no right.
  const int state = adjtimex(&asked);
  if (state < 0) return {.error = errno};
  return {.synchronised = state != TIME_ERROR && (asked.status & STA_UNSYNC) == 0,
          .off_at_most = std::chrono::microseconds{asked.maxerror}};
}

Finding look_at_open_files() {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  return judge_open_files(files.rlim_cur, files.rlim_max);
}

std::vector<Finding> find_taken_ports() {
  const Result<std::vector<TakenPort>> taken = look_at_ports();
  if (taken) return judge_ports(*taken);
  return {{.what = "ports",
           .verdict = Verdict::note,
           .detail = taken.error().message(),
           .hint = "mount -t proc proc /proc"}};
}

asio::awaitable<Status> drain(net::Multicast& group) {
  for (;;)
    if (const auto heard = co_await group.receive(); !heard) co_return ok;
}

void append(std::vector<Finding>& findings, std::vector<Finding> more) {
  for (Finding& each : more)
    findings.push_back(std::move(each));
}

asio::awaitable<Status> end_soon(net::Multicast& group, std::vector<Finding>& findings) {
  asio::steady_timer timer{co_await asio::this_coro::executor, listening_time};
  std::error_code cancelled;
  co_await timer.async_wait(net::into(cancelled));
  append(findings, judge_multicast(group.report()));
  group.stop();
  co_return ok;
}

asio::awaitable<void> look_at_multicast(cli::Context& context, std::uint16_t port,
                                        std::vector<Finding>& findings) {
  const auto executor = co_await asio::this_coro::executor;
  auto& io = static_cast<asio::io_context&>(executor.context());
  Result<std::unique_ptr<net::Multicast>> group =
      net::Multicast::open(io, context.log, net::presence_group(port));
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

}  // namespace

asio::awaitable<Result<std::vector<Finding>>> look_at_machine(cli::Context& context,
                                                              std::uint16_t group_port) {
  Result<std::vector<net::Interface>> interfaces = net::read_interfaces();
  if (!interfaces) co_return interfaces.error();
  std::vector<Finding> findings;
  for (const net::Interface& each : *interfaces)
    findings.push_back(judge(each));
  co_await look_at_multicast(context, group_port, findings);
  findings.push_back(judge_multicast_route(probe_multicast_route(group_port)));
  findings.push_back(judge_kernel_sctp(probe_kernel_sctp()));
  const Try itself = co_await try_user_sctp();
  findings.push_back(judge_user_sctp(itself.error, itself.took));
  findings.push_back(look_at_open_files());
  findings.push_back(judge_kernel_clock(probe_kernel_clock()));
  append(findings, find_taken_ports());
  co_return findings;
}

}  // namespace netkit::doctor
