// Tests of the operators' requests and answers: what is read, what is refused, what is shown.
#include "commands/shutdown/operator_protocol.hpp"

#include <doctest/doctest.h>

using namespace netkit;
using namespace netkit::shutdown;
using namespace std::chrono_literals;

namespace {

Result<OperatorRequest> read(std::string_view text) {
  const Result<wire::Json> message = wire::Json::parse(text);
  REQUIRE(message);
  return read_request(*message);
}

/// The member that a request is refused for.
std::string refused(std::string_view text) {
  const Result<OperatorRequest> request = read(text);
  return request ? "taken" : request.error().attempt.str();
}

}  // namespace

TEST_CASE("read_request: every member of an order") {
  const auto request =
      read(R"({"id":7,"do":"order","hosts":["web1","192.0.2.7"],"all_matching":true,"delay":1.5,)"
           R"("expire":3600,"reason":"on battery","force":true})");
  REQUIRE(request);
  CHECK(request->id == 7);
  CHECK(request->ask == Ask::order);
  CHECK(request->hosts == std::vector<std::string>{"web1", "192.0.2.7"});
  CHECK(request->all_matching);
  CHECK_FALSE(request->all);
  CHECK(request->delay == 1500ms);
  CHECK(request->expire == 1h);
  CHECK(request->reason == "on battery");
  CHECK(request->force);
}

TEST_CASE("read_request: refuses what is not of its kind, by name") {
  CHECK(refused(R"([])") == "read the request");
  CHECK(refused(R"({"do":"list"})") == "read \"id\" of the request");
  CHECK(refused(R"({"id":1})") == "read \"do\" of the request");
  CHECK(refused(R"({"id":1,"do":"explode"})") == "read \"do\" of the request");
  CHECK(refused(R"({"id":1,"do":"order","hosts":"web1"})") == "read \"hosts\" of the request");
  CHECK(refused(R"({"id":1,"do":"order","hosts":[1]})") == "read \"hosts\" of the request");
  CHECK(refused(R"({"id":1,"do":"order","hosts":[""]})") == "read \"hosts\" of the request");
  CHECK(refused(R"({"id":1,"do":"order","delay":-1})") == "read \"delay\" of the request");
  CHECK(refused(R"({"id":1,"do":"order","expire":1e300})") == "read \"expire\" of the request");
  CHECK(refused(R"({"id":1,"do":"order","force":"yes"})") == "read \"force\" of the request");
  CHECK(refused(R"({"id":1,"do":"history","limit":-1})") == "read \"limit\" of the request");
  CHECK(refused(R"({"id":1,"do":"list"})") == "taken");
}

TEST_CASE("show: a host's own words stay inside their strings") {
  Host host;
  host.key = key_of(Id{'A'});
  host.name = "web1\",\"x\":\"\n";
  Order order;
  order.id = 255;
  order.why = "it said \"no\"";
  const auto shown = wire::Json::parse(show(order, host));
  REQUIRE(shown);
  CHECK(shown->string("order") == "00000000000000ff");
  CHECK(shown->string("host") == host.name);
  CHECK(shown->string("why") == order.why);
  CHECK(shown->find("expires")->is_null());
}

TEST_CASE("show: a host's own words are cut between characters") {
  Host host;
  host.key = key_of(Id{'A'});
  host.exec = std::string(199, 'x') + "\xe2\x82\xac";
  OrderId last = 0;
  const Book book{{.verify = {},
                   .down_limit = {},
                   .is_own_address = [](std::string_view) { return false; },
                   .new_id = [&last] { return ++last; }}};
  const auto shown = wire::Json::parse(show(host, book));
  REQUIRE(shown);
  CHECK(shown->string("exec") == std::string(199, 'x'));
}
