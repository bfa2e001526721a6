// What connections and workers do together: reading, answering, the list, the events.
#include "net/connection.hpp"

#include <algorithm>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <functional>
#include <utility>

#include "net/spawn.hpp"
#include "net/worker.hpp"

namespace netkit::net {

Worker::Worker(log::Logger& log, ServerCounters& counters, unsigned index)
    : log_{log}, counters_{counters}, index_{index} {}

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

/// The coroutine that sends what was posted, as others see it.
struct Connection::Flusher {
  asio::steady_timer ended;  // Never fires; cancelled at the end.
  Status outcome = ok;
};

Connection::Connection(Stream stream, Worker& worker, Scheme scheme, const ServerOptions& options)
    : stream_{std::move(stream)},
      worker_{worker},
      scheme_{scheme},
      peer_{stream_.peer()},
      received_{worker.read_memory(), options.message_size_max + head_size_max},
      handshake_limit_{options.handshake_limit},
      idle_limit_{options.idle_limit} {
  stream_.tune();
  stream_.count(worker_.traffic());
  worker_.add(*this);
  if (worker_.draining_) drain();
}

Connection::~Connection() {
  resident_.reset();
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

void Connection::await_first_byte() {
  greeting_ = true;
  stream_.expire_in(std::min<std::chrono::nanoseconds>(first_byte_limit, idle_limit_));
}

void Connection::await_greeting() {
  greeting_ = true;
  stream_.expire_in(handshake_limit_);
}

void Connection::progressed() {
  // A greeting that comes byte by byte is not to last for ever.
  if (!greeting_) touch();
}

void Connection::touch() {
  greeting_ = false;
  if (idle_limit_ != std::chrono::nanoseconds::max())
    stream_.expire_in(idle_limit_);
  else
    stream_.expire_never();
}

void Connection::limit_silence(std::chrono::nanoseconds limit) {
  idle_limit_ = limit;
  touch();
}

std::string& Connection::begin_batch() {
  std::string& out = worker_.batch_output();
  out.clear();
  if (out.capacity() > batch_kept_max) out.shrink_to_fit();
  worker_.batch_bodies().clear();
  return out;
}

Result<Connection::Received> Connection::try_receive(std::size_t size_max) {
  // A short read emptied the socket: trying again before a wait would be a wasted system call.
  // And a peer that sends faster than we answer must leave the others of this thread their turn.
  const bool turn_over = ++reads_in_a_row_ > reads_in_a_row_max || read_in_a_row_ >= read_size_max;
  if ((std::exchange(drained_, false) || turn_over) && !draining_) {
    reads_in_a_row_ = 0;
    read_in_a_row_ = 0;
    return Received::nothing_yet;
  }
  std::span<char> room = received_.room();
  if (room.empty()) return Errc::too_large;
  room = room.first(std::min(room.size(), size_max));
  const Attempt attempt = stream_.try_read(room);
  if (attempt.count > 0) {
    received_.add(attempt.count);
    read_in_a_row_ += attempt.count;
    // A message that ends says nothing of the next one.
    const bool bytes_only = !stream_.is_tls() && !stream_.keeps_bounds();
    drained_ = attempt.count < room.size() && bytes_only;
    progressed();
    return Received::bytes;
  }
  if (attempt.failed == Errc::closed) return Received::end;
  if (attempt.failed) return Error{attempt.failed};
  return draining_ ? Received::end : Received::nothing_yet;
}

asio::awaitable<Result<bool>> Connection::receive(std::size_t size_max) {
  for (;;) {
    const Result<Received> got = try_receive(size_max);
    if (!got) co_return got.error();
    if (*got != Received::nothing_yet) co_return *got == Received::bytes;
    const Status waited = co_await readable();
    if (!waited && !draining_) co_return waited.error();
  }
}

Result<bool> Connection::try_send(std::string_view bytes) {
  if (flushing_) {  // What was posted goes first.
    unsent_.append(bytes);
    return false;
  }
  const Attempt attempt = stream_.try_write(bytes);
  cut_ = cut_ || attempt.failed;
  if (attempt.failed) return Error{attempt.failed};
  progressed();
  if (attempt.count == bytes.size()) return true;
  // What is left waits in memory of this connection's own: the shared one is needed by others.
  unsent_.assign(bytes.substr(attempt.count));
  return false;
}

void Connection::append_body(std::string_view body) {
  if (body.size() >= uncopied_size_min && !stream_.is_tls() && received_.holds(body))
    worker_.batch_bodies().push_back({worker_.batch_output().size(), body});
  else
    worker_.batch_output().append(body);
}

Result<bool> Connection::try_send_batch() {
  const std::string_view out = worker_.batch_output();
  std::vector<BatchBody>& bodies = worker_.batch_bodies();
  if (bodies.empty()) return out.empty() ? true : try_send(out);
  std::vector<std::string_view> pieces;
  std::size_t begin = 0;
  for (const BatchBody& body : bodies) {
    pieces.push_back(out.substr(begin, body.at - begin));
    pieces.push_back(body.bytes);
    begin = body.at;
  }
  if (begin < out.size()) pieces.push_back(out.substr(begin));
  bodies.clear();

  Attempt attempt;
  if (!flushing_) {
    attempt = stream_.try_write_pieces(pieces);
    cut_ = cut_ || attempt.failed;
    if (attempt.failed) return Error{attempt.failed};
    progressed();
  }
  std::size_t sent = attempt.count;
  for (const std::string_view piece : pieces) {
    const std::size_t skipped = std::min(sent, piece.size());
    unsent_.append(piece.substr(skipped));
    sent -= skipped;
  }
  return unsent_.empty();
}

asio::awaitable<Status> Connection::write_unsent() {
  cut_ = true;  // Unless all of it goes.
  for (std::size_t sent = 0; sent < unsent_.size();) {
    if (Status waited = co_await stream_.writable(); !waited) co_return waited.error();
    const Attempt attempt = stream_.try_write(std::string_view{unsent_}.substr(sent));
    if (attempt.failed) co_return Error{attempt.failed};
    sent += attempt.count;
    if (attempt.count > 0) progressed();
    if (sent > posted_size_max / 4) unsent_.erase(0, std::exchange(sent, 0));
  }
  std::string{}.swap(unsent_);
  cut_ = false;
  co_return ok;
}

asio::awaitable<Status> Connection::flush() {
  if (flusher_) {
    std::error_code cancelled;
    const Flusher& flusher = *flusher_;
    co_await flusher_->ended.async_wait(into(cancelled));
    co_return flusher.outcome;
  }
  flushing_ = true;
  Status flushed = co_await write_unsent();
  flushing_ = false;
  if (flushed && refill_) refill_->refill();
  co_return flushed;
}

Status Connection::post(std::string_view bytes, std::size_t waiting_max) {
  // One message may be of any size: it is what waits already that counts.
  if (unsent_.size() > waiting_max) return Error{Errc::busy, "send to a peer that does not read"};
  const Result<bool> sent = try_send(bytes);
  if (!sent) return sent.error();
  if (*sent || flushing_) return ok;
  flushing_ = true;
  flusher_ = std::make_unique<Flusher>(
      Flusher{asio::steady_timer{worker_.io(), asio::steady_timer::time_point::max()}});
  asio::co_spawn(worker_.io(), flush_posted(), rethrow);
  return ok;
}

asio::awaitable<void> Connection::flush_posted() {
  flusher_->outcome = co_await write_unsent();
  // Who reads from this peer is to learn that nothing reaches it any more.
  if (!flusher_->outcome) stream_.abort();
  flushing_ = false;
  flusher_->ended.cancel();
  const bool sent = static_cast<bool>(flusher_->outcome);
  // Those who waited are resumed before the timer goes: they were queued first.
  asio::post(worker_.io(), [flusher = std::shared_ptr<Flusher>{std::move(flusher_)}] {});
  if (sent && refill_) refill_->refill();
}

Result<std::size_t> Connection::try_send_some(std::span<const std::string_view> pieces) {
  if (flushing_) return std::size_t{0};
  Attempt attempt;
  if (pieces.size() == 1 || stream_.is_tls()) {
    for (const std::string_view piece : pieces) {
      const Attempt one = stream_.try_write(piece);
      attempt.failed = one.failed;
      attempt.count += one.count;
      if (one.failed || one.count < piece.size()) break;
    }
  } else {
    attempt = stream_.try_write_pieces(pieces);
  }
  cut_ = cut_ || attempt.failed;
  if (attempt.failed) return Error{attempt.failed};
  if (attempt.count > 0) progressed();
  return attempt.count;
}

asio::awaitable<void> Connection::settle(bool drop) {
  if (!flusher_) co_return;
  if (drop) stream_.abort();
  static_cast<void>(co_await flush());  // The end of the connection has its reason already.
}

asio::awaitable<Status> Connection::send(std::string_view bytes) {
  const Result<bool> sent = try_send(bytes);
  if (!sent) co_return sent.error();
  if (*sent) co_return ok;
  co_return co_await flush();
}

void Connection::drain() {
  draining_ = true;
  stream_.interrupt();
}

}  // namespace netkit::net
