// Who a client says it is: what was given goes as it is and never in clear, of a stored sign-in
// only a narrow ticket goes.
#include "cli/credential.hpp"

#include <ctime>
#include <doctest/doctest.h>

#include "base/file.hpp"
#include "cli/globals.hpp"
#include "cli/guard_settings.hpp"
#include "cli/login_store.hpp"
#include "identity/ticket.hpp"
#include "identity/token.hpp"
#include "support/temporary_folder.hpp"

using namespace netkit;
using cli::ClientOptions;
using cli::Credential;

namespace {

/// A context of which only the environment is looked at.
struct Home {
  support::TemporaryFolder folder;
  config::Environment environment{{"XDG_STATE_HOME", folder.path()}};
  log::MemorySink sink{100};
  log::Logger log{"test", sink};
  cli::Output out{-1, false};
  cli::Terminal terminal{-1, -1};
  cli::Globals globals;
  cli::Command command{"test", "", {}};
  cli::Context context{command, {}, log, out, terminal, environment, nullptr, globals, {}};

  Result<Credential> credential(const ClientOptions& client = {}) {
    return Credential::of(context, client);
  }
  void sign_in(const std::string& token) {
    cli::Login login;
    login.endpoint = "tcp://127.0.0.1:9091";
    login.user = "anna";
    login.token = token;
    REQUIRE(cli::LoginStore::of(environment)->put(login));
  }
};

net::Endpoint at(std::string_view text) {
  const auto endpoint = net::parse_endpoint(text);
  REQUIRE(endpoint);
  return *endpoint;
}

std::string shown(const Result<Credential>& credential, std::string_view to) {
  REQUIRE(credential);
  const auto text = credential->for_service("echo", at(to), "127.0.0.1:7");
  return text ? *text : text.error().code.message();
}

}  // namespace

TEST_CASE("Credential: without any nothing is shown") {
  Home home;
  CHECK(shown(home.credential(), "tls://a:1").empty());
  CHECK(!home.credential()->is_given());
}

TEST_CASE("Credential: what was given goes as it is, and nowhere in clear") {
  Home home;
  home.sign_in(identity::make_token());
  const std::string token = identity::make_token();
  ClientOptions client;
  client.token = token;
  for (const char* to : {"tls://a:1", "wss://a:1", "ws://127.0.0.1:1", "tcp://[::1]:1", "unix:/a"})
    CHECK(shown(home.credential(client), to) == token);
  for (const char* to : {"tcp://192.0.2.1:1", "ws://a.example:1"})
    CHECK(shown(home.credential(client), to) == make_error_code(Errc::refused).message());
}

TEST_CASE("Credential: from a file, one at a time, and only what is one") {
  Home home;
  const std::string token = identity::make_token();
  const std::string path = home.folder / "token";
  REQUIRE(write_file_atomically(path, token + "\r\n", 0600));
  ClientOptions client;
  client.token_file = path;
  CHECK(shown(home.credential(client), "tls://a:1") == token);
  client.token = token;
  CHECK(home.credential(client).error().code == Errc::usage);
  client.token_file.reset();
  client.token = "password";
  const auto refused = home.credential(client);
  REQUIRE(!refused);
  CHECK(refused.error().code == Errc::refused);
  CHECK(refused.error().message().find("password") == std::string::npos);
}

TEST_CASE("Credential: of a stored sign-in a ticket for that service goes, good for a minute") {
  Home home;
  const std::string token = identity::make_token();
  home.sign_in(token);
  const auto ticket = identity::parse_ticket(shown(home.credential(), "wss://a.example:1"));
  REQUIRE(ticket);
  CHECK(ticket->session == identity::session_id_of(token));
  CHECK(ticket->limits.service == "echo");
  CHECK(ticket->limits.audience == "127.0.0.1:7");
  CHECK(ticket->limits.verbs.empty());
  CHECK(ticket->limits.expires_s <= std::time(nullptr) + 60);
  CHECK(ticket->limits.expires_s >= std::time(nullptr) + 50);
  CHECK(shown(home.credential(), "ws://a.example:1").empty());
}

TEST_CASE("Credential: of a stored sign-in nothing goes to a server that cannot be told apart") {
  Home home;
  home.sign_in(identity::make_token());
  const auto credential = home.credential();
  REQUIRE(credential);
  const auto text = credential->for_service("echo", at("wss://a.example:1"), "");
  REQUIRE(text);
  CHECK(text->empty());
  const auto read_only =
      credential->for_service("echo", at("ws://127.0.0.1:7"), "127.0.0.1:7", {"list"});
  REQUIRE(read_only);
  CHECK(identity::parse_ticket(*read_only)->limits.verbs == std::vector<std::string>{"list"});
}

TEST_CASE("complete_auth: plain on this machine, TLS elsewhere, never in clear") {
  const auto completed = [](std::string_view text) {
    const auto auth = cli::complete_auth(at(text));
    return auth ? net::to_text(*auth) : auth.error().code.message();
  };
  CHECK(completed("127.0.0.1") == "tcp://127.0.0.1:9091");
  CHECK(completed("auth.example") == "tls://auth.example:9091");
  CHECK(completed("tls://[::1]:7") == "tls://[::1]:7");
  CHECK(completed("tcp://auth.example") == make_error_code(Errc::refused).message());
  CHECK(completed("ws://127.0.0.1") == make_error_code(Errc::usage).message());
}
