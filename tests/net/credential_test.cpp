// How people come in by each dialect: with a token, without one, with one that ends while they are
// there, and with more bytes behind it.
#include "access/credential.hpp"

#include "fake_auth.hpp"
#include "identity/token.hpp"
#include "net/websocket.hpp"
#include "wire/len64.hpp"

using namespace netkit;
using namespace netkit::net::tests;
using namespace std::literals;
using access::Showing;

namespace {

/// A server that says "in:" and what stands behind the credential, once somebody is let in.
class GuardedServer {
 public:
  explicit GuardedServer(Showing how, std::chrono::nanoseconds handshake = 10s)
      : how_{how}, server_{plan(handshake)} {}

  FakeAuth& auth() { return auth_; }
  net::tests::RunningServer& server() { return server_; }
  Peer peer() { return Peer{server_.port()}; }

 private:
  RunningServer::Plan plan(std::chrono::nanoseconds handshake) {
    net::Service service;
    service.tls_mode = [](net::Scheme) { return net::TlsMode::never; };
    service.on_connection = [this](net::Connection& connection) { return serve(connection); };
    return {.listen = {"tcp://127.0.0.1:0"},
            .options = options_with([&](auto& options) { options.handshake_limit = handshake; }),
            .service = std::move(service)};
  }

  asio::awaitable<Status> serve(net::Connection& connection) {
    connection.introduce("test");
    const access::Wish wanted = wish("test:use");
    const auto visit = co_await access::let_in(connection, *guard_, how_, wanted);
    if (!visit) co_return visit.error();
    const auto behind = connection.received().unread();
    std::string out = "in:" + std::string{behind.data(), behind.size()};
    if (Status sent = co_await connection.send(out); !sent) co_return sent;
    for (;;) {
      const Result<bool> more = co_await connection.receive();
      if (!more || !*more) co_return ok;
    }
  }

  const Showing how_;
  FakeAuth auth_;
  GuardedThread guard_{auth_};
  RunningServer server_;
};

std::string framed_error(std::string_view text) {
  std::string out = "\xf7NK\x01\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00"s;
  out += static_cast<char>(text.size());
  return out.append(text);
}

constexpr std::string_view no_token =
    "netkit: refused: cannot serve somebody without a token: refused (sign in: netkit auth login)";

}  // namespace

TEST_CASE("let_in: a token in the first line, and what follows it stays") {
  GuardedServer guarded{Showing::line};
  Peer peer = guarded.peer();
  peer.send("/token " + guarded.auth().sign_in("anna", {"test"}) + "\r\nhi\nthere");
  CHECK(peer.receive(3 + 8) == "in:hi\nthere");
}

TEST_CASE("let_in: byte by byte is the same") {
  GuardedServer guarded{Showing::line};
  Peer peer = guarded.peer();
  for (const char byte : "/token " + guarded.auth().sign_in("anna", {"test"}) + "\n")
    peer.send({&byte, 1});
  CHECK(peer.receive(3) == "in:");
}

TEST_CASE("let_in: len64 and frames show it in their first message") {
  {
    GuardedServer guarded{Showing::len64};
    Peer peer = guarded.peer();
    const std::string token = guarded.auth().sign_in("anna", {"test"});
    peer.send("53" + std::string(62, ' ') + "/token " + token + "2");
    CHECK(peer.receive(4) == "in:2");
  }
  GuardedServer guarded{Showing::frame};
  Peer peer = guarded.peer();
  const std::string token = guarded.auth().sign_in("anna", {"test"});
  const std::string body = R"({"token":")" + token + R"("})";
  peer.send("\xf7NK\x01\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00"s +
            static_cast<char>(body.size()) + body);
  CHECK(peer.receive(3) == "in:");
}

TEST_CASE("let_in: what show_credential writes is understood") {
  for (const Showing how : {Showing::line, Showing::len64, Showing::frame}) {
    GuardedServer guarded{how};
    Peer peer = guarded.peer();
    peer.send(access::show_credential(how, guarded.auth().sign_in("anna", {"test"})));
    CHECK(peer.receive(3) == "in:");
  }
}

TEST_CASE("let_in: who shows none is told so in the dialect, and the connection ends") {
  {
    GuardedServer guarded{Showing::line};
    Peer peer = guarded.peer();
    peer.send("hello\n");
    CHECK(peer.receive_all() == std::string{no_token} + "\n");
    CHECK(guarded.server().logged("authz_fail"));
  }
  {
    GuardedServer guarded{Showing::len64};
    Peer peer = guarded.peer();
    std::string hello;
    wire::append_len64(hello, "hello");
    peer.send(hello);
    CHECK(peer.receive_all() == no_token);
  }
  GuardedServer guarded{Showing::frame};
  Peer peer = guarded.peer();
  peer.send("\xf7NK\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x05hello"s);
  CHECK(peer.receive_all() == framed_error(no_token));
}

TEST_CASE("let_in: unknown tokens and lacking scopes are refused") {
  GuardedServer guarded{Showing::line};
  Peer stranger = guarded.peer();
  stranger.send("/token " + identity::make_token() + "\n");
  CHECK(stranger.receive_all().starts_with("netkit: refused: cannot accept the token"));
  Peer other = guarded.peer();
  other.send("/token " + guarded.auth().sign_in("bert", {"relay"}) + "\n");
  CHECK(other.receive_all().find("it needs the scope test:use") != std::string::npos);
}

TEST_CASE("let_in: a silent or endless greeting ends with the handshake limit") {
  GuardedServer guarded{Showing::line, 200ms};
  Peer silent = guarded.peer();
  CHECK(silent.ended());
  Peer endless = guarded.peer();
  endless.send(std::string(100'000, 'x'));
  CHECK(endless.ended());
}

TEST_CASE("let_in: a revoked token ends the connection within a second") {
  GuardedServer guarded{Showing::line};
  Peer peer = guarded.peer();
  const std::string token = guarded.auth().sign_in("anna", {"test"});
  peer.send("/token " + token + "\n");
  REQUIRE(peer.receive(3) == "in:");
  const auto revoked = std::chrono::steady_clock::now();
  guarded.auth().revoke(token);
  CHECK(peer.ended());
  CHECK(std::chrono::steady_clock::now() - revoked < 1s);
}

TEST_CASE("bearer_of: the scheme without case, the token without blanks") {
  const auto bearer = [](std::string value) {
    std::string text = "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: " + value + "\r\n\r\n";
    auto decoded = wire::HttpRequestDecoder{}.next(text);
    REQUIRE(decoded);
    REQUIRE(decoded->message);
    return access::bearer_of(*decoded->message);
  };
  CHECK(bearer("Bearer nk_x") == "nk_x");
  CHECK(bearer("bearer   nk_x ") == "nk_x");
  CHECK(bearer("Basic nk_x") == "");
  CHECK(bearer("Bearer") == "");
}

TEST_CASE("token_of_line, token_of_json: nothing else is taken for a token") {
  CHECK(access::token_of_line("/token  nk_x ") == "nk_x");
  CHECK(access::token_of_line("/tokennk_x") == "");
  CHECK(access::token_of_line("token nk_x") == "");
  CHECK(access::token_of_json(R"({"token":"nk_x"})") == "nk_x");
  CHECK(access::token_of_json(R"({"token":7})") == "");
  CHECK(access::token_of_json(R"(["token"])") == "");
  CHECK(access::token_of_json("{") == "");
}
