// Streams over sockets and TLS sessions.
#include "net/stream.hpp"

#include <algorithm>
#include <array>
#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "net/limits.hpp"
#include "net/spawn.hpp"
#include "net/stream_core.hpp"

namespace netkit::net {

namespace {

Attempt from_errno() {
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {};
  return {.count = 0, .failed = std::error_code{errno, std::system_category()}};
}

asio::awaitable<Status> at_once(Status status) {
  co_return status;
}

/// The others of this thread have their turn before what TLS has read already.
asio::awaitable<Status> after_the_others() {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  co_await asio::post(executor, asio::use_awaitable);
  co_return ok;
}

std::string mark_of(const asio::ip::address& address, std::uint16_t port) {
  const std::string text = address.to_string();
  return (address.is_v6() ? "[" + text + "]" : text) + ":" + std::to_string(port);
}

FileDescriptor released(Stream::Socket& socket) {
  std::error_code failed;
  return FileDescriptor{socket.release(failed)};
}

}  // namespace

Stream::Stream(Socket socket) : Stream{socket.get_executor(), released(socket)} {}

Stream::Stream(const asio::any_io_executor& executor, FileDescriptor socket)
    : core_{std::make_unique<Core>(executor, std::move(socket))} {
  const int handle = core_->socket.get();
  fcntl(handle, F_SETFL, fcntl(handle, F_GETFL) | O_NONBLOCK);
}
Stream::Stream(const asio::any_io_executor& executor, std::unique_ptr<SctpAssociation> association)
    : core_{std::make_unique<Core>(executor, std::move(association))} {}
Stream Stream::over_sctp(const asio::any_io_executor& executor, FileDescriptor socket) {
  Stream made{executor, std::move(socket)};
  made.core_->records = std::make_unique<SctpRecords>(made.core_->socket.get());
  return made;
}
Stream::Stream(Stream&&) noexcept = default;
Stream& Stream::operator=(Stream&&) noexcept = default;
Stream::~Stream() = default;

bool Stream::keeps_bounds() const {
  return core_->association || core_->records;
}

std::size_t Stream::message_size_max() const {
  return core_->records ? core_->records->message_size_max() : SIZE_MAX;
}

bool Stream::at_message_end() const {
  if (core_->records) return core_->records->at_message_end();
  return core_->association && core_->association->at_message_end();
}

void Stream::end_messages(bool ends) {
  core_->ends_messages = ends;
}

bool Stream::is_tls() const {
  return core_->tls != nullptr;
}

void Stream::count(Traffic& traffic) {
  core_->traffic = &traffic;
}

Attempt Stream::try_read(std::span<char> into) {
  return core_->received(read_once(into));
}

Attempt Stream::try_write(std::string_view bytes) {
  return core_->sent(write_once(bytes));
}

Attempt Stream::try_write_pieces(std::span<const std::string_view> pieces) {
  return core_->sent(write_pieces_once(pieces));
}

Attempt Stream::read_once(std::span<char> into) {
  if (core_->tls) {
    const Attempt attempt = core_->tls->read(into);
    core_->reading_needs_write = attempt.wait_for_write;
    return attempt;
  }
  if (core_->association) return core_->association->try_read(into);
  if (core_->records) return core_->records->try_read(core_->socket.get(), into);
  if (!core_->socket) return {.count = 0, .failed = Errc::closed};
  const ssize_t count = recv(core_->socket.get(), into.data(), into.size(), 0);
  if (count > 0) return {.count = static_cast<std::size_t>(count), .failed = {}};
  return count == 0 ? Attempt{.count = 0, .failed = Errc::closed} : from_errno();
}

Attempt Stream::write_once(std::string_view bytes) {
  if (core_->tls) {
    const Attempt attempt = core_->tls->write(bytes);
    core_->writing_needs_read = attempt.would_block() && !attempt.wait_for_write;
    return attempt;
  }
  if (keeps_bounds()) return try_write_message(bytes, core_->ends_messages);
  const ssize_t count = send(core_->socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  return count >= 0 ? Attempt{.count = static_cast<std::size_t>(count), .failed = {}}
                    : from_errno();
}

Attempt Stream::try_write_message(std::string_view bytes, bool ends) {
  if (core_->association) return core_->association->try_write(bytes, ends);
  return core_->records->try_write(core_->socket.get(), bytes, ends);
}

Attempt Stream::write_pieces_once(std::span<const std::string_view> pieces) {
  if (keeps_bounds()) return try_write_one_by_one(pieces);
  std::array<iovec, 64> vectors;
  const std::size_t count = std::min(pieces.size(), vectors.size());
  for (std::size_t i = 0; i < count; ++i)
    vectors[i] = {const_cast<char*>(pieces[i].data()), pieces[i].size()};
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = count;
  const ssize_t sent = sendmsg(core_->socket.get(), &message, MSG_NOSIGNAL);
  return sent >= 0 ? Attempt{.count = static_cast<std::size_t>(sent), .failed = {}} : from_errno();
}

bool Stream::sends_files() const {
  return !core_->tls && !keeps_bounds() && core_->socket;
}

Attempt Stream::try_send_file(int file, std::uint64_t offset, std::size_t count) {
  auto from = static_cast<off_t>(offset);
  const ssize_t sent = sendfile(core_->socket.get(), file, &from, count);
  if (sent > 0) return core_->sent({.count = static_cast<std::size_t>(sent), .failed = {}});
  return sent == 0 ? Attempt{.count = 0, .failed = Errc::mismatch} : from_errno();
}

Attempt Stream::try_write_one_by_one(std::span<const std::string_view> pieces) {
  Attempt all;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const bool last = i + 1 == pieces.size();
    const Attempt one = try_write_message(pieces[i], last && core_->ends_messages);
    all.count += one.count;
    // What went out is told first; the error comes again.
    if (all.count == 0) all.failed = one.failed;
    if (one.failed || one.count < pieces[i].size()) break;
  }
  return all;
}

// No coroutines, as an idle connection would keep their frames.
asio::awaitable<Status> Stream::readable() {
  if (core_->has_unread()) return after_the_others();
  if (std::optional<Status> known = core_->readable_at_once()) return at_once(std::move(*known));
  if (core_->association) return core_->association->ready(SctpAssociation::Wanted::read);
  return core_->watched->ready(core_->direction_of_reading());
}

asio::awaitable<void> Stream::wake_by(SctpAssociation& association,
                                      std::unique_ptr<Sleeper> sleeper) {
  Status outcome = co_await association.ready(SctpAssociation::Wanted::read);
  Sleeper& woken = *sleeper;
  woken.woken(std::move(sleeper), std::move(outcome));
}

std::optional<Status> Stream::sleep_until_readable(std::unique_ptr<Sleeper>& sleeper) {
  std::optional<Status> known = core_->readable_at_once();
  if (known) return known;
  if (core_->association)
    asio::co_spawn(core_->association->io(), wake_by(*core_->association, std::move(sleeper)),
                   rethrow);
  else
    core_->watched->sleep(core_->direction_of_reading(), std::move(sleeper));
  return known;
}

asio::awaitable<Status> Stream::writable() {
  if (!core_->watched && !core_->association) return at_once(Errc::closed);
  if (core_->deadline.passed()) return at_once(Errc::timed_out);
  if (core_->association) return core_->association->ready(SctpAssociation::Wanted::write);
  return core_->watched->ready(core_->writing_needs_read ? Direction::read : Direction::write);
}

asio::awaitable<Result<std::size_t>> Stream::read_some(std::span<char> into) {
  for (;;) {
    const Attempt attempt = try_read(into);
    if (attempt.failed) co_return Error{attempt.failed};
    if (attempt.count > 0) co_return attempt.count;
    if (Status waited = co_await readable(); !waited) co_return waited.error();
  }
}

asio::awaitable<Status> Stream::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const Attempt attempt = try_write(bytes);
    if (attempt.failed) co_return Error{attempt.failed};
    bytes.remove_prefix(attempt.count);
    if (!attempt.would_block()) continue;
    if (Status waited = co_await writable(); !waited) co_return waited.error();
  }
  co_return ok;
}

asio::awaitable<Result<bool>> Stream::begins_with_tls() {
  if (keeps_bounds()) co_return false;
  for (;;) {
    char first = 0;
    const ssize_t count = recv(core_->socket.get(), &first, 1, MSG_PEEK);
    if (count == 1) co_return first == 0x16;
    if (count == 0) co_return Errc::closed;
    if (const Attempt attempt = from_errno(); attempt.failed) co_return Error{attempt.failed};
    if (Status waited = co_await readable(); !waited) co_return waited.error();
  }
}

asio::awaitable<Status> Stream::start_tls(TlsContext context, TlsSession::Side side,
                                          std::string host) {
  if (keeps_bounds()) co_return Error{Errc::usage, "agree on TLS", "TLS does not run over sctp"};
  Result<TlsSession> session = TlsSession::make(context, side, core_->socket.get(), host);
  if (!session) co_return session.error();
  while (!session->finished()) {
    const Attempt attempt = session->shake_hands();
    if (attempt.failed) {
      const bool cut = attempt.failed == Errc::closed;
      co_return Error{attempt.failed, "agree on TLS", cut ? "does it speak TLS?" : ""};
    }
    if (session->finished()) break;
    core_->reading_needs_write = attempt.wait_for_write;
    if (Status waited = co_await readable(); !waited) co_return waited.error();
  }
  core_->reading_needs_write = false;
  if (Status trusted = session->verify_peer(context); !trusted) co_return trusted.error();
  core_->tls = std::make_unique<TlsSession>(std::move(*session));
  co_return ok;
}

asio::awaitable<void> Stream::close() {
  if (core_->association) {
    core_->association->begin_close();
    expire_in(linger_limit);
    // However it ends, what is left of it is reset.
    static_cast<void>(co_await core_->association->closed());
    core_->end();
    co_return;
  }
  if (core_->tls) core_->tls->say_goodbye();
  // From here on bytes of the socket are passed over, and what a session still holds is no news.
  core_->tls.reset();
  core_->reading_needs_write = false;
  shutdown(core_->socket.get(), SHUT_WR);
  core_->interrupted = false;
  expire_in(linger_limit);
  std::array<char, 4096> nowhere;
  // One wait for each read: a peer that never stops talking must hold up neither the others of this
  // thread nor the timer behind the deadline.
  while (co_await readable()) {
    const ssize_t count = recv(core_->socket.get(), nowhere.data(), nowhere.size(), 0);
    if (count == 0 || (count < 0 && from_errno().failed)) break;
  }
  core_->end();
}

void Stream::abort() {
  if (core_->association) return core_->end();
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(core_->socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  core_->end();
}

void Stream::interrupt() {
  core_->interrupted = true;
  if (core_->association)
    core_->association->end_wait(SctpAssociation::Wanted::read, Errc::stopped);
  if (!core_->watched) return;
  // What is in flight may still be written, even if TLS has to read for it.
  const bool writes = core_->writing_needs_read;
  if (!writes) core_->watched->end_wait(Direction::read, Errc::stopped);
  if (core_->reading_needs_write) core_->watched->end_wait(Direction::write, Errc::stopped);
}

void Stream::expire_in(std::chrono::nanoseconds limit) {
  core_->deadline.expire_in(limit);
}
void Stream::expire_never() {
  core_->deadline.expire_never();
}

PeerName Stream::peer() const {
  if (core_->association) {
    const asio::ip::udp::endpoint remote = core_->association->remote();
    return {.address = plain(remote.address()).to_string(), .port = remote.port()};
  }
  const auto remote = peer_endpoint(core_->socket.get());
  if (!remote) return {.address = "unix", .port = 0};
  return {.address = remote->address().to_string(), .port = remote->port()};
}

std::string Stream::server_mark(TlsSession::Side own_side) const {
  if (core_->tls) return core_->tls->server_fingerprint(own_side);
  const bool own = own_side == TlsSession::Side::server;
  if (const SctpAssociation* const at = core_->association.get()) {
    const asio::ip::udp::endpoint server = own ? at->local() : at->remote();
    return mark_of(plain(server.address()), server.port());
  }
  const int handle = core_->socket.get();
  auto server = own ? local_endpoint(handle) : peer_endpoint(handle);
  if (server && server->address().is_unspecified()) server->address(way_to_peer(handle));
  return server ? mark_of(server->address(), server->port()) : std::string{};
}

std::string Stream::local_path() const {
  sockaddr_un address{};
  socklen_t size = sizeof address;
  if (getsockname(core_->socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return {};
  if (address.sun_family != AF_UNIX || size <= offsetof(sockaddr_un, sun_path)) return {};
  return {address.sun_path, strnlen(address.sun_path, size - offsetof(sockaddr_un, sun_path))};
}

void Stream::tune() {
  if (keeps_bounds()) return;
  // A unix socket has none of these options, and needs none.
  const auto set = [&](int level, int option, int value) {
    setsockopt(core_->socket.get(), level, option, &value, sizeof value);
  };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  // A dead host is noticed within 60 + 4 * 15 s even if nobody sets an idle limit.
  set(IPPROTO_TCP, TCP_KEEPIDLE, 60);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 15);
  set(IPPROTO_TCP, TCP_KEEPCNT, 4);
}

void Stream::limit_unsent(int bytes) {
  if (keeps_bounds()) return;
  setsockopt(core_->socket.get(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof bytes);
}

}  // namespace netkit::net
