// The epoll set and the hand-over from its events to coroutines.
#include "net/readiness.hpp"

#include <algorithm>
#include <array>
#include <asio/post.hpp>
#include <fcntl.h>
#include <sys/epoll.h>
#include <utility>

namespace netkit::net {
namespace {

constexpr std::size_t batch_max = 256;
/// A batch this large hides the cost of looking for another one at once.
constexpr int batch_worth_another_look = 8;
/// Batches in a row before timers and new connections get their turn.
constexpr int batches_max = 16;

constexpr std::uint32_t events_of(Direction direction) {
  return direction == Direction::read ? std::uint32_t{EPOLLIN} : std::uint32_t{EPOLLOUT};
}

}  // namespace

Watched::Watched(Readiness& set, int socket) : set_{set}, socket_{socket} {
  set_.add(*this);
}

Watched::~Watched() {
  set_.remove(*this);
}

asio::awaitable<Status> Watched::ready(Direction direction) {
  return asio::async_initiate<const asio::use_awaitable_t<>, void(Status)>(
      [this, direction](Coroutine coroutine) { begin_wait(direction, std::move(coroutine)); },
      asio::use_awaitable);
}

void Watched::sleep(Direction direction, std::unique_ptr<Sleeper> sleeper) {
  begin_wait(direction, std::move(sleeper));
}

template <typename Kind>
void Watched::begin_wait(Direction direction, Kind waiter) {
  end_wait(direction, ok);
  this->waiter(direction).emplace<Kind>(std::move(waiter));
  set_.wait_begins(*this, direction);
}

Watched::Waiter Watched::take(Direction direction) {
  Waiter& pending = waiter(direction);
  Waiter taken = std::move(pending);
  pending.emplace<std::monostate>();
  return taken;
}

void Watched::resume(Waiter waiter, Status outcome) {
  if (auto* const coroutine = std::get_if<Coroutine>(&waiter)) {
    std::move (*coroutine)(std::move(outcome));
  } else if (auto* const sleeper = std::get_if<std::unique_ptr<Sleeper>>(&waiter)) {
    Sleeper& who = **sleeper;
    who.woken(std::move(*sleeper), std::move(outcome));
  }
}

std::uint32_t Watched::awaited() const {
  return (waits(waiters_[0]) ? events_of(Direction::read) : 0) |
         (waits(waiters_[1]) ? events_of(Direction::write) : 0);
}

void Watched::end_wait(Direction direction, Status outcome) {
  if (!waits(waiter(direction))) return;
  // Not at once: whoever cancels may be in the middle of something that the waiter would end.
  asio::post(set_.outer_.get_executor(),
             [waiter = take(direction), outcome = std::move(outcome)]() mutable {
               resume(std::move(waiter), std::move(outcome));
             });
  set_.wait_ends();
}

Readiness::Readiness(asio::execution_context& context)
    : service{context},
      epoll_{epoll_create1(EPOLL_CLOEXEC)},
      outer_{static_cast<asio::io_context&>(context)} {
  std::error_code failed;  // Without a set every wait ends with bad_file_descriptor.
  if (epoll_) outer_.assign(fcntl(epoll_.get(), F_DUPFD_CLOEXEC, 0), failed);
}

Readiness::~Readiness() = default;

void Readiness::shutdown() {
  // The coroutines own the streams and those own the waiters: all are taken out before any goes.
  std::vector<Watched::Waiter> orphans;
  for (Watched* watched : by_socket_) {
    if (!watched) continue;
    orphans.push_back(watched->take(Direction::read));
    orphans.push_back(watched->take(Direction::write));
  }
  waiting_ = 0;
}

void Readiness::add(Watched& watched) {
  if (watched.socket_ < 0) return;  // Its waits will fail, as every call with such a socket does.
  const auto at = static_cast<std::size_t>(watched.socket_);
  if (by_socket_.size() <= at) by_socket_.resize(std::max(at + 1, by_socket_.size() * 2));
  by_socket_[at] = &watched;
}

void Readiness::remove(Watched& watched) {
  if (watched.socket_ >= 0) by_socket_[static_cast<std::size_t>(watched.socket_)] = nullptr;
  if (watched.armed_ != 0) epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, watched.socket_, nullptr);
  for (auto& waiter : watched.waiters_)
    if (Watched::waits(waiter)) wait_ends();
}

void Readiness::arm(Watched& watched, std::uint32_t events) {
  if (watched.armed_ == events) return;
  epoll_event event{};
  event.events = events;
  event.data.fd = watched.socket_;
  const int operation = events == 0           ? EPOLL_CTL_DEL
                        : watched.armed_ == 0 ? EPOLL_CTL_ADD
                                              : EPOLL_CTL_MOD;
  const bool done = epoll_ctl(epoll_.get(), operation, watched.socket_, &event) == 0;
  watched.armed_ = done ? events : 0;
  if (done || events == 0) return;
  // Out of memory or of watches: the wait must fail, not last for ever.
  for (const Direction direction : {Direction::read, Direction::write})
    watched.end_wait(direction, Errc::busy);
}

void Readiness::wait_begins(Watched& watched, Direction direction) {
  ++waiting_;
  if (!watching_) watch();
  // What is armed stays armed: usually the same direction is waited for again at once.
  arm(watched, watched.armed_ | events_of(direction));
}

void Readiness::wait_ends() {
  if (--waiting_ > 0 || !watching_) return;
  // Nobody is left to be told: the io_context must be able to run out of work.
  std::error_code ignored;
  outer_.cancel(ignored);
}

void Readiness::watch() {
  watching_ = true;
  outer_.async_wait(asio::posix::stream_descriptor::wait_read, [this](std::error_code failed) {
    watching_ = false;
    if (!failed) dispatch();
    if (waiting_ > 0 && !watching_) watch();
  });
}

void Readiness::dispatch() {
  std::array<epoll_event, batch_max> events;
  watching_ = true;  // So that waits which begin meanwhile do not start another one.
  for (int batch = 0; batch < batches_max; ++batch) {
    const int count = epoll_wait(epoll_.get(), events.data(), batch_max, 0);
    for (int i = 0; i < count; ++i)
      wake(events[static_cast<std::size_t>(i)].data.fd, events[static_cast<std::size_t>(i)].events);
    if (count < batch_worth_another_look) break;
  }
  watching_ = false;
}

/// Resumes who waits for these events. The socket may be another one by now, with the same number:
/// a wait that ends too early is an attempt that would block, and harmless.
void Readiness::wake(int socket, std::uint32_t events) {
  const auto at = static_cast<std::size_t>(socket);
  Watched* const watched = by_socket_[at];
  if (!watched) return;
  const bool broken = (events & (EPOLLERR | EPOLLHUP)) != 0;
  bool untaken = false;
  for (const Direction direction : {Direction::read, Direction::write}) {
    if (!broken && (events & events_of(direction)) == 0) continue;
    Watched::Waiter waiter = watched->take(direction);
    if (!Watched::waits(waiter)) {
      untaken = true;
      continue;
    }
    --waiting_;
    Watched::resume(std::move(waiter), ok);
    if (by_socket_[at] != watched) return;  // It has ended the stream.
  }
  // Level-triggered events that nobody takes would be told again and again.
  if (untaken) arm(*watched, watched->awaited());
}

}  // namespace netkit::net
