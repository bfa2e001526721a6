// usrsctp's life, its clock, and the way of every packet between sockets and associations.
#include "net/sctp_stack.hpp"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <usrsctp.h>

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "net/limits.hpp"
#include "net/sctp_cookie.hpp"
#include "net/sctp_socket.hpp"
#include "net/spawn.hpp"

namespace netkit::net {
namespace {

using Clock = std::chrono::steady_clock;

/// A peer's address is one of so many numbers, all registered at the start: usrsctp looks through
/// its list of them for each packet, and takes one off by a thread of its own. Associations with
/// the same ports get different ones.
constexpr std::uint16_t peer_numbers = 256;
constexpr unsigned peer_attempts = 8;
/// A cookie fits one number only, the one that was free when its INIT came.
constexpr unsigned cookie_attempts = 2;
/// What strangers are answered in a second: an INIT is answered by ten times its size.
constexpr unsigned stranger_budget = 20'000;
constexpr std::size_t memory_size = 65'536;
constexpr std::size_t many_associations = 1'000;
constexpr std::chrono::milliseconds tick_length{10};
/// usrsctp goes through all its timers each time: with many of them less often.
constexpr std::chrono::milliseconds long_tick_length{50};

/// Which stack has usrsctp: its callbacks say nothing but the peer's address.
std::atomic<SctpStack*> owner{nullptr};

void* as_address(std::uint16_t peer) {
  return reinterpret_cast<void*>(std::uintptr_t{peer});
}

std::uint64_t tag_key(std::uint32_t tag, std::uint16_t remote_port, std::uint16_t local_port) {
  return std::uint64_t{tag} << 32 | std::uint64_t{remote_port} << 16 | local_port;
}

std::uint64_t mix(std::uint64_t hash, std::string_view bytes) {
  for (const char byte : bytes) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3ULL;
    hash ^= hash >> 29;
  }
  return hash;
}

}  // namespace

SctpStack::SctpStack(asio::execution_context& context)
    : service{context}, io_{static_cast<asio::io_context&>(context)}, timer_{io_} {}

SctpStack::~SctpStack() = default;

Result<SctpStack*> SctpStack::of(asio::io_context& io) {
  auto& stack = asio::use_service<SctpStack>(io);
  if (Status started = stack.start(); !started) return started.error();
  return &stack;
}

Status SctpStack::start() {
  if (started_) return ok;
  SctpStack* nobody = nullptr;
  if (!owner.compare_exchange_strong(nobody, this))
    return Error{Errc::busy, "start SCTP", "another thread of this process has it"};
  usrsctp_init_nothreads(0, &SctpStack::on_output, nullptr);
  // Extensions that nothing here uses are so much less for a peer to send.
  usrsctp_sysctl_set_sctp_ecn_enable(0);
  usrsctp_sysctl_set_sctp_asconf_enable(0);
  usrsctp_sysctl_set_sctp_auth_enable(0);
  usrsctp_sysctl_set_sctp_reconfig_enable(0);
  usrsctp_sysctl_set_sctp_pr_enable(0);
  usrsctp_sysctl_set_sctp_nrsack_enable(0);
  usrsctp_sysctl_set_sctp_pktdrop_enable(0);
  // Pieces that go on a message are not to be smaller than a few packets.
  usrsctp_sysctl_set_sctp_add_more_threshold(8192);
  counts_checksums_ = processor_has_crc32c();
  if (counts_checksums_) usrsctp_enable_crc32c_offload();
  for (std::uint16_t peer = 1; peer <= peer_numbers; ++peer)
    usrsctp_register_address(as_address(peer));
  memory_ = std::make_unique_for_overwrite<char[]>(memory_size);
  secret_ = random_u64();
  clock_ = Clock::now();
  started_ = true;
  return ok;
}

/// Those who wait may own what they wait for: all are taken out before any goes.
void SctpStack::shutdown() {
  std::vector<std::optional<Wake::Waiter>> orphans;
  for (const auto& [packed, association] : by_key_) {
    orphans.push_back(association->readable_.surrender());
    orphans.push_back(association->writable_.surrender());
  }
  for (SctpListener* listener : listeners_)
    orphans.push_back(listener->arrived_.surrender());
  const auto all = by_key_;
  for (const auto& [packed, association] : all)
    association->leave();
  finish();
}

void SctpStack::finish() {
  if (!started_) return;
  for (auto& [port, listening] : listening_)
    usrsctp_close(listening.socket);
  listening_.clear();
  for (std::uint16_t peer = 1; peer <= peer_numbers; ++peer)
    usrsctp_deregister_address(as_address(peer));
  // What is closed goes with its last timer.
  for (int i = 0; i < 100 && usrsctp_finish() != 0; ++i)
    usrsctp_handle_timers(1000);
  started_ = false;
  owner = nullptr;
}

int SctpStack::on_output(void* peer, void* packet, std::size_t size, std::uint8_t, std::uint8_t) {
  SctpStack* const stack = owner;
  const std::span<char> filled{static_cast<char*>(packet), size};
  const std::string_view bytes{filled.data(), size};
  const auto head = read_sctp_head(bytes);
  if (!stack || !head) return EHOSTUNREACH;
  if (stack->counts_checksums_) put_checksum(filled);
  const SctpKey ends{.peer = static_cast<std::uint16_t>(reinterpret_cast<std::uintptr_t>(peer)),
                     .remote_port = head->destination_port,
                     .local_port = head->source_port};
  const auto found = stack->by_key_.find(ends.packed());
  if (found != stack->by_key_.end()) {
    found->second->output(*head, bytes);
    return 0;
  }
  if (!stack->stranger_ || stack->stranger_->key.packed() != ends.packed()) return EHOSTUNREACH;
  stack->stranger_->peer_tag = head->tag;
  const UdpRoute& route = stack->stranger_->route;
  if (head->chunk == SctpChunk::init_ack)
    stack->stranger_->port.udp->send(route, bind_cookie(bytes, stack->secret_, route.remote));
  else
    stack->stranger_->port.udp->send(route, bytes);
  return 0;
}

// Under usrsctp's locks: only a note is taken.
void SctpStack::on_event(struct socket*, void* association, int) {
  auto* const of = static_cast<SctpAssociation*>(association);
  of->stack_.look_at(*of);
}

void SctpStack::look_at(SctpAssociation& association) {
  if (std::exchange(association.woken_, true)) return;
  woken_.push_back(&association);
}

void SctpStack::wake_all() {
  while (!woken_.empty()) {
    SctpAssociation& association = *woken_.back();
    woken_.pop_back();
    association.woken_ = false;
    association.wake();
  }
}

void SctpStack::add(SctpAssociation& association) {
  by_key_[association.key_.packed()] = &association;
  tick();
}

void SctpStack::remove(SctpAssociation& association) {
  const auto found = by_key_.find(association.key_.packed());
  if (found != by_key_.end() && found->second == &association) by_key_.erase(found);
  if (association.own_tag_ != 0)
    by_tag_.erase(
        tag_key(association.own_tag_, association.key_.remote_port, association.key_.local_port));
  association.own_tag_ = 0;
  if (std::exchange(association.woken_, false)) std::erase(woken_, &association);
  if (by_key_.empty()) timer_.cancel();
}

void SctpStack::know_tag(SctpAssociation& association, std::uint32_t tag) {
  association.own_tag_ = tag;
  by_tag_[tag_key(tag, association.key_.remote_port, association.key_.local_port)] = &association;
}

void SctpStack::advance_clock() {
  const auto elapsed = std::chrono::floor<std::chrono::milliseconds>(Clock::now() - clock_);
  if (elapsed.count() <= 0) return;
  clock_ += elapsed;
  usrsctp_handle_timers(static_cast<std::uint32_t>(elapsed.count()));
}

/// Goes on while there are associations, and holds the io_context no longer than they do.
void SctpStack::tick() {
  if (std::exchange(ticking_, true)) return;
  timer_.expires_after(by_key_.size() > many_associations ? long_tick_length : tick_length);
  timer_.async_wait([this](std::error_code) {
    ticking_ = false;
    if (by_key_.empty()) return;
    advance_clock();
    const auto now = Clock::now();
    for (const auto& [packed, association] : by_key_)
      if (association->ways_.size() > 1) association->tick(now);
    wake_all();
    tick();
  });
}

std::shared_ptr<SctpPort> SctpStack::open_port(FileDescriptor bound, bool connected) {
  auto port =
      std::make_shared<SctpPort>(std::make_shared<UdpPort>(io_, std::move(bound), connected));
  const std::weak_ptr<SctpPort> weak = port;
  port->udp->start(
      {memory_.get(), memory_size},
      [this, weak](UdpPort&, const UdpRoute& route, std::string_view packet) {
        if (const auto at = weak.lock()) take(at, route, packet);
      },
      [this, weak] {
        const auto at = weak.lock();
        if (at && at->owner) at->owner->note_refusals();
        wake_all();
      });
  return port;
}

void SctpStack::feed(const SctpKey& ends, std::string_view packet) {
  usrsctp_conninput(as_address(ends.peer), packet.data(), packet.size(), 0);
}

void SctpStack::take(const std::shared_ptr<SctpPort>& port, const UdpRoute& route,
                     std::string_view packet) {
  const auto head = read_sctp_head(packet);
  if (!head || (counts_checksums_ && !has_good_checksum(packet))) return;
  std::optional<std::string> unbound;
  if (head->chunk == SctpChunk::cookie_echo && port->listener) {
    if (!has_good_checksum(packet)) return;
    unbound = unbind_cookie(packet, secret_, route.remote);
    if (!unbound) return;
    packet = *unbound;
  }
  if (!ticking_) advance_clock();
  const auto found =
      head->tag == 0 ? by_tag_.end()
                     : by_tag_.find(tag_key(head->tag, head->source_port, head->destination_port));
  if (found != by_tag_.end())
    found->second->take(port, route, *head, packet);
  else if (port->listener)
    take_stranger(port, route, *head, packet);
}

bool SctpStack::may_answer_stranger() {
  const auto now = Clock::now();
  if (now - budget_from_ >= std::chrono::seconds{1}) {
    budget_from_ = now;
    budget_ = stranger_budget;
  }
  if (budget_ == 0) return false;
  --budget_;
  return true;
}

std::uint16_t SctpStack::peer_number(const UdpRoute& route, const SctpHead& head,
                                     unsigned attempt) const {
  char numbers[8];
  store_be<std::uint16_t>(numbers, route.remote.port());
  store_be<std::uint16_t>(numbers + 2, head.source_port);
  store_be<std::uint32_t>(numbers + 4, attempt);
  std::uint64_t hash = mix(secret_, {numbers, sizeof numbers});
  if (route.remote.address().is_v4()) {
    const auto bytes = route.remote.address().to_v4().to_bytes();
    hash = mix(hash, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  } else {
    const auto bytes = route.remote.address().to_v6().to_bytes();
    hash = mix(hash, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  return static_cast<std::uint16_t>(1 + (hash >> 17) % peer_numbers);
}

/// Nothing is kept of a stranger before its cookie has come back: the number that stands for it
/// follows from its address.
void SctpStack::take_stranger(const std::shared_ptr<SctpPort>& port, const UdpRoute& route,
                              const SctpHead& head, std::string_view packet) {
  if (!port->listener->admits_(route.remote.address()) || !may_answer_stranger()) return;
  const bool cookie = head.chunk == SctpChunk::cookie_echo;
  unsigned cookies = 0;
  for (unsigned attempt = 0; attempt < peer_attempts; ++attempt) {
    const SctpKey ends{.peer = peer_number(route, head, attempt),
                       .remote_port = head.source_port,
                       .local_port = head.destination_port};
    if (by_key_.contains(ends.packed())) continue;
    stranger_.emplace(Stranger{.port = *port, .route = route, .key = ends});
    const auto listening = listening_.find(head.destination_port);
    if (cookie && listening != listening_.end())
      set_packet_size(listening->second.socket,
                      route.stays_here() ? PacketSize::same_machine : PacketSize::anywhere);
    feed(ends, packet);
    const std::size_t before = by_key_.size();
    if (cookie) accept(port, route, head);
    stranger_.reset();
    if (!cookie || by_key_.size() > before || ++cookies == cookie_attempts) return;
  }
}

void SctpStack::accept(const std::shared_ptr<SctpPort>& port, const UdpRoute& route,
                       const SctpHead& head) {
  const auto listening = listening_.find(head.destination_port);
  if (listening == listening_.end()) return;
  sockaddr_conn from{};
  socklen_t size = sizeof from;
  struct socket* const made =
      usrsctp_accept(listening->second.socket, reinterpret_cast<sockaddr*>(&from), &size);
  if (!made) return;
  SctpListener& listener = *port->listener;
  usrsctp_set_non_blocking(made, 1);
  auto association =
      std::make_unique<SctpAssociation>(*this, io_, stranger_->key, made, listener.settings_);
  association->add_way(port, route, 0);
  association->paths_.use(0);
  association->paths_.heard(0, Clock::now());
  association->peer_tag_ = stranger_->peer_tag;
  add(*association);
  know_tag(*association, head.tag);
  look_at(*association);
  // One that is too many is reset as it goes.
  if (listener.waiting_.size() >= SctpListener::waiting_max) return;
  listener.waiting_.push_back(std::move(association));
  listener.arrived_.end(ok);
}

Status SctpStack::listen_on(std::uint16_t port, const SctpSettings& settings) {
  Listening& listening = listening_[port];
  if (listening.users++ > 0) return ok;
  Result<struct socket*> made = open_sctp_socket(settings);
  listening.socket = made ? *made : nullptr;
  sockaddr_conn at = sctp_address(nullptr, port);
  if (listening.socket &&
      usrsctp_bind(listening.socket, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0 &&
      usrsctp_listen(listening.socket, SOMAXCONN) == 0)
    return ok;
  const Error failed = made ? errno_error("listen") : made.error();
  listen_no_more_on(port);
  return failed;
}

void SctpStack::listen_no_more_on(std::uint16_t port) {
  const auto found = listening_.find(port);
  if (found == listening_.end() || --found->second.users > 0) return;
  if (found->second.socket) usrsctp_close(found->second.socket);
  listening_.erase(found);
}

Result<std::unique_ptr<SctpListener>> SctpListener::open(asio::io_context& io, FileDescriptor bound,
                                                         SctpSettings settings, Admits admits) {
  Result<SctpStack*> stack = SctpStack::of(io);
  if (!stack) return stack.error();
  std::unique_ptr<SctpListener> made{new SctpListener{**stack, io, settings, std::move(admits)}};
  made->port_ = (*stack)->open_port(std::move(bound), false);
  const std::uint16_t port = made->port_->udp->local_port();
  if (Status listens = (*stack)->listen_on(port, settings); !listens) return listens.error();
  made->sctp_port_ = port;
  made->port_->listener = made.get();
  (*stack)->listeners_.insert(made.get());
  return made;
}

SctpListener::~SctpListener() {
  close();
}

void SctpListener::close() {
  if (std::exchange(closed_, true)) return;
  stack_.listeners_.erase(this);
  if (sctp_port_ != 0) stack_.listen_no_more_on(sctp_port_);
  if (port_) port_->listener = nullptr;
  port_.reset();
  waiting_.clear();
  arrived_.end(Errc::stopped);
}

asio::awaitable<Result<std::unique_ptr<SctpAssociation>>> SctpListener::accept() {
  while (waiting_.empty()) {
    if (closed_) co_return Errc::stopped;
    if (Status waited = co_await arrived_.wait(); !waited) co_return waited.error();
  }
  auto first = std::move(waiting_.front());
  waiting_.pop_front();
  co_return first;
}

}  // namespace netkit::net
