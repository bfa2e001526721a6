// The kernel's socket options and records.
#include "net/sctp_kernel.hpp"

#include <algorithm>
#include <array>
#include <asio/ip/tcp.hpp>
#include <cerrno>
#include <linux/sctp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "net/address.hpp"

namespace netkit::net {
namespace {

using SocketAddress = asio::ip::tcp::endpoint;
using Addresses = std::vector<asio::ip::address>;

constexpr __u32 sack_delay_ms = 20;
constexpr __u16 streams_max = 16;
/// Asked for, as it bounds the messages; the kernel grants twice as much, to those without
/// privileges of net.core.wmem_max at the most.
constexpr int send_buffer_size = 2 << 20;

template <typename T>
bool set(int socket, int level, int option, const T& value) {
  return setsockopt(socket, level, option, &value, sizeof value) == 0;
}

__u32 ms(std::chrono::milliseconds time) {
  return static_cast<__u32>(time.count());
}

/// The same as those of the user-space stack. A path that does not answer is left after its first
/// timeout (RFC 7829), whatever the numbers are.
bool tune(int socket, const SctpSettings& settings) {
  sctp_sack_info sack{};
  sack.sack_delay = sack_delay_ms;
  sack.sack_freq = 2;
  sctp_rtoinfo rto{};
  rto.srto_initial = ms(settings.rto_initial);
  rto.srto_min = ms(settings.rto_min);
  rto.srto_max = ms(settings.rto_max);
  sctp_assocparams patience{};
  patience.sasoc_asocmaxrxt = settings.retransmissions_max;
  sctp_paddrparams path{};
  path.spp_hbinterval = ms(settings.heartbeat);
  path.spp_pathmaxrxt = settings.retransmissions_max;
  path.spp_flags = SPP_HB_ENABLE;
  sctp_initmsg init{};
  init.sinit_num_ostreams = 1;
  init.sinit_max_instreams = streams_max;
  init.sinit_max_init_timeo = static_cast<__u16>(ms(settings.rto_max));
  if (!set(socket, SOL_SOCKET, SO_SNDBUFFORCE, send_buffer_size))
    set(socket, SOL_SOCKET, SO_SNDBUF, send_buffer_size);
  return set(socket, IPPROTO_SCTP, SCTP_NODELAY, int{1}) &&
         set(socket, IPPROTO_SCTP, SCTP_DELAYED_SACK, sack) &&
         set(socket, IPPROTO_SCTP, SCTP_RTOINFO, rto) &&
         set(socket, IPPROTO_SCTP, SCTP_ASSOCINFO, patience) &&
         set(socket, IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, path) &&
         set(socket, IPPROTO_SCTP, SCTP_INITMSG, init);
}

/// Of a family that has room for all `addresses`.
Result<FileDescriptor> open_socket(const Addresses& addresses, const SctpSettings& settings) {
  const bool v6 = std::any_of(addresses.begin(), addresses.end(),
                              [](const asio::ip::address& each) { return each.is_v6(); });
  FileDescriptor made{
      ::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_SCTP)};
  if (!made) return errno_error("open an SCTP socket");
  if (v6) set(made.get(), IPPROTO_IPV6, IPV6_V6ONLY, int{0});
  if (!tune(made.get(), settings)) return errno_error("set the options of an SCTP socket");
  return made;
}

/// Addresses as the options take them: one behind the other, without gaps.
std::string packed(std::span<const asio::ip::address> addresses, std::uint16_t port) {
  std::string all;
  for (const asio::ip::address& each : addresses) {
    const SocketAddress at{each, port};
    all.append(reinterpret_cast<const char*>(at.data()), at.size());
  }
  return all;
}

int set_packed(int socket, int option, const std::string& addresses) {
  return setsockopt(socket, IPPROTO_SCTP, option, addresses.data(),
                    static_cast<socklen_t>(addresses.size()));
}

Attempt from_errno() {
  if (errno == EAGAIN || errno == EINTR) return {};
  return {.count = 0, .failed = std::error_code{errno, std::system_category()}};
}

}  // namespace

bool kernel_has_sctp() {
  static const bool has = static_cast<bool>(
      FileDescriptor{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_SCTP)});
  return has;
}

Error no_kernel_sctp() {
  return {make_error_code(std::errc::protocol_not_supported), "use the kernel's SCTP",
          "load its module (modprobe sctp), or give --sctp user"};
}

bool is_kernel_sctp(int socket) {
  int protocol = 0;
  socklen_t size = sizeof protocol;
  return getsockopt(socket, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 &&
         protocol == IPPROTO_SCTP;
}

asio::ip::address way_to_peer(int socket) {
  SocketAddress at;
  socklen_t size = static_cast<socklen_t>(at.capacity());
  if (getpeername(socket, at.data(), &size) != 0) return {};
  const FileDescriptor probe{::socket(at.protocol().family(), SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  if (::connect(probe.get(), at.data(), size) != 0) return {};
  size = static_cast<socklen_t>(at.capacity());
  return getsockname(probe.get(), at.data(), &size) == 0 ? plain(at.address())
                                                         : asio::ip::address{};
}

Result<FileDescriptor> listen_kernel_sctp(const Addresses& addresses, std::uint16_t port,
                                          const SctpSettings& settings) {
  Result<FileDescriptor> made = open_socket(addresses, settings);
  if (!made) return made;
  SocketAddress first{addresses.front(), port};
  if (::bind(made->get(), first.data(), static_cast<socklen_t>(first.size())) != 0)
    return errno_error("bind");
  // The others go where the first one went.
  socklen_t size = static_cast<socklen_t>(first.capacity());
  if (getsockname(made->get(), first.data(), &size) != 0) return errno_error("bind");
  const std::string others = packed(std::span{addresses}.subspan(1), first.port());
  if (!others.empty() && set_packed(made->get(), SCTP_SOCKOPT_BINDX_ADD, others) < 0)
    return errno_error("bind");
  if (::listen(made->get(), SOMAXCONN) != 0) return errno_error("listen");
  return made;
}

Result<FileDescriptor> begin_kernel_sctp(const Addresses& addresses, std::uint16_t port,
                                         const SctpSettings& settings) {
  const std::size_t count = std::min(addresses.size(), SctpPaths::count_max);
  Result<FileDescriptor> made = open_socket(addresses, settings);
  if (!made) return made;
  // What comes back is the association's number.
  const std::string all = packed(std::span{addresses}.first(count), port);
  if (set_packed(made->get(), SCTP_SOCKOPT_CONNECTX, all) < 0 && errno != EINPROGRESS)
    return errno_error("connect");
  return made;
}

SctpRecords::SctpRecords(int socket) {
  int granted = 0;
  socklen_t size = sizeof granted;
  const bool told = getsockopt(socket, SOL_SOCKET, SO_SNDBUF, &granted, &size) == 0;
  message_size_max_ = told && granted > 0 ? static_cast<std::size_t>(granted) : 64 * 1024;
}

Attempt SctpRecords::try_read(int socket, std::span<char> into) {
  iovec piece{into.data(), into.size()};
  for (;;) {
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    const ssize_t count = recvmsg(socket, &message, 0);
    if (count > 0 && (message.msg_flags & MSG_NOTIFICATION) != 0) continue;
    if (count > 0) {
      at_message_end_ = (message.msg_flags & MSG_EOR) != 0;
      return {.count = static_cast<std::size_t>(count), .failed = {}};
    }
    // ENOTCONN: both sides have ended it in order.
    if (count == 0 || errno == ENOTCONN) return {.count = 0, .failed = Errc::closed};
    return from_errno();
  }
}

Attempt SctpRecords::try_write(int socket, std::string_view bytes, bool ends_message) {
  if (bytes.empty()) return {};
  const std::string_view piece = bytes.substr(0, message_size_max_ - begun_.size());
  const bool whole = ends_message && piece.size() == bytes.size();
  const bool full = begun_.size() + piece.size() == message_size_max_;
  if (!whole && !full) {
    begun_.append(piece);
    return {.count = piece.size(), .failed = {}};
  }
  std::array<iovec, 2> vectors{iovec{begun_.data(), begun_.size()},
                               iovec{const_cast<char*>(piece.data()), piece.size()}};
  msghdr message{};
  message.msg_iov = begun_.empty() ? &vectors[1] : vectors.data();
  message.msg_iovlen = begun_.empty() ? 1 : 2;
  // All of it or nothing.
  if (sendmsg(socket, &message, MSG_NOSIGNAL) < 0) return from_errno();
  std::string{}.swap(begun_);
  return {.count = piece.size(), .failed = {}};
}

}  // namespace netkit::net
