// Tests of connecting: whom it reaches, what it says when it does not, and whom it trusts.
#include "net/connect.hpp"

#include <arpa/inet.h>
#include <asio/ssl/error.hpp>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "identity/certificate.hpp"
#include "net/rig.hpp"
#include "support/temporary_folder.hpp"

using namespace netkit;
using namespace netkit::net;
using namespace netkit::net::tests;
using namespace std::chrono_literals;
using support::bytes_of;
using support::put_bytes;
using support::TemporaryFolder;

namespace {

/// Connects, and says one word if that went well.
asio::awaitable<Result<std::string>> call(Endpoint to, std::optional<TlsContext> tls,
                                          std::chrono::nanoseconds limit) {
  Result<Stream> stream = co_await connect(to, tls, limit);
  if (!stream) co_return stream.error();
  if (Status sent = co_await stream->write("word"); !sent) co_return sent.error();
  std::array<char, 4> word;
  auto count = co_await stream->read_some(word);
  if (!count) co_return count.error();
  co_await stream->close();
  co_return std::string{word.data(), *count};
}

Result<std::string> called(const std::string& to, std::optional<TlsContext> tls = std::nullopt,
                           std::chrono::nanoseconds limit = hang_limit) {
  return run(call(*parse_endpoint(to), std::move(tls), limit));
}

TlsContext trusting(std::function<Status(const std::string&)> check) {
  return *TlsContext::client(std::move(check));
}

RunningServer::Plan tls_plan() {
  RunningServer::Plan plan;
  plan.listen = {"tls://127.0.0.1:0"};
  plan.service = echo_service(TlsMode::always);
  plan.tls = server_tls();
  return plan;
}

std::string at(const RunningServer& server, std::string_view scheme, std::string_view host) {
  return std::string{scheme} + "://" + std::string{host} + ":" + std::to_string(server.port());
}

/// A port that was free a moment ago.
std::uint16_t closed_port() {
  return *open_listening(*parse_endpoint("tcp://127.0.0.1:0"), {})->endpoint.port;
}

/// A listener that accepts nobody, and whose queue is full: a further SYN gets no answer.
class FullListener {
 public:
  FullListener() : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    REQUIRE(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&at), size) == 0);
    REQUIRE(::listen(socket_.get(), 0) == 0);
    ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&at), &size);
    port_ = ntohs(at.sin_port);
    for (int i = 0; i < 8; ++i) {
      waiting_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      ::connect(waiting_.back().get(), reinterpret_cast<const sockaddr*>(&at), size);
    }
  }
  std::uint16_t port() const { return port_; }

 private:
  FileDescriptor socket_;
  std::uint16_t port_ = 0;
  std::vector<FileDescriptor> waiting_;
};

}  // namespace

TEST_CASE("connect: reaches an address and a name") {
  RunningServer server;
  CHECK(*called(at(server, "tcp", "127.0.0.1")) == "word");
  CHECK(*called(at(server, "ws", "127.0.0.1")) == "word");  // The handshake is the caller's.
}

TEST_CASE("connect: of a name's addresses, takes the one that answers") {
  // localhost may be ::1 as well, where nobody listens.
  RunningServer server;
  CHECK(*called(at(server, "tcp", "localhost")) == "word");
}

TEST_CASE("connect: a refusal is told at once, with what to do") {
  const std::string to = "tcp://127.0.0.1:" + std::to_string(closed_port());
  const auto refused = called(to);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == asio::error::connection_refused);
  CHECK(refused.error().message() ==
        "cannot connect to " + to +
            ": Connection refused (is the server running, and is the port right?)");
}

TEST_CASE("connect: a unix socket that is not there is told like a refusal") {
  const TemporaryFolder folder;
  const auto missing = called("unix:" + (folder / "s"));
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code.value() == ENOENT);
  CHECK(missing.error().hint == "is the server running, and is the port right?");
  put_bytes(folder / "file", "");
  CHECK(called("unix:" + (folder / "file")).error().code == asio::error::connection_refused);
}

TEST_CASE("connect: a name that nobody knows is told as one") {
  // A label of more than 63 bytes is never asked for on a network (RFC 1035, 2.3.4).
  const std::string to = "tcp://" + std::string(64, 'x') + ":1";
  const auto unknown = called(to);
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().message() == "cannot connect to " + to +
                                         ": host name not found (check the spelling, or give an "
                                         "address)");
}

TEST_CASE("connect: silence ends at the limit") {
  const FullListener listener;
  const auto silent = called("tcp://127.0.0.1:" + std::to_string(listener.port()), {}, 50ms);
  REQUIRE_FALSE(silent);
  CHECK(silent.error().code == Errc::timed_out);
  CHECK(silent.error().hint == "is the host up, and does a firewall drop the port?");
}

TEST_CASE("connect: no time left is a time-out, not a wait") {
  RunningServer server;
  for (const std::chrono::nanoseconds limit : {0ns, std::chrono::nanoseconds{-5s}})
    CHECK(called(at(server, "tcp", "127.0.0.1"), {}, limit).error().code == Errc::timed_out);
  CHECK(called(at(server, "tcp", "127.0.0.1"), {}, std::chrono::nanoseconds::max()));
}

TEST_CASE("connect: TLS shows the fingerprint that its certificate has, and the check decides") {
  RunningServer server{tls_plan()};
  std::string shown;
  const auto answer = called(at(server, "tls", "127.0.0.1"), trusting([&](const auto& print) {
                               shown = print;
                               return Status{ok};
                             }));
  REQUIRE(answer);
  CHECK(*answer == "word");
  CHECK(shown == *identity::fingerprint(certificate()));
}

TEST_CASE("connect: a server that is not trusted gets nothing of ours to read") {
  std::atomic<std::size_t> received{0};
  RunningServer::Plan plan = tls_plan();
  plan.service.on_connection = [&](Connection& connection) -> asio::awaitable<Status> {
    connection.introduce("counted");
    auto more = co_await connection.receive();
    received += connection.received().unread().size();
    co_return more ? Status{ok} : Status{more.error()};
  };
  RunningServer server{plan};
  const auto refused = called(at(server, "tls", "127.0.0.1"), trusting([](const auto&) -> Status {
                                return Error{Errc::refused, "trust it", "remove its line"};
                              }));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::refused);
  CHECK(refused.error().message() == "cannot agree on TLS with " + at(server, "tls", "127.0.0.1") +
                                         ": refused (remove its line)");
  CHECK(server.logged("reason="));
  CHECK(server.reaches(0));
  CHECK(received == 0);
}

TEST_CASE("connect: with an authority, the name must be the certificate's") {
  const TemporaryFolder folder;
  put_bytes(folder / "ca.pem", certificate());
  const auto authority = TlsContext::client_with_authority(folder / "ca.pem");
  REQUIRE(authority);
  RunningServer server{tls_plan()};
  CHECK(*called(at(server, "tls", "127.0.0.1"), *authority) == "word");
  CHECK(*called(at(server, "tls", "localhost"), *authority) == "word");
  put_bytes(folder / "other.pem", bytes_of(NETKIT_TEST_DATA "/certificate.pem"));
  const auto other = TlsContext::client_with_authority(folder / "other.pem");
  REQUIRE(other);
  const auto refused = called(at(server, "tls", "127.0.0.1"), *other);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code.category() == asio::error::get_ssl_category());
  CHECK_FALSE(TlsContext::client_with_authority(folder / "missing"));
}

TEST_CASE("connect: with an authority, another name than the certificate's is refused") {
  const TemporaryFolder folder;
  const auto made = identity::make_self_signed({"other.example"}, std::time(nullptr));
  REQUIRE(made);
  put_bytes(folder / "ca.pem", made->certificate);
  RunningServer::Plan plan = tls_plan();
  plan.tls = *TlsContext::server(made->certificate, made->key);
  RunningServer server{plan};
  const auto authority = TlsContext::client_with_authority(folder / "ca.pem");
  REQUIRE(authority);
  for (const std::string_view host : {"127.0.0.1", "localhost"}) {
    const auto refused = called(at(server, "tls", host), *authority);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code.category() == asio::error::get_ssl_category());
  }
}

TEST_CASE("connect: TLS to a server that speaks none fails with a sentence") {
  RunningServer server;  // Sends the client's own greeting back: no TLS.
  const auto refused =
      called(at(server, "tls", "127.0.0.1"), trusting([](const auto&) { return Status{ok}; }));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code.category() == asio::error::get_ssl_category());
  CHECK(refused.error().attempt == "agree on TLS with " + at(server, "tls", "127.0.0.1"));
  CHECK_FALSE(refused.error().code.message().empty());
}

TEST_CASE("connect: a server that leaves or stalls in the TLS handshake is told apart") {
  RunningServer::Plan plan;
  plan.service.on_connection = [](Connection&) -> asio::awaitable<Status> { co_return ok; };
  RunningServer leaving{plan};
  const auto trust = trusting([](const auto&) { return Status{ok}; });
  const auto cut = called(at(leaving, "tls", "127.0.0.1"), trust);
  REQUIRE_FALSE(cut);
  CHECK(cut.error().attempt.starts_with("agree on TLS with tls://127.0.0.1:"));
  CHECK(cut.error().code != Errc::timed_out);

  const auto silent = open_listening(*parse_endpoint("tcp://127.0.0.1:0"), {});
  REQUIRE(silent);  // Connected by the kernel, never accepted.
  const auto stalled =
      called("tls://127.0.0.1:" + std::to_string(*silent->endpoint.port), trust, 100ms);
  REQUIRE_FALSE(stalled);
  CHECK(stalled.error().code == Errc::timed_out);
}

TEST_CASE("connect: TLS without a context is refused before anything is sent") {
  RunningServer server;
  CHECK(called(at(server, "tls", "127.0.0.1")).error().code == Errc::refused);
}

TEST_CASE("TlsContext: refuses certificates and keys that do not belong together") {
  const auto other = identity::make_self_signed({"other"}, std::time(nullptr));
  REQUIRE(other);
  CHECK_FALSE(TlsContext::server(certificate(), other->key));
  CHECK_FALSE(TlsContext::server("", certificate_key()));
  CHECK_FALSE(TlsContext::server(certificate(), ""));
  CHECK(TlsContext::server(certificate() + other->certificate, certificate_key()));
}
