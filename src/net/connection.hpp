// One accepted connection as a service sees it: the stream, who is at the other end, the bytes
// read so far, and the pump that turns them into messages. Created by the server, never by a
// service.
#pragma once

#include <asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "log/logger.hpp"
#include "net/endpoint.hpp"
#include "net/limits.hpp"
#include "net/receive_buffer.hpp"
#include "net/resident.hpp"
#include "net/server_options.hpp"
#include "net/stream.hpp"
#include "wire/decoded.hpp"

namespace netkit::net {

class Worker;

/// Who has more to send once the socket takes more.
class Refill {
 public:
  virtual void refill() = 0;

 protected:
  ~Refill() = default;
};

class Connection {
 public:
  Connection(Stream stream, Worker& worker, Scheme scheme, const ServerOptions& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Stream& stream() { return stream_; }
  const Stream& stream() const { return stream_; }
  Worker& worker() { return worker_; }
  Scheme scheme() const { return scheme_; }
  /// Under TLS.
  bool is_secure() const { return stream_.is_tls(); }
  const PeerName& peer() const { return peer_; }
  ReceiveBuffer& received() { return received_; }

  /// The dialect once it is known; logs the `connect` event the first time.
  void introduce(std::string_view dialect);
  bool introduced() const { return !dialect_.empty(); }
  std::string_view dialect() const { return dialect_; }

  /// So far nothing was said, by somebody who may still think: first_byte_limit begins now, or the
  /// idle limit if that is shorter.
  void await_first_byte();
  /// The handshake limit begins now, and nothing that the peer sends moves it before touch().
  void await_greeting();
  /// The greeting is over: starts the idle clock again, or stops it if there is no limit.
  void touch();
  /// A limit on the peer's silence of the service's own instead of --idle-timeout: heartbeats.
  void limit_silence(std::chrono::nanoseconds limit);

  /// What one attempt to read did.
  enum class Received { bytes, nothing_yet, end };
  /// Reads once, at most `size_max` bytes, without waiting. Draining, it takes what the peer had
  /// sent by then, and after that tells the end.
  Result<Received> try_receive(std::size_t size_max = read_size_max);
  /// Until try_receive() is worth another attempt. While draining, an error only says that it is.
  asio::awaitable<Status> readable() { return stream_.readable(); }
  /// try_receive() and the wait for it: false at the end.
  asio::awaitable<Result<bool>> receive(std::size_t size_max = read_size_max);

  /// Empty memory for the answers to one batch, shared by the connections of a thread: to be filled
  /// and sent without a wait in between.
  std::string& begin_batch();
  /// Appends `body` to the batch, without a copy if it is large and lies in received(): then it
  /// must stay there until try_send_batch().
  void append_body(std::string_view body);
  /// try_send() of the batch with the bodies that were not copied, and forgets both.
  Result<bool> try_send_batch();
  /// Sends what the socket takes at once. False: the rest was copied, and flush() sends it; until
  /// then nothing else may be sent, and a peer that does not read is not read from.
  Result<bool> try_send(std::string_view bytes);
  asio::awaitable<Status> flush();
  /// Both: sends all of `bytes`, which may lie in memory that the thread shares.
  asio::awaitable<Status> send(std::string_view bytes);
  /// Sends news at any time, on this worker's thread, also while answers are being sent: what the
  /// socket does not take is sent as it can, in order. Errc::busy once `waiting_max` bytes wait:
  /// that peer does not read and is to be let go.
  Status post(std::string_view bytes, std::size_t waiting_max = posted_size_max);
  /// Sends what the socket takes at once of `pieces`, at most 64, and says how much; nothing is
  /// copied. 0 while something else waits for the socket. What is cut off within a message must be
  /// posted before anything else is sent.
  Result<std::size_t> try_send_some(std::span<const std::string_view> pieces);
  /// True while something waits for the socket.
  bool is_sending() const { return flushing_; }
  /// Called whenever nothing waits for the socket any more, on this worker's thread; for senders
  /// that keep what they have to say where it is.
  void refill_by(Refill* refill) { refill_ = refill; }
  /// Waits until nothing posted is on its way any more; `drop` resets the stream first.
  asio::awaitable<void> settle(bool drop);
  /// True once something could be sent in part only: what followed would lie in the midst of it.
  bool is_cut() const { return cut_ && !flushing_; }

  /// What goes on here once the service's coroutine has returned ok, where one is given.
  void leave_to(std::unique_ptr<Resident> resident) { resident_ = std::move(resident); }
  Resident* resident() { return resident_.get(); }

  /// The server drains: finish what is in flight, take nothing new.
  void drain();
  bool draining() const { return draining_; }

 private:
  friend class Worker;
  struct Flusher;
  void progressed();
  asio::awaitable<Status> write_unsent();
  asio::awaitable<void> flush_posted();

  Stream stream_;
  Worker& worker_;
  Scheme scheme_;
  PeerName peer_;
  std::string_view dialect_;
  ReceiveBuffer received_;
  std::string unsent_;
  std::unique_ptr<Flusher> flusher_;  // While posted bytes wait for the socket.
  Refill* refill_ = nullptr;
  const std::chrono::nanoseconds handshake_limit_;
  std::chrono::nanoseconds idle_limit_;
  bool cut_ = false;
  bool greeting_ = false;  // The handshake limit holds, not the idle one.
  bool flushing_ = false;  // unsent_ is being sent.
  unsigned reads_in_a_row_ = 0;
  std::size_t read_in_a_row_ = 0;  // Bytes.
  bool draining_ = false;
  bool drained_ = true;             // The socket had nothing more when it was last read.
  Connection* previous_ = nullptr;  // The worker's list of its connections.
  Connection* next_ = nullptr;
  std::unique_ptr<Resident> resident_;  // Uses all of the above.
};

/// What a message handler wants to happen next.
enum class Flow { go_on, finish };

/// Shows the bytes at hand to `decoder` and gives each message to `handle`, which appends its
/// answers to `out`. Whatever was decoded before an error is answered before it is reported.
template <typename Decoder, typename Handle>
Result<Flow> handle_unread(ReceiveBuffer& received, Decoder& decoder, Handle& handle,
                           std::string& out) {
  while (!received.empty()) {
    auto decoded = decoder.next(received.unread());
    if (!decoded) return decoded.error();
    if (decoded->message) {
      Result<Flow> flow = handle(*decoded->message, out);
      received.consume(decoded->used);
      if (!flow || *flow == Flow::finish) return flow;
    } else if (decoded->used > 0) {
      received.consume(decoded->used);
    } else {
      break;
    }
  }
  return Flow::go_on;
}

/// Reads, decodes and answers until the peer ends the stream, `handle` finishes, or an error.
/// `handle(message, out)` returns Result<Flow> and does not wait; it appends its answers to `out`,
/// which is sent once a batch. Views in a message end when it returns.
template <typename Decoder, typename Handle>
asio::awaitable<Status> pump(Connection& connection, Decoder& decoder, Handle handle,
                             std::size_t chunk_size_max = read_size_max) {
  using Received = Connection::Received;
  for (;;) {
    std::string& out = connection.begin_batch();
    Result<Flow> flow = handle_unread(connection.received(), decoder, handle, out);
    Result<bool> sent = connection.try_send_batch();
    if (!sent) co_return sent.error();
    if (!*sent) {
      connection.received().keep();
      if (Status flushed = co_await connection.flush(); !flushed) co_return flushed.error();
    }
    if (!flow) co_return flow.error();
    if (*flow == Flow::finish) co_return ok;
    Result<Received> got = connection.try_receive(chunk_size_max);
    while (got && *got == Received::nothing_yet) {
      connection.received().keep();
      const Status waited = co_await connection.readable();
      if (!waited && !connection.draining()) co_return waited.error();
      got = connection.try_receive(chunk_size_max);
    }
    if (!got) co_return got.error();
    if (*got == Received::end) co_return ok;
  }
}

}  // namespace netkit::net
