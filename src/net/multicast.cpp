// Opens the sockets, and waits for up to four of them at once.
#include "net/multicast.hpp"

#include <algorithm>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <utility>

#include "net/limits.hpp"
#include "net/multicast_ways.hpp"
#include "net/packet.hpp"
#include "net/spawn.hpp"

namespace netkit::net {
namespace {

using Clock = std::chrono::steady_clock;
using asio::ip::udp;

struct Port {
  explicit Port(asio::io_context& context) : socket{context} {}

  asio::posix::stream_descriptor socket;
  bool waiting = false;
};

struct Family {
  explicit Family(asio::io_context& context) : hearing{context}, speaking{context} {}

  bool open = false;
  udp::endpoint group;
  Port hearing;
  Port speaking;
  std::uint16_t own_port = 0;
};

Status give(FileDescriptor socket, Port& port) {
  std::error_code failed;
  port.socket.assign(socket.get(), failed);
  if (failed) return Error{failed, "wait for a socket"};
  static_cast<void>(socket.release());
  return ok;
}

/// Whatever its scope.
bool same_address(const asio::ip::address& left, const asio::ip::address& right) {
  if (left.is_v4() || right.is_v4()) return left == right;
  return left.to_v6().to_bytes() == right.to_v6().to_bytes();
}

std::string_view family_name(bool v6) {
  return v6 ? "ipv6" : "ipv4";
}

/// A group of link-local or interface-local scope cannot be bound to without naming one interface.
asio::ip::address bound_address(const asio::ip::address& group) {
  if (group.is_v4()) return group;
  const auto v6 = group.to_v6();
  const bool narrow = v6.is_multicast_link_local() || v6.is_multicast_node_local();
  return narrow ? asio::ip::address_v6::any() : v6;
}

asio::ip::address any_address(bool v6) {
  if (v6) return asio::ip::address_v6::any();
  return asio::ip::address_v4::any();
}

}  // namespace

/// Held by its owner and by what it waits for.
class Multicast::Inside : public std::enable_shared_from_this<Inside> {
 public:
  Inside(asio::io_context& context, log::Logger& log, MulticastOptions options)
      : context_{context},
        log_{log},
        options_{std::move(options)},
        families_{Family{context}, Family{context}},
        ways_{context, log, options_.admits},
        wake_{context},
        memory_(options_.size_max) {}

  Status open();
  void stop();
  static asio::awaitable<Result<Received>> receive(std::shared_ptr<Inside> self);
  std::error_code send_to(std::string_view bytes, const udp::endpoint& to, unsigned interface);
  const Family& family(bool v6) const { return families_[v6]; }
  MulticastWays& ways() { return ways_; }
  const InterfaceWatch* watch() const { return watch_.get(); }
  std::function<void()> on_interfaces;

 private:
  Status open_family(const asio::ip::address& group);
  void open_families(const asio::ip::address& group, Status& outcome);
  std::optional<Received> take();
  std::optional<Received> judge(const Packet& packet, bool v6, bool to_group);
  bool is_own(const Packet& packet, bool v6) const;
  void wait_for(Port& port);

  asio::io_context& context_;
  log::Logger& log_;
  MulticastOptions options_;
  std::array<Family, 2> families_;
  MulticastWays ways_;
  std::unique_ptr<InterfaceWatch> watch_;
  asio::steady_timer wake_;  ///< Never expires: cancelled when a socket may have something.
  std::vector<char> memory_;
  unsigned next_port_ = 0;
  unsigned takes_in_a_row_ = 0;
  bool stopped_ = false;
};

Status Multicast::Inside::open_family(const asio::ip::address& group) {
  if (!group.is_multicast() || options_.port == 0)
    return Error{Errc::usage, "use " + group.to_string() + " as a group",
                 "groups are 224.0.0.0/4 and ff00::/8, and need a port"};
  const bool v6 = group.is_v6();
  Family& family = families_[v6];
  family.group = {group, options_.port};
  PacketOptions how{.shared = true, .hops = options_.hops, .loop = options_.loop};
  auto hearing = open_packets({bound_address(group), options_.port}, how);
  if (!hearing) return hearing.error();
  how.shared = false;
  // Both families at one port, if that is free: whoever is told of one finds us by either.
  const std::uint16_t wanted = families_[!v6].own_port;
  auto speaking = open_packets({any_address(v6), wanted}, how);
  if (!speaking && wanted != 0) speaking = open_packets({any_address(v6), 0}, how);
  if (!speaking) return speaking.error();
  const MulticastWays::Group ways{family.group, hearing->get(), speaking->get()};
  const Status heard = give(std::move(*hearing), family.hearing);
  if (!heard) return heard;
  const Status spoken = give(std::move(*speaking), family.speaking);
  if (!spoken) return spoken;
  ways_.use(ways);
  family.own_port = local_packets(ways.speaking).port();
  family.open = true;
  return ok;
}

/// `outcome` becomes ok with the first family that works.
void Multicast::Inside::open_families(const asio::ip::address& group, Status& outcome) {
  const Status opened = open_family(group);
  if (opened)
    outcome = ok;
  else if (!outcome)
    outcome = opened;
  if (!opened)
    log_.warn("multicast_off", {{"family", family_name(group.is_v6())},
                                {"group", group.to_string()},
                                {"reason", opened.error().message()}});
}

Status Multicast::Inside::open() {
  Status outcome = Error{Errc::usage, "use multicast", "no group is given"};
  if (options_.group_v4) open_families(*options_.group_v4, outcome);
  if (options_.group_v6) open_families(*options_.group_v6, outcome);
  if (!outcome) return outcome;
  watch_ = std::make_unique<InterfaceWatch>(
      context_,
      [weak = weak_from_this()](const std::vector<Interface>& interfaces) {
        const std::shared_ptr<Inside> self = weak.lock();
        if (!self || self->stopped_) return;
        self->ways_.follow(interfaces);
        if (self->on_interfaces) self->on_interfaces();
      },
      options_.watch);
  if (watch_->polling()) log_.debug("interfaces_polled", {{"reason", watch_->polling_reason()}});
  ways_.follow(watch_->interfaces());
  return ok;
}

void Multicast::Inside::stop() {
  stopped_ = true;
  watch_.reset();
  ways_.stop();
  std::error_code ignored;
  for (Family& family : families_) {
    family.open = false;
    family.hearing.socket.close(ignored);
    family.speaking.socket.close(ignored);
  }
  wake_.cancel();
}

bool Multicast::Inside::is_own(const Packet& packet, bool v6) const {
  if (packet.sender.port() != families_[v6].own_port) return false;
  return ways_.is_ours(packet.sender.address());
}

std::optional<Multicast::Received> Multicast::Inside::judge(const Packet& packet, bool v6,
                                                            bool to_group) {
  if (packet.cut) return std::nullopt;
  if (to_group && !same_address(packet.destination, families_[v6].group.address()))
    return std::nullopt;
  const bool own = to_group && is_own(packet, v6);
  if (MulticastWay* const way = ways_.way(packet.interface, v6)) {
    ++(own ? way->own : to_group ? way->received : way->direct);
    if (to_group && !own) way->heard = Clock::now();
  }
  if (own) return std::nullopt;
  return Received{packet.bytes, packet.sender, packet.interface, to_group};
}

/// What the sockets have, in turns; those that are not for the caller are passed over.
std::optional<Multicast::Received> Multicast::Inside::take() {
  for (unsigned empty = 0; empty < 4;) {
    if (takes_in_a_row_ >= reads_in_a_row_max) return std::nullopt;
    const bool v6 = (next_port_ & 1) != 0;
    const bool to_group = (next_port_ & 2) != 0;
    next_port_ = (next_port_ + 1) % 4;
    Family& family = families_[v6];
    Port& port = to_group ? family.hearing : family.speaking;
    const auto packet =
        family.open ? take_packet(port.socket.native_handle(), memory_) : std::nullopt;
    if (!packet) {
      ++empty;
      continue;
    }
    empty = 0;
    ++takes_in_a_row_;
    if (auto received = judge(*packet, v6, to_group)) return received;
  }
  return std::nullopt;
}

void Multicast::Inside::wait_for(Port& port) {
  if (std::exchange(port.waiting, true)) return;
  port.socket.async_wait(asio::posix::stream_descriptor::wait_read,
                         [self = shared_from_this(), &port](const std::error_code&) {
                           port.waiting = false;
                           self->wake_.cancel();
                         });
}

asio::awaitable<Result<Multicast::Received>> Multicast::Inside::receive(
    std::shared_ptr<Inside> self) {
  for (;;) {
    if (self->stopped_) co_return Errc::stopped;
    if (const auto received = self->take()) co_return *received;
    self->takes_in_a_row_ = 0;
    for (Family& family : self->families_) {
      if (!family.open) continue;
      self->wait_for(family.hearing);
      self->wait_for(family.speaking);
    }
    self->wake_.expires_at(Clock::time_point::max());
    std::error_code cancelled;
    co_await self->wake_.async_wait(into(cancelled));
  }
}

std::error_code Multicast::Inside::send_to(std::string_view bytes, const udp::endpoint& to,
                                           unsigned interface) {
  Family& family = families_[to.address().is_v6()];
  if (!family.open) return make_error_code(std::errc::address_family_not_supported);
  return send_packet(family.speaking.socket.native_handle(), bytes, to, {interface, {}});
}

Multicast::Multicast(std::shared_ptr<Inside> inside) : inside_{std::move(inside)} {}

Multicast::~Multicast() {
  stop();
}

Result<std::unique_ptr<Multicast>> Multicast::open(asio::io_context& context, log::Logger& log,
                                                   MulticastOptions options) {
  auto inside = std::make_shared<Inside>(context, log, std::move(options));
  std::unique_ptr<Multicast> made{new Multicast{inside}};
  const Status opened = inside->open();
  if (!opened) return opened.error();
  return made;
}

asio::awaitable<Result<Multicast::Received>> Multicast::receive() {
  return Inside::receive(inside_);
}

bool Multicast::send(std::string_view bytes) {
  return inside_->ways().send(bytes);
}

std::error_code Multicast::send_to(std::string_view bytes, const udp::endpoint& to,
                                   unsigned interface) {
  return inside_->send_to(bytes, to, interface);
}

bool Multicast::has(bool v6) const {
  return inside_->family(v6).open;
}

std::uint16_t Multicast::own_port(bool v6) const {
  return inside_->family(v6).own_port;
}

std::vector<MulticastInterface> Multicast::report() const {
  return inside_->ways().report();
}

void Multicast::on_interfaces(std::function<void()> changed) {
  inside_->on_interfaces = std::move(changed);
}

std::string Multicast::polling_reason() const {
  const InterfaceWatch* const watch = inside_->watch();
  return watch ? watch->polling_reason() : "";
}

void Multicast::stop() {
  inside_->stop();
}

}  // namespace netkit::net
