// A party of a multicast group for the lab script `multicast`: what it hears and which interfaces
// it uses are lines on stdout, what it is to do are lines on stdin. No part of netkit.

//   multicast_party PORT [poll] [no-netlink]
//   stdin:   send TEXT            to the group
//            report               one line an interface: way NAME FAMILY joined=.. received=.. ...
//            end
//   stdout:  ready, interfaces NAME..., group|direct INTERFACE SENDER TEXT, way ...
// What comes from the group and ends with '?' is answered by `answer TEXT` to its sender.

#include <array>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <charconv>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <string>
#include <string_view>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "log/sink.hpp"
#include "net/multicast.hpp"
#include "net/spawn.hpp"

using namespace netkit;
using namespace netkit::net;

namespace {

void say(const std::string& line) {
  std::puts(line.c_str());
  std::fflush(stdout);
}

/// From here on socket(AF_NETLINK) fails, as under a service manager's RestrictAddressFamilies.
bool refuse_netlink() {
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{sizeof code / sizeof *code, code};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

std::string name_of(const Multicast& multicast, unsigned interface) {
  for (const MulticastInterface& each : multicast.report())
    if (each.interface.index == interface) return each.interface.name;
  return "?";
}

void say_interfaces(const Multicast& multicast) {
  std::string line = "interfaces";
  for (const MulticastInterface& each : multicast.report())
    if (each.interface.up)
      line += " " + each.interface.name + (each.interface.running ? "" : "(no carrier)");
  say(line);
}

void say_report(const Multicast& multicast) {
  for (const MulticastInterface& each : multicast.report())
    for (const bool v6 : {false, true}) {
      const MulticastWay& way = each.ways[v6];
      say("way " + each.interface.name + (v6 ? " ipv6" : " ipv4") +
          " joined=" + std::to_string(way.joined) + " received=" + std::to_string(way.received) +
          " own=" + std::to_string(way.own) + " direct=" + std::to_string(way.direct) + " sent=" +
          std::to_string(way.sent) + " send_failures=" + std::to_string(way.send_failures) +
          " heard=" + std::to_string(way.heard.has_value()) + " join_failure=\"" +
          way.join_failure + "\" send_failure=\"" +
          (way.send_failure ? way.send_failure.message() : "") + "\"");
    }
  say("reported");
}

asio::awaitable<void> hear(Multicast& multicast) {
  for (;;) {
    const auto got = co_await multicast.receive();
    if (!got) co_return;
    const std::string text{got->bytes};
    say((got->multicast ? "group " : "direct ") + name_of(multicast, got->interface) + " " +
        got->sender.address().to_string() + " " + text);
    if (!got->multicast || !text.ends_with('?')) continue;
    const std::error_code failed = multicast.send_to("answer " + text, got->sender);
    if (failed) say("cannot answer " + text + ": " + failed.message());
  }
}

asio::awaitable<void> obey(asio::posix::stream_descriptor& input, Multicast& multicast) {
  std::string pending;
  std::array<char, 4096> bytes;
  for (;;) {
    std::error_code failed;
    const std::size_t size = co_await input.async_read_some(asio::buffer(bytes), into(failed));
    if (failed) co_return multicast.stop();
    pending.append(bytes.data(), size);
    for (std::size_t end = pending.find('\n'); end != std::string::npos; end = pending.find('\n')) {
      const std::string line = pending.substr(0, end);
      pending.erase(0, end + 1);
      if (line.starts_with("send ")) multicast.send(std::string_view{line}.substr(5));
      if (line == "report") say_report(multicast);
      if (line == "end") co_return multicast.stop();
    }
  }
}

}  // namespace

int main(int count, char** arguments) {
  MulticastOptions options;
  options.group_v4 = asio::ip::make_address_v4("239.255.42.99");
  options.group_v6 = asio::ip::make_address_v6("ff15::4e4b");
  for (int i = 1; i < count; ++i) {
    const std::string_view word = arguments[i];
    if (word == "poll") options.watch.polling_only = true;
    if (word == "no-netlink" && !refuse_netlink()) return EXIT_FAILURE;
    std::from_chars(word.data(), word.data() + word.size(), options.port);
  }
  asio::io_context context{1};
  log::StderrSink sink;
  log::LoggerOptions how;
  how.level = log::Level::debug;
  log::Logger log{"party", sink, how};
  auto multicast = Multicast::open(context, log, options);
  if (!multicast) {
    log.error("open", {{"reason", multicast.error().message()}});
    return EXIT_FAILURE;
  }
  Multicast& party = **multicast;
  party.on_interfaces([&party] { say_interfaces(party); });
  asio::posix::stream_descriptor input{context, ::dup(STDIN_FILENO)};
  asio::co_spawn(context, hear(party), rethrow);
  asio::co_spawn(context, obey(input, party), rethrow);
  if (!party.polling_reason().empty()) say("polling: " + party.polling_reason());
  say("ready");
  context.run();
  return EXIT_SUCCESS;
}
