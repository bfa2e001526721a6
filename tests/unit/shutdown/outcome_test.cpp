// Tests of what a wait for orders comes to: when it is over, and which exit code it has.
#include "commands/shutdown/outcome.hpp"

#include <doctest/doctest.h>

#include "base/json.hpp"
#include "cli/exit_code.hpp"

using namespace netkit;
using namespace netkit::shutdown;

namespace {

wire::Json order(int number, const char* state, const char* why = "") {
  const std::string name = std::to_string(number);
  return *wire::Json::parse(JsonObject{}
                                .add("order", name)
                                .add("host", "web" + name)
                                .add("state", state)
                                .add("why", why)
                                .str());
}

/// The exit code after one host for each of these ends.
int exit_of(const std::vector<const char*>& states) {
  Outcome outcome;
  int number = 0;
  for (const char* state : states) {
    outcome.expect(order(++number, "ordered"));
    outcome.note(order(number, state));
  }
  const Status verdict = outcome.verdict();
  return verdict ? 0 : static_cast<int>(cli::exit_code_of(verdict.error()));
}

}  // namespace

TEST_CASE("Outcome: each end has its exit code, and the largest counts") {
  CHECK(exit_of({"down"}) == 0);
  CHECK(exit_of({"cancelled"}) == 1);
  CHECK(exit_of({"expired"}) == 3);
  CHECK(exit_of({"refused"}) == 4);
  CHECK(exit_of({"timeout"}) == 6);
  CHECK(exit_of({"down", "down"}) == 0);
  CHECK(exit_of({"down", "refused", "cancelled"}) == 4);
  CHECK(exit_of({"timeout", "expired"}) == 6);
}

TEST_CASE("Outcome: is over when every order has come to an end") {
  Outcome outcome;
  outcome.expect(order(1, "ordered"));
  outcome.expect(order(2, "ordered"));
  CHECK_FALSE(outcome.is_over());
  outcome.note(order(1, "down"));
  outcome.note(order(2, "going"));
  CHECK_FALSE(outcome.is_over());
  outcome.note(order(2, "refused"));
  CHECK(outcome.is_over());
}

TEST_CASE("Outcome: tells each step once and passes over the orders of others") {
  Outcome outcome;
  outcome.expect(order(1, "ordered"));
  CHECK(outcome.note(order(1, "ordered")));
  CHECK_FALSE(outcome.note(order(1, "ordered")));
  CHECK(outcome.note(order(1, "delivered")));
  CHECK_FALSE(outcome.note(order(2, "delivered")));
}

TEST_CASE("Outcome: names the hosts that did not go, and why") {
  Outcome outcome;
  for (int number = 1; number <= 2; ++number)
    outcome.expect(order(number, "ordered"));
  outcome.note(order(1, "down"));
  outcome.note(order(2, "refused", "backup \x1b[31mruns"));
  const std::string message = outcome.verdict().error().message();
  CHECK(message.find("turn off 1 of 2 hosts") != std::string::npos);
  CHECK(message.find("web2 refused: backup \\x1b[31mruns") != std::string::npos);
  CHECK(message.find("web1") == std::string::npos);
}
