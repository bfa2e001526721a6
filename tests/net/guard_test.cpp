// A guard and an auth service that changes its mind, falls silent, goes and comes back: who is let
// in, who has to go, and how soon.
#include "access/guard.hpp"

#include <ctime>
#include <future>

#include "fake_auth.hpp"
#include "identity/ticket.hpp"
#include "identity/token.hpp"

using namespace netkit;
using namespace netkit::net::tests;
using namespace std::chrono_literals;
using access::Who;
using access::Wish;

namespace {

using Clock = std::chrono::steady_clock;

std::error_code refusal(const Result<Who>& who) {
  return who ? std::error_code{} : who.error().code;
}

/// A ticket for an hour, narrowed further by `narrow`.
template <typename Narrow>
std::string ticket_of(const std::string& token, Narrow narrow) {
  identity::TicketLimits limits;
  limits.expires_s = std::time(nullptr) + 3600;
  narrow(limits);
  const auto made = identity::make_ticket(token, limits);
  REQUIRE(made);
  return *made;
}
std::string ticket_of(const std::string& token) {
  return ticket_of(token, [](auto&) {});
}

}  // namespace

TEST_CASE("Guard: asks once about a token, then knows it") {
  FakeAuth auth;
  GuardedThread guard{auth};
  const std::string token = auth.sign_in("anna", {"shutdown:order"});
  CHECK(!guard->check(token, wish()));
  const auto who = guard.ask(token, wish("shutdown:order"));
  REQUIRE(who);
  CHECK(who->user() == "anna");
  CHECK(who->may("shutdown:order"));
  CHECK(!who->may("shutdown:read"));
  const auto known = guard->check(token, wish());
  REQUIRE(known);
  CHECK(*known);
  CHECK(refusal(*guard->check(token, wish("relay:link"))) == Errc::refused);
  CHECK(refusal(guard.ask(token, wish("relay:link"))) == Errc::refused);
  CHECK(auth.asked(access::frame_type::check) == 1);
}

TEST_CASE("Guard: strangers are refused, and asked about once a second") {
  FakeAuth auth;
  GuardedThread guard{auth};
  CHECK(refusal(guard.ask("secret")) == Errc::refused);
  CHECK(refusal(guard.ask("nkt_nonsense")) == Errc::refused);
  CHECK(auth.asked(access::frame_type::check) == 0);
  const std::string token = identity::make_token();
  for (int i = 0; i < 100; ++i)
    CHECK(refusal(guard.ask(token)) == Errc::refused);
  CHECK(auth.asked(access::frame_type::check) < 10);
}

TEST_CASE("Guard: a coroutine of another thread is admitted") {
  FakeAuth auth;
  GuardedThread guard{auth};
  const std::string token = auth.sign_in("anna", {});
  const auto who = run(guard->admit(token, wish()));
  REQUIRE(who);
  CHECK(who->user() == "anna");
  CHECK(run(guard->admit(token, wish())));
  CHECK(!run(guard->admit(identity::make_token(), wish())));
}

TEST_CASE("Guard: a revoked token is refused, and who is there has to go, within a second") {
  FakeAuth auth;
  GuardedThread guard{auth};
  const std::string token = auth.sign_in("anna", {});
  const auto who = guard.ask(token);
  REQUIRE(who);
  std::promise<Clock::time_point> told;
  const auto watch = guard->watch(*who, {}, [&] { told.set_value(Clock::now()); });
  const auto revoked = Clock::now();
  auth.revoke(token);
  auto future = told.get_future();
  REQUIRE(future.wait_for(hang_limit) == std::future_status::ready);
  CHECK(future.get() - revoked < 1s);
  CHECK(refusal(guard.ask(token)) == Errc::refused);
}

TEST_CASE("Guard: who loses the scope has to go, who keeps it stays") {
  FakeAuth auth;
  GuardedThread guard{auth};
  const std::string token = auth.sign_in("anna", {"shutdown"});
  const auto who = guard.ask(token, wish("shutdown:read"));
  REQUIRE(who);
  std::atomic<int> orders{0}, reads{0};
  const auto watch_order = guard->watch(*who, "shutdown:order", [&] { ++orders; });
  const auto watch_read = guard->watch(*who, "shutdown:read", [&] { ++reads; });
  CHECK(guard->may(*who, wish("shutdown:order")));
  auth.rescope(token, {"shutdown:read"});
  CHECK(becomes_true([&] { return orders == 1; }));
  CHECK(becomes_true([&] { return !guard->may(*who, wish("shutdown:order")); }));
  CHECK(guard->may(*who, wish("shutdown:read")));
  CHECK(reads == 0);
}

TEST_CASE("Guard: what changed before it was watched is noticed") {
  FakeAuth auth;
  GuardedThread guard{auth};
  const std::string token = auth.sign_in("anna", {});
  const auto who = guard.ask(token);
  REQUIRE(who);
  auth.revoke(token);
  CHECK(becomes_true([&] { return !guard.ask(token); }));
  std::atomic<bool> told = false;
  const auto watch = guard->watch(*who, {}, [&] { told = true; });
  CHECK(becomes_true([&] { return told.load(); }));
}

TEST_CASE("Guard: known tokens live on while the auth service is away, new ones are refused") {
  FakeAuth auth;
  GuardedThread guard{auth};
  const std::string known = auth.sign_in("anna", {});
  const std::string fresh = auth.sign_in("bert", {});
  REQUIRE(guard.ask(known));
  auth.go();
  CHECK(guard.logged("state=away"));
  CHECK(guard.ask(known));
  CHECK(refusal(guard.ask(fresh)) == Errc::busy);
  auth.come();
  CHECK(becomes_true([&] { return static_cast<bool>(guard.ask(fresh)); }));
  CHECK(guard.ask(known));
}

TEST_CASE("Guard: what was revoked while it could not be told ends when it is asked again") {
  FakeAuth auth;
  GuardedThread guard{auth};
  const std::string ended = auth.sign_in("anna", {});
  const std::string stays = auth.sign_in("bert", {});
  const auto anna = guard.ask(ended);
  const auto bert = guard.ask(stays);
  REQUIRE(anna);
  REQUIRE(bert);
  std::atomic<int> gone{0}, kept{0};
  const auto watch_anna = guard->watch(*anna, {}, [&] { ++gone; });
  const auto watch_bert = guard->watch(*bert, {}, [&] { ++kept; });
  auth.go();
  auth.revoke(ended);
  auth.come();
  CHECK(becomes_true([&] { return gone == 1; }));
  CHECK(refusal(guard.ask(ended)) == Errc::refused);
  CHECK(guard.ask(stays));
  CHECK(kept == 0);
}

TEST_CASE("Guard: after the grace everybody has to go") {
  FakeAuth auth;
  GuardedThread guard{auth, 1s};
  const std::string token = auth.sign_in("anna", {});
  const auto who = guard.ask(token);
  REQUIRE(who);
  std::promise<void> told;
  const auto watch = guard->watch(*who, {}, [&] { told.set_value(); });
  auth.go();
  CHECK(told.get_future().wait_for(hang_limit) == std::future_status::ready);
  CHECK(refusal(guard.ask(token)) == Errc::busy);
}

TEST_CASE("Guard: an auth service that says nothing any more is as good as gone") {
  FakeAuth auth;
  GuardedThread guard{auth};
  const std::string known = auth.sign_in("anna", {});
  REQUIRE(guard.ask(known));
  auth.fall_silent(true);
  CHECK(guard.logged("state=away"));
  CHECK(guard.ask(known));
}

TEST_CASE("Guard: an unanswered question ends") {
  FakeAuth auth;
  GuardedThread guard{auth};
  REQUIRE(guard.ask(auth.sign_in("anna", {})));
  auth.fall_silent();
  CHECK(refusal(guard.ask(auth.sign_in("bert", {}))) == Errc::busy);
}

TEST_CASE("Guard: one that was never reached says so soon") {
  FakeAuth auth;
  auth.go();
  GuardedThread guard{auth};
  CHECK(refusal(guard.ask(identity::make_token())) == Errc::busy);
  auth.come();
  const std::string token = auth.sign_in("anna", {});
  CHECK(becomes_true([&] { return static_cast<bool>(guard.ask(token)); }));
}

TEST_CASE("Guard: tickets narrow what their holder may") {
  FakeAuth auth;
  GuardedThread guard{auth};
  const std::string token = auth.sign_in("anna", {"shutdown"});
  const auto may = [&](auto narrow, const Wish& wanted) {
    return static_cast<bool>(guard.ask(ticket_of(token, narrow), wanted));
  };
  CHECK(may([](auto&) {}, wish("shutdown:order")));
  CHECK(may([](auto& t) { t.service = "testing"; }, wish("shutdown:order")));
  CHECK(!may([](auto& t) { t.service = "echo"; }, wish("shutdown:order")));
  CHECK(may([](auto& t) { t.scopes = {"shutdown:read"}; }, wish("shutdown:read")));
  CHECK(!may([](auto& t) { t.scopes = {"shutdown:read"}; }, wish("shutdown:order")));
  CHECK(!may([](auto& t) { t.scopes = {"admin"}; },
             wish("relay:link")));  // Nobody gives more than he has.
  CHECK(may([](auto& t) { t.verbs = {"order"}; }, wish("shutdown:order", "order")));
  CHECK(!may([](auto& t) { t.verbs = {"order"}; }, wish("shutdown:order", "enrol")));
  CHECK(may([](auto& t) { t.path = "/web1"; }, wish("shutdown:order", "order", "/web1")));
  CHECK(!may([](auto& t) { t.path = "/web1"; }, wish("shutdown:order", "order", "/web10")));
  CHECK(may([](auto& t) { t.network = "192.0.2.0/24"; }, wish()));
  CHECK(!may([](auto& t) { t.network = "198.51.100.0/24"; }, wish()));
  CHECK(!may([](auto& t) { t.expires_s = std::time(nullptr) - 1; }, wish()));
  CHECK(!may([](auto& t) { t.not_before_s = std::time(nullptr) + 60; }, wish()));
  CHECK(auth.asked(access::frame_type::check_ticket) >= 1);
}

TEST_CASE("Guard: a ticket for later requests is held to its limits at each") {
  FakeAuth auth;
  GuardedThread guard{auth};
  const std::string token = auth.sign_in("anna", {"shutdown"});
  const std::string ticket = ticket_of(token, [](auto& t) {
    t.scopes = {"shutdown:order"};
    t.path = "/web1";
    t.verbs = {"order"};
    t.uses = 1;
  });
  Wish signing_in = wish();
  signing_in.later = true;
  const auto who = guard.ask(ticket, signing_in);
  REQUIRE(who);
  CHECK(guard->may(*who, wish("shutdown:order", "order", "/web1")));
  CHECK(!guard->may(*who, wish("shutdown:order", "order", "/web2")));
  CHECK(!guard->may(*who, wish("shutdown:order", "cancel", "/web1")));
  CHECK(!guard->may(*who, wish("shutdown:read", "list")));
  CHECK(refusal(guard.ask(ticket, signing_in)) == Errc::refused);  // Its one use.
  CHECK(auth.asked(access::frame_type::spend) == 2);
}

TEST_CASE("Guard: a ticket for one server is good there alone") {
  FakeAuth auth;
  GuardedThread guard{auth};
  const std::string token = auth.sign_in("anna", {});
  const std::string ticket = ticket_of(token, [](auto& t) { t.audience = "127.0.0.1:9007"; });
  Wish here = wish();
  CHECK(refusal(guard.ask(ticket, here)) == Errc::refused);
  here.audience = "127.0.0.1:9008";
  CHECK(refusal(guard.ask(ticket, here)) == Errc::refused);
  here.audience = "127.0.0.1:9007";
  const auto who = guard.ask(ticket, here);
  REQUIRE(who);
  CHECK(guard->may(*who, here));
  CHECK(!guard->may(*who, wish()));
}

TEST_CASE("Guard: no use is counted of a ticket that is not good here") {
  FakeAuth auth;
  GuardedThread guard{auth};
  const std::string token = auth.sign_in("anna", {});
  const auto refused = [&](auto narrow) {
    const std::string ticket = ticket_of(token, [&](auto& t) {
      t.uses = 1;
      narrow(t);
    });
    return refusal(guard.ask(ticket)) == Errc::refused;
  };
  const std::int64_t now = std::time(nullptr);
  CHECK(refused([](auto& t) { t.service = "echo"; }));
  CHECK(refused([](auto& t) { t.network = "198.51.100.0/24"; }));
  CHECK(refused([](auto& t) { t.audience = "127.0.0.1:9007"; }));
  CHECK(refused([&](auto& t) { t.not_before_s = now + 60; }));
  CHECK(refused([&](auto& t) { t.expires_s = now - 1; }));
  CHECK(refused([](auto& t) { t.verbs = {"get"}; }));
  CHECK(refused([](auto& t) { t.path = "/a"; }));
  CHECK(refused([](auto& t) { t.scopes = {"a"}; }));
  CHECK(auth.asked(access::frame_type::spend) == 0);
}

TEST_CASE("Guard: a forged ticket harms neither its holder's tickets nor the count of uses") {
  FakeAuth auth;
  GuardedThread guard{auth};
  const std::string token = auth.sign_in("anna", {});
  const std::string ticket = ticket_of(token);
  std::string forged = ticket_of(token, [](auto& t) { t.service = "testing"; });
  forged.back() = forged.back() == 'A' ? 'Q' : 'A';
  CHECK(!guard.ask(forged));
  REQUIRE(guard.ask(ticket));
  CHECK(!guard.ask(forged));
  CHECK(guard.ask(ticket));
  CHECK(guard.ask(ticket_of(token)));
}

TEST_CASE("Guard: whose ticket has run out while connected stays until the session ends") {
  FakeAuth auth;
  GuardedThread guard{auth};
  const std::string token = auth.sign_in("anna", {});
  const auto who = guard.ask(ticket_of(token, [](auto& t) { t.uses = 1; }));
  REQUIRE(who);
  std::atomic<int> told{0};
  const auto watch = guard->watch(*who, {}, [&] { ++told; });
  auth.go();
  auth.come();
  CHECK(becomes_true([&] { return auth.asked(access::frame_type::check_again) > 0; }));
  CHECK(told == 0);
  auth.revoke(token);
  CHECK(becomes_true([&] { return told == 1; }));
}

TEST_CASE("Guard: many ask at a time, from several threads") {
  FakeAuth auth;
  GuardedThread guard{auth};
  std::vector<std::string> tokens;
  for (int i = 0; i < 50; ++i)
    tokens.push_back(auth.sign_in("user" + std::to_string(i), {}));
  std::atomic<int> admitted{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 3; ++t)
      threads.emplace_back([&] {
        for (int i = 0; i < 500; ++i)
          if (run(guard->admit(tokens[static_cast<std::size_t>(i) % 50], wish()))) ++admitted;
      });
  }
  CHECK(admitted == 1500);
  CHECK(auth.asked(access::frame_type::check) <= 150);
}
