// The server thread, the blocking peers and the waits of the net tests.
#include "net/rig.hpp"

#include <algorithm>
#include <asio/post.hpp>
#include <ctime>
#include <fstream>
#include <future>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "identity/certificate.hpp"
#include "net/websocket.hpp"

namespace netkit::net::tests {

asio::awaitable<Status> echo_bytes(Connection& connection) {
  connection.introduce("raw");
  connection.touch();
  for (;;) {
    Result<bool> more = co_await connection.receive();
    if (!more) co_return more.error();
    if (!*more) co_return ok;
    const std::span<char> bytes = connection.received().unread();
    connection.received().consume(bytes.size());
    connection.received().keep();
    Status sent = co_await connection.send({bytes.data(), bytes.size()});
    if (!sent) co_return sent;
  }
}

asio::awaitable<Status> echo_messages(Connection& connection) {
  const auto answer = [](const wire::HttpRequest& request, std::string& out) {
    answer_with_page(request, "<p>page</p>", out);
  };
  Result<bool> upgraded = co_await upgrade_to_websocket(connection, answer);
  if (!upgraded) co_return upgraded.error();
  if (!*upgraded) co_return ok;
  connection.touch();
  const auto echo = [](wire::WebSocketOp op, std::string_view body,
                       std::string& out) -> Result<Flow> {
    if (body == "refuse me") return Errc::refused;
    wire::append_websocket(out, op, body);
    return Flow::go_on;
  };
  co_return co_await pump_websocket(connection, 64 * 1024, echo);
}

asio::awaitable<Status> echo_datagrams(Datagram& datagram) {
  for (;;) {
    Result<std::string_view> bytes = co_await datagram.receive();
    if (!bytes) co_return bytes.error();
    datagram.reply(*bytes);
  }
}

Service echo_service(TlsMode tls) {
  Service service;
  service.on_connection = [](Connection& connection) {
    const bool ws = connection.scheme() == Scheme::ws || connection.scheme() == Scheme::wss;
    return ws ? echo_messages(connection) : echo_bytes(connection);
  };
  service.on_datagram = echo_datagrams;
  service.tls_mode = [tls](Scheme) { return tls; };
  return service;
}

namespace {

const identity::Credentials& credentials() {
  static const identity::Credentials made = [] {
    auto result = identity::make_self_signed({"localhost", "127.0.0.1"}, std::time(nullptr));
    return result ? *result : identity::Credentials{};
  }();
  return made;
}

}  // namespace

const std::string& certificate() {
  return credentials().certificate;
}
const std::string& certificate_key() {
  return credentials().key;
}

TlsContext server_tls() {
  auto made = TlsContext::server(certificate(), certificate_key());
  REQUIRE(made);
  return *made;
}

RunningServer::RunningServer(Plan plan) {
  ::signal(SIGPIPE, SIG_IGN);  // As main() does: OpenSSL writes without MSG_NOSIGNAL.
  const unsigned threads = plan.options.threads;
  server_.emplace(log_, std::move(plan.options), std::move(plan.service));
  if (plan.tls) server_->replace_tls(*plan.tls);
  for (const std::string& text : plan.listen) {
    auto opened = open_listening(*parse_endpoint(text), {.threads = threads});
    INFO((opened ? "" : opened.error().message()));
    REQUIRE(opened);
    endpoints_.push_back(opened->endpoint);
    server_->add(std::move(*opened));
  }
  if (plan.opened) {
    endpoints_.push_back(plan.opened->endpoint);
    server_->add(std::move(*plan.opened));
  }
  std::promise<void> ready;
  std::future<void> is_ready = ready.get_future();
  thread_ = std::jthread{[this, &ready] { outcome_ = server_->run([&] { ready.set_value(); }); }};
  is_ready.wait();
}

RunningServer::~RunningServer() {
  if (!thread_.joinable()) return;
  server_->drain();
  thread_.join();
}

Status RunningServer::wait() {
  thread_.join();
  return outcome_;
}

bool RunningServer::logged(std::string_view text) const {
  return becomes_true([&] { return log().find(text) != std::string::npos; });
}

bool RunningServer::reaches(std::uint64_t active) {
  return becomes_true([&] { return server_->counters().active == active; });
}

void Peer::connect(const void* address, std::size_t size) {
  const timeval limit{hang_limit.count(), 0};
  setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (::connect(socket_.get(), static_cast<const sockaddr*>(address),
                static_cast<socklen_t>(size)) != 0)
    socket_.reset();
}

Peer::Peer(std::uint16_t port, int receive_buffer_size)
    : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
  if (receive_buffer_size > 0)
    setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer_size,
               sizeof receive_buffer_size);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  connect(&to, sizeof to);
}

Peer::Peer(const std::string& unix_path)
    : socket_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  unix_path.copy(to.sun_path, sizeof to.sun_path - 1);
  connect(&to, sizeof to);
}

bool Peer::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

std::size_t Peer::send_now(std::string_view bytes) {
  const ssize_t count =
      ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return count > 0 ? static_cast<std::size_t>(count) : 0;
}

std::string Peer::receive(std::size_t size) {
  std::string bytes;
  std::vector<char> piece(64 * 1024);
  while (bytes.size() < size) {
    const std::size_t wanted = std::min(piece.size(), size - bytes.size());
    const ssize_t count = ::recv(socket_.get(), piece.data(), wanted, 0);
    if (count < 0) {
      CHECK_MESSAGE((errno != EAGAIN && errno != EWOULDBLOCK), "the peer waits in vain");
      was_reset_ = errno == ECONNRESET;
    }
    if (count <= 0) break;
    bytes.append(piece.data(), static_cast<std::size_t>(count));
  }
  return bytes;
}

void Peer::half_close() {
  ::shutdown(socket_.get(), SHUT_WR);
}

void Peer::reset() {
  const linger now{1, 0};
  setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  socket_.reset();
}

bool becomes_true(const std::function<bool()>& holds) {
  const auto until = std::chrono::steady_clock::now() + hang_limit;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) return false;
    ::poll(nullptr, 0, 2);  // Leaves the processor to whoever makes it true.
  }
  return true;
}

std::size_t resident_size() {
  std::ifstream statm{"/proc/self/statm"};
  std::size_t total = 0;
  std::size_t resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

std::string noise(std::size_t size, std::uint32_t seed) {
  std::string bytes(size, '\0');
  std::uint32_t state = seed;
  for (char& byte : bytes) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

}  // namespace netkit::net::tests
