// Streams over sockets and TLS sessions.
#include "net/stream.hpp"

#include <array>
#include <asio/error.hpp>
#include <asio/ip/tcp.hpp>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "net/deadline.hpp"
#include "net/limits.hpp"
#include "net/spawn.hpp"

namespace netkit::net {

struct Stream::Core {
  explicit Core(Socket from)
      : socket{std::move(from)}, deadline{socket.get_executor(), [this] {
                                            std::error_code ignored;
                                            socket.cancel(ignored);
                                          }} {}

  Socket socket;
  Deadline deadline;
  std::unique_ptr<TlsSession> tls;
  bool interrupted = false;
  bool aborted = false;
  bool reading_needs_write = false;  // What the last attempt, under TLS, would have waited for.
  bool writing_needs_read = false;
};

namespace {

Attempt from_errno() {
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {};
  return {.count = 0, .failed = std::error_code{errno, std::system_category()}};
}

}  // namespace

Stream::Stream(Socket socket) : core_{std::make_unique<Core>(std::move(socket))} {
  std::error_code ignored;  // Fails only on a socket that is closed already, which reads tell.
  core_->socket.native_non_blocking(true, ignored);
}
Stream::Stream(Stream&&) noexcept = default;
Stream& Stream::operator=(Stream&&) noexcept = default;
Stream::~Stream() = default;

Stream::Socket& Stream::socket() {
  return core_->socket;
}
bool Stream::is_tls() const {
  return core_->tls != nullptr;
}

Attempt Stream::try_read(std::span<char> into) {
  if (core_->tls) {
    const Attempt attempt = core_->tls->read(into);
    core_->reading_needs_write = attempt.wait_for_write;
    return attempt;
  }
  const ssize_t count = recv(core_->socket.native_handle(), into.data(), into.size(), 0);
  if (count > 0) return {.count = static_cast<std::size_t>(count), .failed = {}};
  return count == 0 ? Attempt{.count = 0, .failed = Errc::closed} : from_errno();
}

Attempt Stream::try_write(std::string_view bytes) {
  if (core_->tls) {
    const Attempt attempt = core_->tls->write(bytes);
    core_->writing_needs_read = attempt.would_block() && !attempt.wait_for_write;
    return attempt;
  }
  const ssize_t count =
      send(core_->socket.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  return count >= 0 ? Attempt{.count = static_cast<std::size_t>(count), .failed = {}}
                    : from_errno();
}

asio::awaitable<Status> Stream::readable() {
  if (core_->tls && core_->tls->has_unread()) co_return ok;
  for (;;) {
    if (core_->interrupted) co_return Errc::stopped;
    if (core_->deadline.passed()) co_return Errc::timed_out;
    std::error_code failed;
    co_await core_->socket.async_wait(
        core_->reading_needs_write ? Socket::wait_write : Socket::wait_read, into(failed));
    if (!failed) co_return ok;
    if (failed != asio::error::operation_aborted || core_->aborted) co_return Error{failed};
  }
}

asio::awaitable<Status> Stream::writable() {
  for (;;) {
    if (core_->deadline.passed()) co_return Errc::timed_out;
    std::error_code failed;
    co_await core_->socket.async_wait(
        core_->writing_needs_read ? Socket::wait_read : Socket::wait_write, into(failed));
    if (!failed) co_return ok;
    // interrupt() cancels this wait as well, but means only reading.
    if (failed != asio::error::operation_aborted || core_->aborted) co_return Error{failed};
  }
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
  for (;;) {
    char first = 0;
    const ssize_t count = recv(core_->socket.native_handle(), &first, 1, MSG_PEEK);
    if (count == 1) co_return first == 0x16;
    if (count == 0) co_return Errc::closed;
    if (const Attempt attempt = from_errno(); attempt.failed) co_return Error{attempt.failed};
    if (Status waited = co_await readable(); !waited) co_return waited.error();
  }
}

asio::awaitable<Status> Stream::start_tls(TlsContext context, TlsSession::Side side,
                                          std::string host) {
  Result<TlsSession> session = TlsSession::make(context, side, core_->socket.native_handle(), host);
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
  if (core_->tls) core_->tls->say_goodbye();
  std::error_code ignored;
  core_->socket.shutdown(Socket::shutdown_send, ignored);
  core_->interrupted = false;
  expire_in(linger_limit);
  std::array<char, 4096> nowhere;
  // Bounded by the deadline: it is not moved while the peer keeps talking.
  for (;;) {
    const ssize_t count = recv(core_->socket.native_handle(), nowhere.data(), nowhere.size(), 0);
    if (count > 0 && !core_->deadline.passed()) continue;
    if (count >= 0 || from_errno().failed) break;
    if (!co_await readable()) break;
  }
  core_->socket.close(ignored);
}

void Stream::abort() {
  core_->aborted = true;
  std::error_code ignored;
  core_->socket.set_option(asio::socket_base::linger{true, 0}, ignored);
  core_->socket.close(ignored);
}

void Stream::interrupt() {
  core_->interrupted = true;
  std::error_code ignored;
  core_->socket.cancel(ignored);
}

void Stream::expire_in(std::chrono::nanoseconds limit) {
  core_->deadline.expire_in(limit);
}
void Stream::expire_never() {
  core_->deadline.expire_never();
}

PeerName Stream::peer() const {
  std::error_code failed;
  const auto remote = core_->socket.remote_endpoint(failed);
  const int family = failed ? AF_UNIX : remote.protocol().family();
  if (family != AF_INET && family != AF_INET6) return {.address = "unix", .port = 0};
  asio::ip::tcp::endpoint endpoint;
  endpoint.resize(remote.size());
  std::memcpy(endpoint.data(), remote.data(), remote.size());
  return {.address = plain(endpoint.address()).to_string(), .port = endpoint.port()};
}

void tune(Stream::Socket& socket) {
  std::error_code ignored;  // A unix socket has none of these.
  socket.set_option(asio::ip::tcp::no_delay{true}, ignored);
  socket.set_option(asio::socket_base::keep_alive{true}, ignored);
  // A dead host is noticed within 60 + 4 * 15 s even if nobody sets an idle limit.
  const int handle = socket.native_handle();
  const int idle_s = 60;
  const int interval_s = 15;
  const int probes = 4;
  setsockopt(handle, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
  setsockopt(handle, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof interval_s);
  setsockopt(handle, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

}  // namespace netkit::net
