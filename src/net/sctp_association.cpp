// Reads, writes and waits on usrsctp's sockets; brings packets to and from the UDP ways.
#include "net/sctp_association.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <netinet/in.h>
#include <usrsctp.h>

#include "base/random.hpp"
#include "net/sctp_socket.hpp"
#include "net/sctp_stack.hpp"

namespace netkit::net {
namespace {

/// One call never copies more: what is larger than the send buffer is refused while that is full.
constexpr std::size_t piece_size_max = 64 * 1024;
/// Ways that a peer showed itself are each another interface as far as we know.
constexpr unsigned learned_host = 1000;

Attempt failure(int number) {
  return {.count = 0, .failed = std::error_code{number, std::system_category()}};
}

}  // namespace

SctpAssociation::SctpAssociation(SctpStack& stack, asio::io_context& io, SctpKey key,
                                 struct socket* socket, const SctpSettings& settings)
    : stack_{stack},
      key_{key},
      socket_{socket},
      paths_{settings.paths},
      readable_{io},
      writable_{io} {
  usrsctp_set_upcall(socket_, &SctpStack::on_event, this);
}

SctpAssociation::~SctpAssociation() {
  leave();
}

/// Closes the socket while packets of ours still find their way out, then forgets the rest.
void SctpAssociation::leave() {
  if (socket_) {
    usrsctp_set_upcall(socket_, nullptr, nullptr);
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    usrsctp_setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    usrsctp_close(std::exchange(socket_, nullptr));
  }
  stack_.remove(*this);
  for (const Way& way : ways_)
    if (way.port->owner == this) way.port->owner = nullptr;
  ways_.clear();
}

void SctpAssociation::abort() {
  if (!socket_) return;
  leave();
  failed_ = ECONNABORTED;
  end_wait(Wanted::read, Errc::closed);
  end_wait(Wanted::write, Errc::closed);
}

Attempt SctpAssociation::try_read(std::span<char> into) {
  if (!socket_ || failed_ != 0) return failure(failed_ != 0 ? failed_ : EBADF);
  const std::size_t size = std::min(into.size(), piece_size_max);
  sctp_rcvinfo info{};
  socklen_t info_size = sizeof info;
  unsigned info_type = 0;
  for (;;) {
    int flags = 0;
    const ssize_t count = usrsctp_recvv(socket_, into.data(), size, nullptr, nullptr, &info,
                                        &info_size, &info_type, &flags);
    if (count > 0 && (flags & MSG_NOTIFICATION) != 0) continue;
    if (count > 0) {
      at_message_end_ = (flags & MSG_EOR) != 0;
      return {.count = static_cast<std::size_t>(count), .failed = {}};
    }
    if (count == 0) return {.count = 0, .failed = Errc::closed};
    if (errno == EWOULDBLOCK || errno == EINTR) return {};
    // An end in order on both sides.
    if (errno == ENOTCONN) return {.count = 0, .failed = Errc::closed};
    failed_ = errno;
    return failure(failed_);
  }
}

Attempt SctpAssociation::try_write(std::string_view bytes, bool ends_message) {
  if (!socket_ || failed_ != 0) return failure(failed_ != 0 ? failed_ : EBADF);
  if (bytes.empty()) return {};
  const std::string_view piece = bytes.substr(0, piece_size_max);
  sctp_sndinfo info{};
  if (ends_message && piece.size() == bytes.size()) info.snd_flags = SCTP_EOR;
  const ssize_t count = usrsctp_sendv(socket_, piece.data(), piece.size(), nullptr, 0, &info,
                                      sizeof info, SCTP_SENDV_SNDINFO, 0);
  if (count >= 0) return {.count = static_cast<std::size_t>(count), .failed = {}};
  if (errno == EWOULDBLOCK || errno == EINTR) return {};
  // What ended it is told by reading; a write after that only knows that it came too late, which
  // the stack says by ENOENT when nothing is left of the association.
  return failure(errno == ENOENT ? EPIPE : errno);
}

asio::awaitable<Status> SctpAssociation::ready(Wanted what) {
  if (!socket_) co_return Errc::closed;
  if (what == Wanted::write) co_return co_await writable_.wait();
  if ((usrsctp_get_events(socket_) & (SCTP_EVENT_READ | SCTP_EVENT_ERROR)) != 0) {
    // Through the queue all the same, so that a peer that always has more leaves others their turn.
    co_await asio::post(asio::use_awaitable);
    co_return ok;
  }
  co_return co_await readable_.wait();
}

void SctpAssociation::end_wait(Wanted what, const Status& outcome) {
  (what == Wanted::read ? readable_ : writable_).end(outcome);
}

void SctpAssociation::begin_close() {
  if (!socket_ || closing_) return;
  closing_ = true;
  usrsctp_shutdown(socket_, SHUT_WR);
  wake();
}

asio::awaitable<Status> SctpAssociation::closed() {
  if (is_over()) co_return ok;
  co_return co_await readable_.wait();
}

bool SctpAssociation::is_over() const {
  if (!socket_) return true;
  sctp_status status{};
  socklen_t size = sizeof status;
  return usrsctp_getsockopt(socket_, IPPROTO_SCTP, SCTP_STATUS, &status, &size) != 0 ||
         status.sstat_state == SCTP_CLOSED;
}

/// Something happened: resumes who waits for it.
void SctpAssociation::wake() {
  if (!socket_) return;
  if (closing_) {
    std::array<char, 4096> nowhere;
    // Bounded by the window: nothing comes in meanwhile.
    while (try_read(nowhere).count > 0) {
    }
    if (is_over()) readable_.end(ok);
    return;
  }
  const int events = usrsctp_get_events(socket_);
  if ((events & (SCTP_EVENT_READ | SCTP_EVENT_ERROR)) != 0) readable_.end(ok);
  if ((events & (SCTP_EVENT_WRITE | SCTP_EVENT_ERROR)) != 0) writable_.end(ok);
}

std::size_t SctpAssociation::add_way(std::shared_ptr<SctpPort> port, const UdpRoute& route,
                                     unsigned host) {
  ways_.push_back({.port = std::move(port), .route = route});
  return paths_.add(host);
}

bool SctpAssociation::stays_here() const {
  return std::all_of(ways_.begin(), ways_.end(),
                     [](const Way& way) { return way.route.stays_here(); });
}

std::optional<std::size_t> SctpAssociation::find_way(const SctpPort& port,
                                                     const UdpRoute& route) const {
  for (std::size_t i = 0; i < ways_.size(); ++i)
    if (ways_[i].port.get() == &port && (port.udp->is_connected() || ways_[i].route == route))
      return i;
  return std::nullopt;
}

/// A way that the peer came by, if it may.
std::optional<std::size_t> SctpAssociation::learn_way(const std::shared_ptr<SctpPort>& port,
                                                      const UdpRoute& route) {
  const bool admitted = !port->listener || port->listener->admits_(route.remote.address());
  if (!admitted || paths_.full()) return std::nullopt;
  if (!route.stays_here()) set_packet_size(socket_, PacketSize::anywhere);
  return add_way(port, route, learned_host + static_cast<unsigned>(ways_.size()));
}

void SctpAssociation::take(const std::shared_ptr<SctpPort>& port, const UdpRoute& route,
                           const SctpHead& head, std::string_view packet) {
  if (!socket_) return;
  if (const auto probe = read_path_probe(packet)) return take_probe(port, route, packet, *probe);
  std::optional<std::size_t> way = find_way(*port, route);
  if (!way) {
    // The tag says that the peer sent it, or one of 2^32 guesses did: a reset needs more.
    const bool trusted = head.chunk != SctpChunk::abort && has_good_checksum(packet);
    if (!trusted) return;
    way = learn_way(port, route);
    if (!way) return;
  }
  if (head.chunk == SctpChunk::init_ack) {
    // Each way was asked; the first answer decides, and the others' cookies are for other ways.
    if (paths_.chosen() && paths_.in_use() != *way) return;
    paths_.use(*way);
  }
  const auto now = SctpPaths::Clock::now();
  paths_.heard(*way, now);
  paths_.follow(*way, now);
  stack_.feed(key_, packet);
  stack_.look_at(*this);
}

void SctpAssociation::take_probe(const std::shared_ptr<SctpPort>& port, const UdpRoute& route,
                                 std::string_view packet, const PathProbe& probe) {
  if (!has_good_checksum(packet)) return;
  std::optional<std::size_t> way = find_way(*port, route);
  const auto now = SctpPaths::Clock::now();
  if (probe.is_answer) {
    if (way) paths_.answered(*way, probe.nonce, now);
    return;
  }
  if (!way) {
    way = learn_way(port, route);
    if (!way) return;
    hurry();
  }
  paths_.heard(*way, now);
  if (probe.in_use) paths_.use(*way);
  send_probe(*way, {.is_answer = true, .in_use = probe.in_use, .nonce = probe.nonce});
}

void SctpAssociation::output(const SctpHead& head, std::string_view packet) {
  if (head.chunk == SctpChunk::init) {
    if (own_tag_ == 0) stack_.know_tag(*this, head.initiate_tag);
  } else {
    peer_tag_ = head.tag;
  }
  if (paths_.chosen()) return send_on(paths_.in_use(), packet);
  for (std::size_t way = 0; way < ways_.size(); ++way)
    send_on(way, packet);
}

void SctpAssociation::send_on(std::size_t way, std::string_view packet) {
  ways_[way].port->udp->send(ways_[way].route, packet);
}

void SctpAssociation::send_probe(std::size_t way, const PathProbe& probe) {
  if (peer_tag_ == 0) return;
  SctpHead head;
  head.source_port = key_.local_port;
  head.destination_port = key_.remote_port;
  head.tag = peer_tag_;
  send_on(way, make_path_probe(head, probe));
}

void SctpAssociation::tick(std::chrono::steady_clock::time_point now) {
  if (!socket_) return;
  for (const std::size_t way : paths_.tick(now)) {
    const std::uint64_t nonce = random_u64() | 1;
    paths_.probed(way, nonce);
    send_probe(way, {.in_use = way == paths_.in_use(), .nonce = nonce});
  }
}

/// With another way at hand, what was lost is to be sent again soon after the change, and many
/// times before it is given up.
void SctpAssociation::hurry() {
  sctp_rtoinfo rto{};
  rto.srto_initial = 300;
  rto.srto_max = 500;
  rto.srto_min = 100;
  usrsctp_setsockopt(socket_, IPPROTO_SCTP, SCTP_RTOINFO, &rto, sizeof rto);
  sctp_assocparams patience{};
  patience.sasoc_asocmaxrxt = 40;
  usrsctp_setsockopt(socket_, IPPROTO_SCTP, SCTP_ASSOCINFO, &patience, sizeof patience);
}

/// While it connects, a report that nobody listens on any of the ways ends it.
void SctpAssociation::note_refusals() {
  bool all = true;
  int why = 0;
  for (Way& way : ways_) {
    if (const int error = way.port->udp->take_error(); error != 0) {
      way.refused = true;
      why = error;
    }
    all = all && way.refused;
  }
  if (!all || why == 0 || !connecting_) return;
  failed_ = why;
  writable_.end(ok);
}

asio::ip::udp::endpoint SctpAssociation::remote() const {
  return ways_.empty() ? asio::ip::udp::endpoint{} : ways_[paths_.in_use()].route.remote;
}

asio::ip::udp::endpoint SctpAssociation::local() const {
  if (ways_.empty()) return {};
  const Way& way = ways_[paths_.in_use()];
  asio::ip::udp::endpoint at = way.port->udp->local();
  if (!way.route.local.is_unspecified()) at.address(way.route.local);
  return at;
}

}  // namespace netkit::net
