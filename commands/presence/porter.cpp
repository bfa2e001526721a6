// The hall's sockets and its timer.
#include "commands/presence/porter.hpp"

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/post.hpp>

#include "net/connect.hpp"
#include "net/presence_group.hpp"
#include "net/spawn.hpp"

namespace netkit::presence {
namespace {

/// Within it a port of this machine or the next one refuses or takes a connection.
constexpr std::chrono::milliseconds knock_limit{500};
/// The timer is set again at this distance at the most, so that a clock that jumps does no harm.
constexpr std::chrono::seconds sleep_max{1};

}  // namespace

Moment moment() {
  return {std::chrono::steady_clock::now().time_since_epoch(),
          static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                         std::chrono::system_clock::now().time_since_epoch())
                                         .count())};
}

net::MulticastOptions group_options(std::uint16_t port, bool enabled) {
  if (enabled) return net::presence_group(port);
  net::MulticastOptions none;
  none.port = port;
  return none;
}

Porter::Porter(asio::io_context& context, log::Logger& log)
    : context_{context}, log_{log}, timer_{std::in_place, context} {}

std::shared_ptr<Porter> Porter::open(asio::io_context& context, log::Logger& log,
                                     HallSettings settings, const identity::KeyPair& key,
                                     net::MulticastOptions group) {
  auto porter = std::make_shared<Porter>(context, log);
  porter->hall_ = std::make_unique<Hall>(std::move(settings), key, *porter, log);
  if (group.group_v4 || group.group_v6) {
    Result<std::unique_ptr<net::Multicast>> opened =
        net::Multicast::open(context, log, std::move(group));
    if (opened)
      porter->group_ = std::move(*opened);
    else
      log.warn("multicast", {{"error", opened.error().message()},
                             {"hint", "peers that are given this daemon's address find it"}});
  }
  return porter;
}

void Porter::start() {
  if (group_) {
    group_->on_interfaces([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->look_at_interfaces();
    });
    look_at_interfaces();
    asio::co_spawn(context_, hear(shared_from_this()), net::rethrow);
  }
  poke();
}

void Porter::quit() {
  stopped_ = true;
  if (timer_) timer_->cancel();
  if (group_) group_->stop();
}

void Porter::stop() {
  quit();
  context_.restart();
  context_.poll();  // What waited for them ends.
  group_.reset();
  timer_.reset();
}

/// Which addresses are ours, and whether anything leads out.
void Porter::look_at_interfaces() {
  own_addresses_.clear();
  bool any_out = false;
  for (const net::MulticastInterface& each : group_->report()) {
    const net::Interface& interface = each.interface;
    own_addresses_.insert(own_addresses_.end(), interface.addresses.begin(),
                          interface.addresses.end());
    any_out = any_out || (!interface.loopback && interface.up && interface.running &&
                          !interface.addresses.empty());
  }
  hall_->network(any_out, moment());
  hall_->announce();
  poke();
}

bool Porter::is_own(const asio::ip::address& address) const {
  if (address.is_loopback()) return true;
  return std::ranges::find(own_addresses_, address) != own_addresses_.end();
}

void Porter::poke() {
  if (poked_ || stopped_) return;
  poked_ = true;
  asio::post(context_, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->tick();
  });
}

void Porter::tick() {
  poked_ = false;
  if (stopped_) return;
  const Moment now = moment();
  hall_->tick(now);
  const Time wait = std::clamp<Time>(hall_->next() - now.steady, Time{0}, sleep_max);
  timer_->expires_after(wait);
  timer_->async_wait([weak = weak_from_this()](std::error_code cancelled) {
    const auto self = weak.lock();
    if (self && !cancelled) self->tick();
  });
}

asio::awaitable<void> Porter::hear(std::shared_ptr<Porter> self) {
  for (;;) {
    const Result<net::Multicast::Received> heard = co_await self->group_->receive();
    if (!heard || self->stopped_) co_return;
    self->hall_->hear(heard->bytes, heard->sender, moment());
    if (self->hall_->is_due()) self->poke();
  }
}

void Porter::send(std::string_view datagram, const asio::ip::udp::endpoint& to) {
  if (group_ && !stopped_) (void)group_->send_to(datagram, to);  // Lost is lost; it is asked again.
}

void Porter::send_to_all(std::string_view datagram) {
  if (group_ && !stopped_) (void)group_->send(datagram);
}

void Porter::knock(std::uint32_t slot, std::vector<asio::ip::address> addresses,
                   std::uint16_t port) {
  asio::co_spawn(context_, knock_at(shared_from_this(), slot, std::move(addresses), port),
                 net::rethrow);
}

asio::awaitable<void> Porter::knock_at(std::shared_ptr<Porter> self, std::uint32_t slot,
                                       std::vector<asio::ip::address> addresses,
                                       std::uint16_t port) {
  bool refused = false;
  for (const asio::ip::address& address : addresses) {
    net::Endpoint door;
    door.scheme = net::Scheme::tcp;
    door.host = address.to_string();
    door.port = port;
    const Result<net::Stream> opened = co_await net::connect(door, std::nullopt, knock_limit);
    if (opened || self->stopped_) co_return;
    const std::error_code& code = opened.error().code;
    if (code == std::errc::connection_refused || code == asio::error::connection_refused)
      refused = true;
  }
  self->hall_->knocked(slot, refused, moment());
  self->poke();
}

}  // namespace netkit::presence
