// Two nonces, one for the group and one for the peer alone, tell which question was answered.
#include "commands/presence/inquiry.hpp"

#include <algorithm>
#include <asio/steady_timer.hpp>

#include "base/random.hpp"
#include "identity/name.hpp"
#include "net/address.hpp"
#include "net/spawn.hpp"

namespace netkit::presence {
namespace {

constexpr std::chrono::milliseconds ask_interval{500};
constexpr std::chrono::milliseconds look_interval{50};
constexpr std::size_t asked_max = 16;
/// Whoever floods the group gets no further.
constexpr unsigned heard_max = 10'000;

}  // namespace

Result<std::shared_ptr<Inquiry>> Inquiry::open(asio::io_context& io, log::Logger& log,
                                               net::MulticastOptions group, std::string name) {
  Result<std::unique_ptr<net::Multicast>> opened = net::Multicast::open(io, log, std::move(group));
  if (!opened) return opened.error();
  return std::shared_ptr<Inquiry>{new Inquiry{std::move(*opened), std::move(name)}};
}

asio::awaitable<void> Inquiry::run(std::shared_ptr<Inquiry> self, std::vector<Entry> known) {
  using Clock = std::chrono::steady_clock;
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  self->group_nonce_ = random_u64();
  self->direct_nonce_ = random_u64();
  for (const Entry& entry : known) {
    self->keys_.push_back(entry.said.key);
    self->findings_.tcp_port = entry.said.tcp_port;
    if (entry.said.udp_port == 0) continue;
    for (const asio::ip::address& address : entry.addresses)
      if (self->findings_.asked.size() < asked_max)
        self->findings_.asked.emplace_back(address, entry.said.udp_port);
  }
  asio::co_spawn(executor, listen(self), net::rethrow);
  asio::steady_timer timer{executor};
  const Clock::time_point end = Clock::now() + limit;
  Clock::time_point next_ask = Clock::now();
  while (Clock::now() < end) {
    if (self->findings_.answered_group.from && self->findings_.answered_direct.from) break;
    if (Clock::now() >= next_ask) {
      next_ask += ask_interval;
      self->ask();
    }
    timer.expires_after(look_interval);
    std::error_code woken;
    co_await timer.async_wait(net::into(woken));
  }
  self->group_->stop();
}

asio::awaitable<void> Inquiry::listen(std::shared_ptr<Inquiry> self) {
  for (unsigned heard = 0; heard < heard_max; ++heard) {
    const Result<net::Multicast::Received> received = co_await self->group_->receive();
    if (!received) co_return;
    self->hear(*received);
  }
}

std::string Inquiry::question(std::uint64_t nonce) {
  Announcement ask;
  ask.kind = Kind::ask;
  ask.name = "why";
  ask.instance = 1;
  ask.sequence = ++sequence_;
  ask.nonce = nonce;
  return encode(std::move(ask), key_);
}

void Inquiry::ask() {
  static_cast<void>(group_->send(question(group_nonce_)));  // What was sent stands in the report.
  for (const asio::ip::udp::endpoint& to : findings_.asked)
    ask_at(to);
}

void Inquiry::ask_at(const asio::ip::udp::endpoint& to) {
  static_cast<void>(group_->send_to(question(direct_nonce_), to));  // Lost is unanswered.
}

void Inquiry::hear(const net::Multicast::Received& received) {
  const Result<Announcement> said = decode(received.bytes);
  if (!said || (said->kind != Kind::announce && said->kind != Kind::answer)) return;
  const bool called = std::ranges::find(keys_, said->key) != keys_.end() ||
                      identity::name_key(said->name) == identity::name_key(name_);
  if (!called || !is_authentic(received.bytes)) return;
  Heard* way = &findings_.announced;
  if (said->kind == Kind::answer) {
    if (said->about != key_.public_key()) return;
    if (said->nonce == group_nonce_)
      way = &findings_.answered_group;
    else if (said->nonce == direct_nonce_)
      way = &findings_.answered_direct;
    else
      return;
  }
  findings_.tcp_port = said->tcp_port;
  const asio::ip::udp::endpoint from{net::plain(received.sender.address()), received.sender.port()};
  if (!way->from) *way = {from, received.interface};
  // Whoever was not known to a daemon is asked where it was heard from.
  const asio::ip::udp::endpoint door{from.address(), said->udp_port};
  const bool asked = std::ranges::find(findings_.asked, door) != findings_.asked.end();
  if (asked || said->udp_port == 0 || findings_.asked.size() >= asked_max) return;
  findings_.asked.push_back(door);
  ask_at(door);
}

}  // namespace netkit::presence
