// One accepted connection as a service sees it: the stream, who is at the other end, the bytes
// read so far, and the pump that turns them into messages. Created by the server, never by a
// service.
#pragma once

#include <asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "log/logger.hpp"
#include "net/endpoint.hpp"
#include "net/limits.hpp"
#include "net/receive_buffer.hpp"
#include "net/stream.hpp"
#include "wire/decoded.hpp"

namespace netkit::net {

class Worker;

class Connection {
 public:
  Connection(Stream stream, Worker& worker, Scheme scheme, std::size_t kept_size_max);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Stream& stream() { return stream_; }
  Worker& worker() { return worker_; }
  Scheme scheme() const { return scheme_; }
  const PeerName& peer() const { return peer_; }
  ReceiveBuffer& received() { return received_; }

  /// The dialect once it is known; logs the `connect` event the first time.
  void introduce(std::string_view dialect);
  bool introduced() const { return !dialect_.empty(); }
  std::string_view dialect() const { return dialect_; }

  /// How long the peer may be silent; zero: for ever. Set by the server from its options.
  void set_idle_limit(std::chrono::nanoseconds limit) { idle_limit_ = limit; }
  /// Starts the idle clock again, or stops it if there is no limit.
  void touch();

  /// Reads once, at most `size_max` bytes: false at the end of the stream. While draining it takes
  /// what the peer had sent by then, and ends like the end of the stream after that.
  asio::awaitable<Result<bool>> receive(std::size_t size_max = read_size_max);

  /// Memory for the answers to one batch, shared by the connections of a thread: to be filled and
  /// sent without a wait in between.
  std::string& batch_output();
  /// Sends all of `bytes`, which may lie in memory that the thread shares: what the socket does not
  /// take at once is copied. A peer that does not read is not read from meanwhile.
  asio::awaitable<Status> send(std::string_view bytes);

  /// The server drains: finish what is in flight, take nothing new.
  void drain();

 private:
  friend class Worker;

  Stream stream_;
  Worker& worker_;
  Scheme scheme_;
  PeerName peer_;
  std::string_view dialect_;
  ReceiveBuffer received_;
  std::chrono::nanoseconds idle_limit_{0};
  bool draining_ = false;
  bool drained_ = true;             // The socket had nothing more when it was last read.
  Connection* previous_ = nullptr;  // The worker's list of its connections.
  Connection* next_ = nullptr;
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
  std::string& out = connection.batch_output();
  for (;;) {
    out.clear();
    Result<Flow> flow = handle_unread(connection.received(), decoder, handle, out);
    connection.received().keep();
    if (!out.empty())
      if (Status sent = co_await connection.send(out); !sent) co_return sent.error();
    if (!flow) co_return flow.error();
    if (*flow == Flow::finish) co_return ok;
    Result<bool> more = co_await connection.receive(chunk_size_max);
    if (!more) co_return more.error();
    if (!*more) co_return ok;
  }
}

}  // namespace netkit::net
