// ICMP echo over an unprivileged socket (or a raw one), and TCP connections that count as life
// when they are refused as well: a kernel answered.
#include "commands/shutdown/probe.hpp"

#include <algorithm>
#include <array>
#include <asio/awaitable.hpp>
#include <asio/generic/raw_protocol.hpp>
#include <asio/ip/icmp.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <ifaddrs.h>
#include <memory>
#include <netinet/in.h>
#include <span>
#include <sys/socket.h>

#include "base/file.hpp"
#include "net/address.hpp"
#include "net/spawn.hpp"
#include "net/together.hpp"

namespace netkit::shutdown {
namespace {

using asio::ip::tcp;

constexpr std::chrono::milliseconds answer_limit{1000};
constexpr std::size_t probes_max = 500;
constexpr std::size_t ports_probed_max = 4;
/// ICMP is lossy: each probe asks so often, evenly over the limit.
constexpr int echo_requests = 3;

/// Ends its parts when the time is up or one of them found life.
struct Search {
  explicit Search(const asio::any_io_executor& executor) : over{executor, answer_limit} {}
  asio::steady_timer over;
  bool alive = false;

  void found() {
    alive = true;
    over.cancel();
  }
};

asio::awaitable<void> try_port(std::shared_ptr<Search> search, tcp::endpoint to,
                               std::shared_ptr<tcp::socket> socket) {
  std::error_code failed;
  co_await socket->async_connect(to, net::into(failed));
  if (!failed || failed == asio::error::connection_refused ||
      failed == asio::error::connection_reset)
    search->found();
}

/// ICMP echo request (RFC 792; RFC 4443, 4.1), empty. The kernel fills in the identifier of an
/// unprivileged socket and the checksum of both it and ICMPv6.
std::array<char, 8> echo_request(bool v6, std::uint16_t sequence) {
  std::array<char, 8> packet{};
  packet[0] = static_cast<char>(v6 ? 128 : 8);
  packet[7] = static_cast<char>(sequence);
  // For a raw IPv4 socket: the one's complement of the sum of the two words that are not zero.
  const unsigned sum = 0x0800u + sequence;
  packet[2] = static_cast<char>(v6 ? 0 : (~sum >> 8) & 0xff);
  packet[3] = static_cast<char>(v6 ? 0 : ~sum & 0xff);
  return packet;
}

/// Where the reply's type stands: raw IPv4 sockets deliver the IP header as well.
bool is_echo_reply(std::span<const char> packet, bool v6, bool raw) {
  std::size_t at = 0;
  if (raw && !v6) at = packet.empty() ? 0 : static_cast<std::size_t>(packet[0] & 15) * 4;
  return packet.size() > at && static_cast<unsigned char>(packet[at]) == (v6 ? 129 : 0);
}

using IcmpSocket = asio::ip::icmp::socket;

/// An ICMP socket that hears only from `to`; nullptr where the system allows neither kind.
std::shared_ptr<IcmpSocket> open_icmp(const asio::any_io_executor& executor,
                                      const asio::ip::address& to, bool& raw) {
  const bool v6 = to.is_v6();
  const int protocol = v6 ? static_cast<int>(IPPROTO_ICMPV6) : static_cast<int>(IPPROTO_ICMP);
  for (const int type : {SOCK_DGRAM, SOCK_RAW}) {
    FileDescriptor fd{
        ::socket(v6 ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol)};
    if (!fd) continue;
    const asio::ip::icmp::endpoint peer{to, 0};
    if (::connect(fd.get(), peer.data(), static_cast<socklen_t>(peer.size())) != 0) continue;
    raw = type == SOCK_RAW;
    auto socket = std::make_shared<IcmpSocket>(executor);
    std::error_code failed;
    socket->assign(v6 ? asio::ip::icmp::v6() : asio::ip::icmp::v4(), fd.get(), failed);
    if (failed) continue;
    static_cast<void>(fd.release());
    return socket;
  }
  return nullptr;
}

asio::awaitable<void> hear_echo(std::shared_ptr<Search> search, std::shared_ptr<IcmpSocket> socket,
                                bool v6, bool raw) {
  std::array<char, 512> packet{};
  for (;;) {
    std::error_code failed;
    const std::size_t size =
        co_await socket->async_receive(asio::buffer(packet), net::into(failed));
    // Unreachable is no life; the next request may fare better.
    if (failed == asio::error::host_unreachable || failed == asio::error::network_unreachable ||
        failed == asio::error::connection_refused)
      continue;
    if (failed) co_return;
    if (is_echo_reply(std::span{packet}.first(size), v6, raw)) co_return search->found();
  }
}

asio::awaitable<void> send_echo(std::shared_ptr<Search> search, std::shared_ptr<IcmpSocket> socket,
                                bool v6) {
  asio::steady_timer pause{co_await asio::this_coro::executor};
  for (std::uint16_t i = 1; i <= echo_requests && !search->alive && socket->is_open(); ++i) {
    std::error_code ignored;  // No route now: silence, unless a later one is answered.
    socket->send(asio::buffer(echo_request(v6, i)), 0, ignored);
    pause.expires_after(answer_limit / echo_requests);
    co_await pause.async_wait(net::into(ignored));
  }
}

asio::awaitable<bool> answers(std::string address, std::vector<std::uint16_t> ports) {
  std::error_code failed;
  const asio::ip::address to = asio::ip::make_address(address, failed);
  if (failed) co_return false;
  const auto executor = co_await asio::this_coro::executor;
  const auto search = std::make_shared<Search>(executor);
  // A refusal is life as well, so that any port will do where the system allows no ICMP.
  if (ports.empty()) ports = {22, 9};
  std::vector<std::shared_ptr<tcp::socket>> sockets;
  for (std::size_t i = 0; i < std::min(ports.size(), ports_probed_max); ++i) {
    sockets.push_back(std::make_shared<tcp::socket>(executor));
    asio::co_spawn(executor, try_port(search, {to, ports[i]}, sockets.back()), net::rethrow);
  }
  bool raw = false;
  const auto icmp = open_icmp(executor, to, raw);
  if (icmp) {
    asio::co_spawn(executor, hear_echo(search, icmp, to.is_v6(), raw), net::rethrow);
    asio::co_spawn(executor, send_echo(search, icmp, to.is_v6()), net::rethrow);
  }
  co_await search->over.async_wait(net::into(failed));
  std::error_code ignored;
  for (const auto& socket : sockets)
    socket->close(ignored);
  if (icmp) icmp->close(ignored);
  co_return search->alive;
}

}  // namespace

void Prober::probe(Probe probe) {
  waiting_.push_back(std::move(probe));
  start_next();
}

void Prober::start_next() {
  while (running_ < probes_max && !waiting_.empty()) {
    ++running_;
    asio::co_spawn(main_, run(std::move(waiting_.front())), net::rethrow);
    waiting_.pop_front();
  }
}

asio::awaitable<void> Prober::run(Probe probe) {
  const bool alive = co_await answers(probe.address, probe.ports);
  --running_;
  done_(probe, alive);
  start_next();
}

void OwnAddresses::look_up() {
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0) return;
  addresses_.clear();
  for (const ifaddrs* each = all; each; each = each->ifa_next) {
    if (!each->ifa_addr) continue;
    if (each->ifa_addr->sa_family == AF_INET) {
      const auto* v4 = reinterpret_cast<const sockaddr_in*>(each->ifa_addr);
      addresses_.insert(asio::ip::address_v4{ntohl(v4->sin_addr.s_addr)}.to_string());
    } else if (each->ifa_addr->sa_family == AF_INET6) {
      const auto* v6 = reinterpret_cast<const sockaddr_in6*>(each->ifa_addr);
      asio::ip::address_v6::bytes_type bytes;
      std::copy_n(v6->sin6_addr.s6_addr, bytes.size(), bytes.begin());
      addresses_.insert(asio::ip::address_v6{bytes}.to_string());
    }
  }
  freeifaddrs(all);
}

bool OwnAddresses::has(std::string_view text) {
  std::error_code failed;
  asio::ip::address address = asio::ip::make_address(std::string{text}, failed);
  if (failed) return false;
  address = net::plain(address);
  if (address.is_loopback()) return true;
  if (address.is_v6()) address = asio::ip::address_v6{address.to_v6().to_bytes()};  // No zone.
  const auto now = std::chrono::steady_clock::now();
  if (now >= next_) {
    next_ = now + std::chrono::seconds{1};
    look_up();
  }
  return addresses_.contains(address.to_string());
}

}  // namespace netkit::shutdown
