// A connected byte stream: tcp, unix, either under TLS, or sctp. Every server and client talks
// through one. It is non-blocking inside, keeps one deadline, and never looks at what it carries.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/generic/stream_protocol.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/file.hpp"
#include "base/result.hpp"
#include "net/address.hpp"
#include "net/tls.hpp"

namespace netkit::net {

class Sleeper;
class SctpAssociation;
struct Traffic;

/// Movable handle; the socket is closed when it goes. All calls from one thread, the one that
/// runs the socket's io_context. At most one coroutine reads and one writes at a time.
class Stream {
 public:
  using Socket = asio::generic::stream_protocol::socket;

  Stream(const asio::any_io_executor& executor, FileDescriptor socket);
  /// Takes over what Asio accepted or connected.
  explicit Stream(Socket socket);
  Stream(const asio::any_io_executor& executor, std::unique_ptr<SctpAssociation> association);
  /// Of a one-to-one socket of the kernel's SCTP.
  static Stream over_sctp(const asio::any_io_executor& executor, FileDescriptor socket);
  Stream(Stream&&) noexcept;
  Stream& operator=(Stream&&) noexcept;
  ~Stream();

  /// One attempt that never waits. Errors are final but for would_block().
  Attempt try_read(std::span<char> into);
  Attempt try_write(std::string_view bytes);
  /// sctp: what is written by one call, or by one and what goes on with its rest, is one message to
  /// the peer, up to message_size_max(): of a larger one as much as that goes as a message, the
  /// rest as another. Elsewhere there are no messages, and these say nothing.
  bool keeps_bounds() const;
  /// In bytes: SIZE_MAX in user space; by the kernel's SCTP its send buffer, which has to hold a
  /// message to send it.
  std::size_t message_size_max() const;
  /// Whether the bytes that try_read() gave last end a message.
  bool at_message_end() const;
  /// Whether what is written from now on ends a message with its last byte, as it does at first.
  void end_messages(bool ends);
  /// The same for several pieces in one go (writev(2)); not under TLS. May take a part of them.
  Attempt try_write_pieces(std::span<const std::string_view> pieces);
  /// True if the kernel takes bytes of files straight to the socket: plain tcp and unix.
  bool sends_files() const;
  /// Bytes of `file` (sendfile(2)); Errc::mismatch if it ends at `offset`. Only if sends_files().
  Attempt try_send_file(int file, std::uint64_t offset, std::size_t count);

  /// Waits until try_read (try_write) is worth another attempt. Errc::timed_out when the deadline
  /// passes, Errc::stopped after interrupt() (reading only: what is in flight may be written).
  asio::awaitable<Status> readable();
  asio::awaitable<Status> writable();
  /// readable() for one who is no coroutine: wakes `sleeper` with what that would return, unless
  /// there is nothing to wait for. Then that is returned, and `sleeper` stays with the caller.
  std::optional<Status> sleep_until_readable(std::unique_ptr<Sleeper>& sleeper);

  /// At least one byte, at most `into`; Errc::closed at the end of the stream.
  asio::awaitable<Result<std::size_t>> read_some(std::span<char> into);
  /// All of `bytes`, which must stay where they are until this returns.
  asio::awaitable<Status> write(std::string_view bytes);

  /// True if the next byte, which is not consumed, begins a TLS record (RFC 8446, 5.1: 0x16).
  asio::awaitable<Result<bool>> begins_with_tls();
  asio::awaitable<Status> start_tls(TlsContext context, TlsSession::Side side, std::string host);
  bool is_tls() const;

  /// Sends what says goodbye, stops writing, and reads (to nowhere) until the peer has closed as
  /// well or `linger_limit` has passed: a reset would take our last words from the peer.
  asio::awaitable<void> close();
  /// Resets the connection now. Waits in progress end with an error.
  void abort();
  /// Ends the present and all later waits for reading with Errc::stopped; for draining.
  void interrupt();

  /// Waits that are not over in `limit` from now end with Errc::timed_out. Cheap to call again.
  void expire_in(std::chrono::nanoseconds limit);
  void expire_never();

  PeerName peer() const;
  /// The server of this connection as both ends know it, so that what is shown to one server is of
  /// no use at another: under TLS its certificate's SHA-256 fingerprint, hex, else "ADDRESS:PORT".
  /// Empty for unix sockets, whose path a server may lie about.
  std::string server_mark(TlsSession::Side own_side) const;
  /// Of a unix socket: the path that it was accepted at; empty for others.
  std::string local_path() const;
  /// Disables Nagle's algorithm and turns keep-alive probes on; a no-op on unix sockets.
  void tune();
  /// Of what is written, so much at most waits in the kernel unsent (TCP_NOTSENT_LOWAT), instead
  /// of what its send buffer takes; a no-op where there is no TCP. For large things to many.
  void limit_unsent(int bytes);
  /// Counts there what is read and written from now on, under TLS without its records.
  void count(Traffic& traffic);

 private:
  static asio::awaitable<void> wake_by(SctpAssociation& association,
                                       std::unique_ptr<Sleeper> sleeper);
  Attempt read_once(std::span<char> into);
  Attempt write_once(std::string_view bytes);
  Attempt write_pieces_once(std::span<const std::string_view> pieces);
  Attempt try_write_message(std::string_view bytes, bool ends);
  Attempt try_write_one_by_one(std::span<const std::string_view> pieces);

  struct Core;
  std::unique_ptr<Core> core_;
};

}  // namespace netkit::net
