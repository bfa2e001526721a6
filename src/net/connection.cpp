// What connections and workers do together: reading, answering, the list, the events.
#include "net/connection.hpp"

#include <functional>

#include "net/spawn.hpp"
#include "net/worker.hpp"

namespace netkit::net {

Worker::Worker(log::Logger& log, ServerCounters& counters, unsigned index)
    : log_{log}, counters_{counters}, index_{index}, read_memory_(read_size_max) {}

void Worker::add(Connection& connection) {
  connection.next_ = first_;
  if (first_) first_->previous_ = &connection;
  first_ = &connection;
  ++counters_.active;
}

void Worker::remove(Connection& connection) {
  (connection.previous_ ? connection.previous_->next_ : first_) = connection.next_;
  if (connection.next_) connection.next_->previous_ = connection.previous_;
  --counters_.active;
  if (draining_ && idle() && when_idle) when_idle();
}

void Worker::drain() {
  draining_ = true;
  for (Connection* each = first_; each; each = each->next_)
    each->drain();
  if (idle() && when_idle) when_idle();
}

Connection::Connection(Stream stream, Worker& worker, Scheme scheme, std::size_t kept_size_max)
    : stream_{std::move(stream)},
      worker_{worker},
      scheme_{scheme},
      peer_{stream_.peer()},
      received_{worker.read_memory(), kept_size_max} {
  worker_.add(*this);
  if (worker_.draining_) drain();
}

Connection::~Connection() {
  worker_.remove(*this);
}

void Connection::introduce(std::string_view dialect) {
  const bool first = dialect_.empty();
  dialect_ = dialect;
  if (!first) return;
  worker_.log().event(log::Level::info, "connect",
                      {{"address", peer_.address},
                       {"port", peer_.port},
                       {"dialect", dialect_},
                       {"active", worker_.counters().active.load(std::memory_order_relaxed)}});
}

void Connection::touch() {
  if (idle_limit_.count() > 0)
    stream_.expire_in(idle_limit_);
  else
    stream_.expire_never();
}

std::string& Connection::batch_output() {
  return worker_.batch_output();
}

asio::awaitable<Result<bool>> Connection::receive(std::size_t size_max) {
  for (;;) {
    if (!drained_ || draining_) {
      std::span<char> room = received_.room();
      if (room.empty()) co_return Errc::too_large;
      room = room.first(std::min(room.size(), size_max));
      const Attempt attempt = stream_.try_read(room);
      if (attempt.count > 0) {
        received_.add(attempt.count);
        // A short read emptied the socket: trying again at once would be a wasted system call.
        drained_ = attempt.count < room.size() && !stream_.is_tls();
        touch();
        co_return true;
      }
      if (attempt.failed == Errc::closed) co_return false;
      if (attempt.failed) co_return Error{attempt.failed};
      if (draining_) co_return false;
    }
    Status waited = co_await stream_.readable();
    if (!waited && waited.error().code != Errc::stopped) co_return waited.error();
    drained_ = false;
  }
}

asio::awaitable<Status> Connection::send(std::string_view bytes) {
  Attempt attempt = stream_.try_write(bytes);
  if (attempt.failed) co_return Error{attempt.failed};
  touch();
  if (attempt.count == bytes.size()) co_return ok;
  // What is left waits in memory of this connection's own: the shared one is needed by others.
  const std::string rest{bytes.substr(attempt.count)};
  for (std::size_t sent = 0; sent < rest.size(); sent += attempt.count) {
    if (Status waited = co_await stream_.writable(); !waited) co_return waited.error();
    attempt = stream_.try_write(std::string_view{rest}.substr(sent));
    if (attempt.failed) co_return Error{attempt.failed};
    if (attempt.count > 0) touch();
  }
  co_return ok;
}

void Connection::drain() {
  draining_ = true;
  stream_.interrupt();
}

}  // namespace netkit::net
