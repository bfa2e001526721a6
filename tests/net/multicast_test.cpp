// Tests of multicast on loopback: all parties of one machine hear a group, answers come to the one
// that asked. The lab script `multicast` has those with several interfaces.
#include "net/multicast.hpp"

#include <array>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <cstring>
#include <doctest/doctest.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <vector>

#include "log/sink.hpp"
#include "net/packet.hpp"
#include "net/rig.hpp"
#include "net/spawn.hpp"

using namespace netkit;
using namespace netkit::net;
using namespace std::chrono_literals;
using asio::ip::udp;

namespace {

const auto group_v4 = asio::ip::make_address_v4("239.255.42.99");
const auto group_v6 = asio::ip::make_address_v6("ff15::4e4b");

/// One that is free now.
std::uint16_t free_port() {
  const auto probe = open_packets({asio::ip::address_v4::any(), 0}, {});
  REQUIRE(probe);
  return local_packets(probe->get()).port();
}

MulticastOptions on_loopback(std::uint16_t port) {
  MulticastOptions options;
  options.group_v4 = group_v4;
  options.port = port;
  options.admits = [](const Interface& each) { return each.loopback; };
  return options;
}

struct Heard {
  std::string text;
  udp::endpoint sender;
  bool multicast = false;
};

asio::awaitable<void> listen(Multicast& multicast, std::vector<Heard>& all, bool& ended) {
  for (;;) {
    const auto got = co_await multicast.receive();
    if (!got) {
      CHECK(got.error().code == Errc::stopped);
      ended = true;
      co_return;
    }
    all.push_back({std::string{got->bytes}, got->sender, got->multicast});
  }
}

/// A party of the group and all it has heard.
class Party {
 public:
  Party(asio::io_context& context, const MulticastOptions& options) : log_{"test", sink_} {
    auto opened = Multicast::open(context, log_, options);
    REQUIRE(opened);
    multicast_ = std::move(*opened);
    asio::co_spawn(context, listen(*multicast_, heard, ended), rethrow);
  }

  Multicast& operator*() { return *multicast_; }
  Multicast* operator->() { return multicast_.get(); }
  void end() { multicast_.reset(); }

  std::vector<Heard> heard;
  bool ended = false;

 private:
  log::MemorySink sink_;
  log::Logger log_;
  std::unique_ptr<Multicast> multicast_;
};

template <typename Holds>
bool until(asio::io_context& context, Holds holds) {
  const auto end = std::chrono::steady_clock::now() + net::tests::hang_limit;
  while (!holds() && std::chrono::steady_clock::now() < end)
    context.run_for(5ms);
  return holds();
}

MulticastWay loopback_way(const Multicast& multicast, bool v6) {
  for (const MulticastInterface& each : multicast.report())
    if (each.interface.loopback) return each.ways[v6];
  FAIL("no loopback interface");
  return {};
}

/// Another program in the group on loopback, sharing the port in every way there is.
FileDescriptor foreign_member(std::uint16_t port) {
  FileDescriptor made{::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  const int on = 1;
  CHECK(setsockopt(made.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0);
  CHECK(setsockopt(made.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0);
  CHECK(setsockopt(made.get(), IPPROTO_IP, IP_RECVTTL, &on, sizeof on) == 0);
  const udp::endpoint at{group_v4, port};
  CHECK(::bind(made.get(), at.data(), static_cast<socklen_t>(at.size())) == 0);
  CHECK(join_group(made.get(), group_v4, if_nametoindex("lo")));
  return made;
}

/// The TTL with which the next datagram came, -1 if there is none.
int hops_of_next(int socket) {
  char byte = 0;
  iovec piece{&byte, 1};
  alignas(cmsghdr) std::array<char, 64> control;
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  if (recvmsg(socket, &message, MSG_DONTWAIT) < 0) return -1;
  int hops = -1;
  const cmsghdr* const first = CMSG_FIRSTHDR(&message);
  if (first && first->cmsg_type == IP_TTL) std::memcpy(&hops, CMSG_DATA(first), sizeof hops);
  return hops;
}

}  // namespace

TEST_CASE("Multicast: every other party of the machine hears, the sender does not") {
  asio::io_context context{1};
  const MulticastOptions options = on_loopback(free_port());
  Party first{context, options};
  Party second{context, options};
  Party third{context, options};

  CHECK(first->send("here"));
  CHECK(until(context, [&] { return !second.heard.empty() && !third.heard.empty(); }));
  CHECK(until(context, [&] { return loopback_way(*first, false).own == 1; }));
  CHECK(second.heard.size() == 1);
  CHECK(third.heard.size() == 1);
  CHECK(first.heard.empty());
  CHECK(second.heard.at(0).text == "here");
  CHECK(second.heard.at(0).multicast);
  CHECK(second.heard.at(0).sender.port() == first->own_port(false));

  const MulticastWay way = loopback_way(*second, false);
  CHECK(way.joined);
  CHECK(way.received == 1);
  CHECK(way.heard.has_value());
  CHECK(loopback_way(*first, false).sent == 1);
  CHECK_FALSE(loopback_way(*first, false).heard.has_value());
}

TEST_CASE("Multicast: an answer comes to the one that asked, though all share the group's port") {
  asio::io_context context{1};
  const MulticastOptions options = on_loopback(free_port());
  std::vector<std::unique_ptr<Party>> parties;
  for (int i = 0; i < 5; ++i)
    parties.push_back(std::make_unique<Party>(context, options));

  CHECK((*parties[2])->send("who?"));
  CHECK(until(context, [&] { return !parties[4]->heard.empty(); }));
  CHECK_FALSE((*parties[4])->send_to("me", parties[4]->heard.at(0).sender));
  CHECK(until(context, [&] { return !parties[2]->heard.empty(); }));
  CHECK(parties[2]->heard.at(0).text == "me");
  CHECK_FALSE(parties[2]->heard.at(0).multicast);
  CHECK(loopback_way(**parties[2], false).direct == 1);
  for (const int other : {0, 1, 3, 4})
    for (const Heard& each : parties[static_cast<std::size_t>(other)]->heard)
      CHECK(each.text == "who?");
}

TEST_CASE("Multicast: what is sent to the group's port alone, and to another group, is not heard") {
  asio::io_context context{1};
  const MulticastOptions options = on_loopback(free_port());
  MulticastOptions other = options;
  other.group_v4 = asio::ip::make_address_v4("239.255.42.100");
  Party party{context, options};
  Party stranger{context, other};

  CHECK(stranger->send("elsewhere"));
  static_cast<void>(stranger->send_to("direct", {asio::ip::address_v4::loopback(), options.port}));
  Party friendly{context, options};
  CHECK(friendly->send("here"));
  CHECK(until(context, [&] { return !party.heard.empty(); }));
  CHECK(party.heard.size() == 1);
  CHECK(party.heard.at(0).text == "here");
}

TEST_CASE("Multicast: datagrams of any size up to the limit, empty ones too; longer ones drop") {
  asio::io_context context{1};
  MulticastOptions options = on_loopback(free_port());
  options.size_max = 1200;
  Party first{context, options};
  Party second{context, options};
  CHECK(first->send(std::string(1201, 'x')));
  CHECK(first->send(""));
  CHECK(first->send(std::string(1200, 'y')));
  CHECK(until(context, [&] { return second.heard.size() == 2; }));
  CHECK(second.heard.at(0).text.empty());
  CHECK(second.heard.at(1).text == std::string(1200, 'y'));
}

TEST_CASE("Multicast: a foreign socket with SO_REUSEPORT takes nothing from anyone") {
  asio::io_context context{1};
  const MulticastOptions options = on_loopback(free_port());
  // Bound before and after: the kernel gives a port's datagrams to such sockets in turns, but not
  // those to a group.
  const FileDescriptor before = foreign_member(options.port);
  Party first{context, options};
  Party second{context, options};
  const FileDescriptor after = foreign_member(options.port);
  for (int i = 0; i < 20; ++i)
    CHECK(first->send("x"));
  CHECK(until(context, [&] { return second.heard.size() == 20; }));
  std::array<char, 8> memory;
  for (const FileDescriptor* each : {&before, &after})
    for (int i = 0; i < 20; ++i)
      CHECK(take_packet(each->get(), memory).has_value());
}

TEST_CASE("Multicast: what it says stays on the link, unless told to pass routers") {
  asio::io_context context{1};
  MulticastOptions options = on_loopback(free_port());
  const FileDescriptor member = foreign_member(options.port);
  for (const int hops : {1, 7}) {
    if (hops != 1) options.hops = static_cast<unsigned>(hops);
    Party party{context, options};
    CHECK(party->send("x"));
    CHECK(hops_of_next(member.get()) == hops);
  }
}

TEST_CASE("Multicast: a flood is heard in order, and others have their turn") {
  asio::io_context context{1};
  const MulticastOptions options = on_loopback(free_port());
  Party first{context, options};
  Party second{context, options};
  for (int i = 0; i < 100; ++i)
    CHECK(first->send(std::to_string(i)));
  CHECK(until(context, [&] { return second.heard.size() == 100; }));
  for (std::size_t i = 0; i < second.heard.size(); ++i)
    CHECK(second.heard[i].text == std::to_string(i));
}

TEST_CASE("Multicast: with loop off others of the machine hear nothing beyond loopback's own") {
  // Loopback carries to the machine itself whatever the option says: there is no other end.
  asio::io_context context{1};
  MulticastOptions options = on_loopback(free_port());
  options.loop = false;
  Party first{context, options};
  Party second{context, options};
  CHECK(first->send("here"));
  CHECK(until(context, [&] { return second.heard.size() == 1; }));
}

TEST_CASE("Multicast: both families speak from one port, so that one number tells of both") {
  asio::io_context context{1};
  MulticastOptions options = on_loopback(free_port());
  options.group_v6 = asio::ip::make_address_v6("ff15::4e4b");
  bool same = false;
  // Somebody else may have the number in the other family.
  for (int i = 0; i < 5 && !same; ++i) {
    Party party{context, options};
    REQUIRE(party->has(true));
    same = party->own_port(true) == party->own_port(false);
  }
  CHECK(same);
}

TEST_CASE("Multicast: stop() and the end of the object end receive()") {
  asio::io_context context{1};
  const MulticastOptions options = on_loopback(free_port());
  Party stopped{context, options};
  Party gone{context, options};
  context.run_for(5ms);
  stopped->stop();
  gone.end();
  CHECK(until(context, [&] { return stopped.ended && gone.ended; }));
  CHECK_FALSE(stopped->send("nothing"));
  CHECK(stopped->send_to("nothing", {asio::ip::address_v4::loopback(), 9}));
}

TEST_CASE("Multicast: an interface that is not admitted is neither joined nor sent by") {
  asio::io_context context{1};
  MulticastOptions options = on_loopback(free_port());
  options.admits = [](const Interface&) { return false; };
  Party party{context, options};
  CHECK_FALSE(party->send("here"));
  CHECK_FALSE(loopback_way(*party, false).joined);
  CHECK(loopback_way(*party, false).join_failure.empty());
}

TEST_CASE("Multicast: refuses what is no group") {
  asio::io_context context{1};
  log::MemorySink sink;
  log::Logger log{"test", sink};
  MulticastOptions options;
  options.port = 2003;
  CHECK(Multicast::open(context, log, options).error().code == Errc::usage);
  options.group_v4 = asio::ip::make_address_v4("192.0.2.1");
  CHECK(Multicast::open(context, log, options).error().code == Errc::usage);
  options.group_v4 = group_v4;
  options.port = 0;
  CHECK(Multicast::open(context, log, options).error().code == Errc::usage);
}

TEST_CASE("Multicast: a family that does not work leaves the other one") {
  asio::io_context context{1};
  MulticastOptions options = on_loopback(free_port());
  options.group_v6 = asio::ip::make_address_v6("2001:db8::1");
  Party party{context, options};
  CHECK(party->has(false));
  CHECK_FALSE(party->has(true));
  CHECK(party->own_port(true) == 0);
  CHECK(party->send("here"));
}
