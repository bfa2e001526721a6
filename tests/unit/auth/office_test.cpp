// The office with a real vault, clerk and pool, asked by coroutines on one io_context.
#include "commands/auth/office.hpp"

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <doctest/doctest.h>
#include <latch>

#include "base/hex.hpp"
#include "commands/auth/conversation.hpp"
#include "log/sink.hpp"
#include "unit/auth/vault_values.hpp"

namespace netkit::auth {
namespace {

constexpr const char* password = "correct horse battery staple";

/// Everything a server has, without sockets.
struct Rig {
  test::Opened<test::InSqlite> opened;
  log::MemorySink sink;
  log::Logger log{"auth", sink};
  asio::io_context io{1};
  identity::HashPool hashes{2, 8};
  Clerk clerk{*opened.vault};
  Office office{settings(), clerk, hashes, log};
  Caller caller = local();

  Rig() { REQUIRE(office.open(*opened.vault)); }
  ~Rig() { clerk.stop(); }

  static OfficeSettings settings() {
    OfficeSettings made;
    made.server_name = "test";
    made.hash = identity::floor_parameters;
    return made;
  }
  static Caller local() {
    Caller caller;
    caller.address = "127.0.0.1";
    caller.local = true;
    return caller;
  }
  static Caller remote(std::string address = "192.0.2.1") {
    Caller caller;
    caller.address = std::move(address);
    return caller;
  }

  template <typename T>
  Result<T> await(asio::awaitable<Result<T>> work) {
    Result<T> outcome;
    asio::co_spawn(io, std::move(work), [&](std::exception_ptr thrown, Result<T> done) {
      if (thrown) std::rethrow_exception(thrown);
      outcome = std::move(done);
    });
    io.restart();
    io.run();
    return outcome;
  }

  static Request request(std::string user, std::string secret) {
    Request made;
    made.user = std::move(user);
    made.password = identity::Secret{std::move(secret)};
    return made;
  }
  void enroll(const std::string& user) {
    REQUIRE(await(office.enroll(caller, request(user, password))));
  }
  Result<SignedIn> login(Caller& who, const std::string& user, const std::string& secret) {
    return await(office.login(who, request(user, secret)));
  }
};

TEST_CASE("Office: an unknown user and a wrong password get the same answer") {
  Rig rig;
  rig.enroll("anna");
  const auto wrong = rig.login(rig.caller, "anna", "not the password");
  const auto unknown = rig.login(rig.caller, "otto", "not the password");
  const auto impossible = rig.login(rig.caller, std::string{"a:\x01"}, "x");
  REQUIRE_FALSE(wrong);
  REQUIRE_FALSE(unknown);
  REQUIRE_FALSE(impossible);
  CHECK(wrong.error().message() ==
        "cannot sign in as anna: " + wrong.error().code.message() + " (wrong user or password)");
  CHECK(unknown.error().hint == wrong.error().hint.str());
  CHECK(impossible.error().hint == wrong.error().hint.str());
  CHECK(unknown.error().code == wrong.error().code);
}

TEST_CASE("Office: a user is found however the name is typed, and is shown as registered") {
  Rig rig;
  rig.enroll("Ana");
  const auto signed_in = rig.login(rig.caller, "\xEF\xBC\xA1NA", password);  // Full width.
  REQUIRE(signed_in);
  CHECK(signed_in->user == "Ana");
}

TEST_CASE("Office: a password is refused where others may read it, before anything is looked up") {
  Rig rig;
  rig.enroll("anna");
  Caller exposed = Rig::remote();
  exposed.exposed = true;
  const auto refused = rig.login(exposed, "anna", password);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::refused);
  CHECK(refused.error().attempt == "take a password in clear");
  CHECK(rig.office.index().size() == 0);
}

TEST_CASE("Office: after failures a stranger waits, the known device does not") {
  Rig rig;
  rig.enroll("anna");
  const auto first = rig.login(rig.caller, "anna", password);
  REQUIRE(first);
  Caller stranger = Rig::remote();
  for (int i = 0; i < 9; ++i) {
    // Guesses from many addresses, so that the account alone counts.
    Caller each = Rig::remote("198.51.100." + std::to_string(i));
    CHECK_FALSE(rig.login(each, "anna", "guess number " + std::to_string(i)));
  }
  const auto held = rig.login(stranger, "anna", password);
  REQUIRE_FALSE(held);
  CHECK(held.error().hint.starts_with("too many failures: try again in "));
  Request known = Rig::request("anna", password);
  known.device_key = first->device_key.copy();
  CHECK(rig.await(rig.office.login(stranger, std::move(known))));
}

TEST_CASE("Office: a session that was ended is nobody's, on a connection that had it too") {
  Rig rig;
  rig.enroll("anna");
  Caller other = Rig::local();
  REQUIRE(rig.login(rig.caller, "anna", password));
  REQUIRE(rig.login(other, "anna", password));
  CHECK(rig.await(rig.office.revoke(rig.caller, {}, true))->count == 1);
  CHECK(rig.await(rig.office.whoami(rig.caller)));
  const auto over = rig.await(rig.office.whoami(other));
  REQUIRE_FALSE(over);
  CHECK(over.error().code == Errc::refused);
}

TEST_CASE("Office: a renewed token keeps the expiry of its sign-in") {
  Rig rig;
  rig.enroll("anna");
  const auto first = rig.login(rig.caller, "anna", password);
  REQUIRE(first);
  const auto renewed = rig.await(rig.office.renew(rig.caller));
  REQUIRE(renewed);
  CHECK(renewed->expires == first->expires);
  CHECK(renewed->session != first->session);
  Caller other = Rig::local();
  CHECK_FALSE(rig.await(rig.office.sign_in(other, first->token.copy())));
  CHECK(rig.await(rig.office.sign_in(other, renewed->token.copy())));
}

TEST_CASE("Office: others' sessions are not there for who does not administrate") {
  Rig rig;
  rig.enroll("anna");
  rig.enroll("bert");
  Caller anna = Rig::local();
  const auto hers = rig.login(anna, "anna", password);
  REQUIRE(rig.login(rig.caller, "bert", password));
  const auto gone = rig.await(rig.office.revoke(rig.caller, to_hex(hers->session), false));
  REQUIRE_FALSE(gone);
  CHECK(gone.error().code == Errc::not_found);
  CHECK_FALSE(rig.await(rig.office.sessions(rig.caller, "anna", false)));
  CHECK(rig.await(rig.office.revoke(anna, "bert", false))->count == 1);
}

TEST_CASE("Office: a user may be called what looks like the beginning of a session") {
  Rig rig;
  rig.enroll("anna");
  rig.enroll("deadbeef");
  rig.enroll("bert");
  Caller anna = Rig::local();
  REQUIRE(rig.login(anna, "anna", password));
  REQUIRE(rig.login(rig.caller, "deadbeef", password));
  Caller bert = Rig::local();
  REQUIRE(rig.login(bert, "bert", password));
  const auto not_his = rig.await(rig.office.revoke(bert, "deadbeef", false));
  REQUIRE_FALSE(not_his);
  CHECK(not_his.error().code == Errc::not_found);
  CHECK(rig.await(rig.office.revoke(bert, "deadbee0", false)).error().hint ==
        not_his.error().hint.str());
  CHECK(rig.await(rig.office.revoke(anna, "deadbeef", false))->count == 1);
  CHECK_FALSE(rig.await(rig.office.whoami(rig.caller)));
  const auto nobody = rig.await(rig.office.revoke(anna, "deadbee0", false));
  REQUIRE_FALSE(nobody);
  CHECK(nobody.error().code == Errc::not_found);
}

TEST_CASE("Office: an administrator's own password needs the old one, also by name") {
  Rig rig;
  rig.enroll("anna");
  rig.enroll("bert");
  REQUIRE(rig.login(rig.caller, "anna", password));
  const auto change = [&](const std::string& user, const std::string& old) {
    Request request = Rig::request(user, old);
    request.new_password = identity::Secret{std::string{"stolen for good 9"}};
    return rig.await(rig.office.passwd(rig.caller, std::move(request)));
  };
  CHECK(change("anna", "").error().code == Errc::refused);
  CHECK(change("ANNA", "a guess").error().hint == "the old one is wrong");
  CHECK(change("bert", ""));
  CHECK(change("Anna", password));
}

TEST_CASE("Office: by a ticket nothing lasting is done unless it names that, and none listed") {
  Rig rig;
  rig.enroll("anna");
  rig.enroll("bert");
  const auto signed_in = rig.login(rig.caller, "anna", password);
  REQUIRE(signed_in);
  const auto by_ticket = [&](std::vector<std::string> verbs) {
    identity::TicketLimits limits;
    limits.verbs = std::move(verbs);
    limits.expires_s = rig.office.now() + 60;
    Result<std::string> ticket = identity::make_ticket(signed_in->token.view(), limits);
    REQUIRE(ticket);
    Caller caller = Rig::local();
    const auto in = rig.await(rig.office.sign_in(caller, identity::Secret{std::move(*ticket)}));
    CHECK(in);
    return caller;
  };
  Caller broad = by_ticket({});
  Office& office = rig.office;
  Request fresh = Rig::request("bert", "");
  fresh.new_password = identity::Secret{std::string{"stolen for good 9"}};
  CHECK_FALSE(rig.await(office.passwd(broad, std::move(fresh))));
  Request give = Rig::request("bert", "");
  give.give = {"admin"};
  CHECK_FALSE(rig.await(office.grant(broad, std::move(give))));
  CHECK_FALSE(rig.await(office.invite(broad, std::nullopt)));
  CHECK_FALSE(rig.await(office.import(broad, {})));
  CHECK_FALSE(rig.await(office.export_lines(broad, {})));
  CHECK_FALSE(rig.await(office.remove(broad, "bert")));
  CHECK_FALSE(rig.await(office.revoke(broad, "bert", false)));
  CHECK(rig.await(office.bans(broad, "bert")).error().code == Errc::refused);
  CHECK_FALSE(rig.await(office.sessions(broad, {}, false)));
  CHECK_FALSE(rig.await(office.sessions(broad, {}, true)));
  // What only looks is done, and so is what the ticket was made for.
  CHECK(rig.await(office.users(broad, {}, 10)));
  CHECK(rig.await(office.bans(broad, std::nullopt)));
  Caller inviting = by_ticket({"invite"});
  CHECK(rig.await(office.invite(inviting, std::nullopt)));
  CHECK_FALSE(rig.await(office.remove(inviting, "bert")));
}

TEST_CASE("Office: from elsewhere an account needs an invitation, which is good once") {
  Rig rig;
  rig.enroll("anna");
  Caller elsewhere = Rig::remote();
  CHECK_FALSE(rig.await(rig.office.enroll(elsewhere, Rig::request("bert", password))));
  REQUIRE(rig.login(rig.caller, "anna", password));
  const auto invited = rig.await(rig.office.invite(rig.caller, std::nullopt));
  REQUIRE(invited);
  Request with_code = Rig::request("bert", password);
  with_code.code = invited->code.copy();
  CHECK(rig.await(rig.office.enroll(elsewhere, std::move(with_code))));
  Request again = Rig::request("carl", password);
  again.code = invited->code.copy();
  CHECK_FALSE(rig.await(rig.office.enroll(elsewhere, std::move(again))));
}

TEST_CASE("Office: a backup is the admin socket's alone") {
  Rig rig;
  rig.enroll("anna");
  REQUIRE(rig.login(rig.caller, "anna", password));
  CHECK_FALSE(rig.await(rig.office.backup(rig.caller, rig.opened.kind.folder / "copy")));
  rig.caller.admin_socket = true;
  CHECK(rig.await(rig.office.backup(rig.caller, rig.opened.kind.folder / "copy")));
  CHECK_FALSE(rig.await(rig.office.backup(rig.caller, "relative")));
}

TEST_CASE("Clerk: says busy beyond its bound, and drops what waits when it stops") {
  test::Opened<test::InSqlite> opened;
  Clerk clerk{*opened.vault, 2};
  std::latch begun{1};
  std::latch go_on{1};
  int ran = 0;
  REQUIRE(clerk.submit([&](Vault&) {
    begun.count_down();
    go_on.wait();
    ++ran;
  }));
  begun.wait();
  REQUIRE(clerk.submit([&](Vault&) { ++ran; }));
  REQUIRE(clerk.submit([&](Vault&) { ++ran; }));
  const Status refused = clerk.submit([&](Vault&) { ++ran; });
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::busy);
  std::thread releasing{[&] { go_on.count_down(); }};
  clerk.stop();
  releasing.join();
  CHECK(ran >= 1);
  CHECK(clerk.submit([](Vault&) {}).error().code == Errc::stopped);
}

TEST_CASE("Clerk: what stands back is done while nothing else waits, and one step in 32") {
  test::Opened<test::InSqlite> opened;
  Clerk clerk{*opened.vault, 100};
  std::latch begun{1};
  std::latch go_on{1};
  std::latch ended{1};
  std::string order;
  REQUIRE(clerk.submit([&](Vault&) {
    begun.count_down();
    go_on.wait();
  }));
  begun.wait();
  for (int i = 0; i < 3; ++i)
    REQUIRE(clerk.submit([&](Vault&) { order += 'b'; }, Lane::back));
  for (int i = 0; i < 62; ++i)
    REQUIRE(clerk.submit([&](Vault&) { order += 'f'; }));
  REQUIRE(clerk.submit([&](Vault&) { ended.count_down(); }, Lane::back));
  go_on.count_down();
  ended.wait();
  CHECK(order == std::string(30, 'f') + "b" + std::string(31, 'f') + "b" + "fb");
}

TEST_CASE("InFlight: so many of each key, and a place is free when its permit goes") {
  auto flights = std::make_unique<InFlight>(2);
  InFlight::Permit one = flights->take("a");
  const InFlight::Permit two = flights->take("a");
  REQUIRE(one);
  REQUIRE(two);
  CHECK_FALSE(flights->take("a"));
  CHECK(flights->take("b"));
  const InFlight::Permit copy = one;
  one.reset();
  CHECK_FALSE(flights->take("a"));
  flights.reset();  // The permits outlive it.
}

TEST_CASE("Conversation: requests are answered one after the other, with their streams") {
  Rig rig;
  rig.enroll("anna");
  std::string said;
  const auto talk = std::make_shared<Conversation>(
      rig.office, Rig::local(), rig.io.get_executor(),
      [&](std::uint32_t stream, std::string_view answer) {
        said += std::to_string(stream) +
                (answer.find("\"ok\":true") != std::string_view::npos ? " yes " : " no ");
      });
  const auto hear = [&](std::uint32_t stream, std::string text) {
    return talk->hear(stream, text).operator bool();
  };
  CHECK(hear(1, R"({"id":1,"do":"whoami"})"));
  CHECK(
      hear(2, R"({"id":2,"do":"login","user":"anna","password":"correct horse battery staple"})"));
  CHECK(hear(3, R"({"id":3,"do":"whoami"})"));
  CHECK(hear(4, R"({"id":4,"do":"fly"})"));
  CHECK_FALSE(hear(5, "no JSON"));
  rig.io.restart();
  rig.io.run();
  CHECK(said == "1 no 2 yes 3 yes 4 no ");
}

TEST_CASE("Conversation: only so many requests may wait") {
  Rig rig;
  const auto talk = std::make_shared<Conversation>(rig.office, Rig::local(), rig.io.get_executor(),
                                                   [](std::uint32_t, std::string_view) {});
  int taken = 0;
  std::string text;
  while (talk->hear(0, text = R"({"do":"whoami"})") && taken < 1000)
    ++taken;
  CHECK(taken == 64);
  rig.io.run();
}

TEST_CASE("Conversation: only so many bytes may wait, and none once the connection goes") {
  Rig rig;
  int said = 0;
  const auto talk =
      std::make_shared<Conversation>(rig.office, Rig::local(), rig.io.get_executor(),
                                     [&](std::uint32_t, std::string_view) { ++said; });
  const auto hear = [&] {
    std::string text = R"({"do":"import","lines":[")" + std::string(50'000, 'x') + "\"]}";
    return talk->hear(0, text);
  };
  for (int i = 0; i < 5; ++i)
    REQUIRE(hear());
  const Status refused = hear();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::busy);
  talk->drop();
  rig.io.run();
  CHECK(said == 0);
  REQUIRE(hear());
  rig.io.restart();
  rig.io.run();
  CHECK(said == 1);
}

}  // namespace
}  // namespace netkit::auth
