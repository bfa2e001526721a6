// Tests of the records: what is kept comes back after a restart, codes work once, tokens are found
// by their hash only.
#include "commands/shutdown/records.hpp"

#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "support/temporary_folder.hpp"

using namespace netkit;
using namespace netkit::shutdown;
using namespace std::chrono_literals;

using netkit::support::TemporaryFolder;

namespace {

const Time start{1'700'000'000s};

BookSettings settings(OrderId& last) {
  return {.verify = 5s,
          .down_limit = 60s,
          .is_own_address = [](std::string_view) { return false; },
          .new_id = [&last] { return ++last; }};
}

Records open(const TemporaryFolder& folder) {
  Result<Records> records = Records::open(folder.path());
  REQUIRE(records);
  return std::move(*records);
}

Hello hello() {
  Hello hello;
  hello.machine = Id{'A'};
  hello.boot = Id{'1'};
  hello.host = "web1";
  hello.exec = "systemctl poweroff";
  hello.version = "0.1.0";
  hello.hardware_addresses = {{'\x02', 0, 0, 0, 0, '\x01'}};
  hello.ports = {22, 443};
  return hello;
}

}  // namespace

TEST_CASE("Records: hosts and orders come back as they were") {
  const TemporaryFolder folder;
  OrderId last = 0;
  {
    Records records = open(folder);
    Book book{settings(last)};
    book.agent_connected(1, "192.0.2.7", hello(), true, start);
    book.order(key_of(Id{'A'}),
               {.issuer = "anna", .reason = "on battery", .force = true, .expire = 1h, .plan = 9},
               start);
    book.progress(1, {Step::receipt, 1, {}}, start + 1s);
    Changes changes;
    book.take_changes_into(changes);
    REQUIRE(records.keep(book, changes, nullptr));
  }
  Records records = open(folder);
  Book book{settings(last)};
  REQUIRE(records.restore(book, start + 2h));
  const Host* const host = book.find_host(key_of(Id{'A'}));
  REQUIRE(host);
  CHECK(host->name == "web1");
  CHECK(host->boot == Id{'1'});
  CHECK(host->hardware_addresses == hello().hardware_addresses);
  CHECK(host->ports == hello().ports);
  CHECK(host->enrolled);
  const Order* const order = book.order_of(host->key);
  REQUIRE(order);
  CHECK(order->id == 1);
  CHECK(order->state == State::delivered);
  CHECK(order->issuer == "anna");
  CHECK(order->force);
  CHECK(order->plan == 9);
  CHECK(order->boot == Id{'1'});
  CHECK(order->expires == start + 1h);
  CHECK(order->changed == start + 1s);
}

TEST_CASE("Records: the history is newest first and bounded") {
  const TemporaryFolder folder;
  OrderId last = 0;
  Records records = open(folder);
  Book book{settings(last)};
  book.agent_connected(1, "192.0.2.7", hello(), true, start);
  for (int i = 1; i <= 3; ++i) {
    const OrderId id = book.order(key_of(Id{'A'}), {}, start + std::chrono::seconds{i});
    book.progress(1, {Step::refused, id, "no"}, start + std::chrono::seconds{i});
    Changes changes;
    book.take_changes_into(changes);
    REQUIRE(records.keep(book, changes, nullptr));
  }
  const auto orders = records.history(2);
  REQUIRE(orders);
  REQUIRE(orders->size() == 2);
  CHECK((*orders)[0].id == 3);
  CHECK((*orders)[1].id == 2);
}

TEST_CASE("Records: a code is good once and until it expires") {
  const TemporaryFolder folder;
  Records records = open(folder);
  const Credential agent{Right::agent, "web1", Id{'A'}};
  REQUIRE(records.add_code("AAAA-BBBB-CCCC", start + 1h));
  REQUIRE(records.add_code("DDDD-EEEE-FFFF", start + 1h));
  CHECK(records.enrol("AAAA-BBBB-CCCC", agent, start));
  CHECK(records.enrol("AAAA-BBBB-CCCC", agent, start).error().code == Errc::refused);
  CHECK(records.enrol("wrong", agent, start).error().code == Errc::refused);
  CHECK(records.enrol("DDDD-EEEE-FFFF", agent, start + 2h).error().code == Errc::refused);
}

TEST_CASE("Records: enrolling a machine again voids its former token, revoking all of them") {
  const TemporaryFolder folder;
  Records records = open(folder);
  const Credential agent{Right::agent, "web1", Id{'A'}};
  REQUIRE(records.add_code("AAAA-BBBB-CCCC", start + 1h));
  REQUIRE(records.add_code("DDDD-EEEE-FFFF", start + 1h));
  const auto first = records.enrol("AAAA-BBBB-CCCC", agent, start);
  const auto second = records.enrol("DDDD-EEEE-FFFF", agent, start);
  REQUIRE(first);
  REQUIRE(second);
  CHECK_FALSE(*records.find_credential(*first));
  CHECK(*records.find_credential(*second));
  CHECK(*records.revoke("web1") == 1);
  CHECK_FALSE(*records.find_credential(*second));
  CHECK_FALSE(*records.is_enrolled(Id{'A'}));
  CHECK(*records.revoke("nobody") == 0);
}

TEST_CASE("Records: a token is found by whoever has it, and is not in the file") {
  const TemporaryFolder folder;
  Records records = open(folder);
  const std::string token = "nk_0123456789012345678901234567890123456789012";
  REQUIRE(records.add_credential(token, {Right::agent, "web1", Id{'A'}}, start));
  const auto found = records.find_credential(token);
  REQUIRE(found);
  REQUIRE(*found);
  CHECK((*found)->right == Right::agent);
  CHECK((*found)->machine == Id{'A'});
  CHECK_FALSE(*records.find_credential("nk_other"));
  CHECK(*records.is_enrolled(Id{'A'}));
  CHECK_FALSE(*records.is_enrolled(Id{'B'}));
  for (const char* name : {"/shutdown.db", "/shutdown.db-wal"}) {
    std::ifstream file{folder.path() + name, std::ios::binary};
    std::stringstream bytes;
    bytes << file.rdbuf();
    CHECK(bytes.str().find(token) == std::string::npos);
  }
}

TEST_CASE("Records: the names of hosts are read beside a server that runs, and create nothing") {
  const TemporaryFolder folder;
  CHECK(Records::host_names(folder.path()).empty());
  CHECK(!std::filesystem::exists(folder / "shutdown.db"));
  Records records = open(folder);
  OrderId last = 0;
  Book book{settings(last)};
  book.agent_connected(1, "192.0.2.7", hello(), true, start);
  Changes changes;
  book.take_changes_into(changes);
  REQUIRE(records.keep(book, changes, nullptr));
  CHECK(Records::host_names(folder.path()) == std::vector<std::string>{"web1"});
}
