// Tests of what `netkit top` makes of metrics: readings, rates, the table, objects.
#include "commands/top/view.hpp"

#include <array>
#include <doctest/doctest.h>

using namespace netkit;
using namespace netkit::top;

namespace {

Reading reading(double received, double started_s = 1000) {
  Reading made{.command = "relay", .version = "1.0", .started_s = started_s};
  made.connections = 12;
  made.received = received;
  made.refused = 3;
  made.messages = received / 10;
  return made;
}

}  // namespace

TEST_CASE("read_metrics: takes what it knows and adds refusals up") {
  const auto read = read_metrics(
      "# TYPE netkit_build_info gauge\n"
      "netkit_build_info{version=\"0.1.0\",command=\"echo\"} 1\n"
      "process_start_time_seconds 1700000000.5\n"
      "netkit_draining 1\nnetkit_connections 2\nnetkit_received_bytes_total 300\n"
      "netkit_sent_bytes_total 400\nsomething_else{a=\"b\"} 5\n"
      "netkit_events_total{event=\"refuse\",reason=\"denied\"} 2\n"
      "netkit_events_total{event=\"authz_fail\",reason=\"refused\"} 5\n"
      "netkit_events_total{event=\"connect\",reason=\"\"} 100\n");
  REQUIRE(read);
  CHECK(read->command == "echo");
  CHECK(read->version == "0.1.0");
  CHECK(read->started_s == 1700000000.5);
  CHECK(read->draining);
  CHECK(read->connections == 2);
  CHECK(read->received == 300);
  CHECK(read->sent == 400);
  CHECK(read->refused == 7);
  CHECK_FALSE(read->messages);
}

TEST_CASE("read_metrics: tells other programs and other pages apart, and is driven by none") {
  CHECK(read_metrics("go_threads 7\n").error().code == Errc::mismatch);
  CHECK(read_metrics("").error().code == Errc::mismatch);
  CHECK(read_metrics("<html>").error().code == Errc::malformed);
  const auto read =
      read_metrics("netkit_build_info{command=\"a\x1b[2J" + std::string(100, 'b') + "\"} 1\n");
  REQUIRE(read);
  CHECK(read->command == "a\\x1b[2J" + std::string(27, 'b'));
}

TEST_CASE("take_reading: rates come from two readings of one run of a server") {
  Row row{.endpoint = "e"};
  take_reading(row, reading(100), 0);
  CHECK_FALSE(row.before);
  take_reading(row, reading(600), 2);
  REQUIRE(row.before);
  CHECK(show_object(row, 1060).str() ==
        "{\"endpoint\":\"e\",\"state\":\"serving\",\"service\":\"relay\",\"version\":\"1.0\","
        "\"uptime\":60,\"connections\":12,\"messages_per_second\":25,"
        "\"received_bytes_per_second\":250,\"sent_bytes_per_second\":0,\"refused\":3}");
  take_reading(row, reading(7, 1050), 1);
  CHECK_FALSE(row.before);
  take_reading(row, Error{Errc::timed_out, "connect"}, 1);
  CHECK(show_object(row, 1060).str() ==
        "{\"endpoint\":\"e\",\"state\":\"away\",\"error\":\"cannot connect: timed out\"}");
  take_reading(row, reading(8, 1050), 1);
  CHECK_FALSE(row.before);
  CHECK(row.away.empty());
}

TEST_CASE("table: a line a server, aligned, with why one is away") {
  std::array<Row, 3> rows{Row{.endpoint = "tcp://127.0.0.1:9464"}, Row{.endpoint = "unix:/m"},
                          Row{.endpoint = "tcp://far:1"}};
  take_reading(rows[0], reading(0), 1);
  take_reading(rows[0], reading(2'000'000), 1);
  Reading ending = reading(0, -260'000);
  ending.draining = true;
  ending.messages.reset();
  take_reading(rows[1], ending, 1);
  take_reading(rows[2], Error{Errc::timed_out, "connect"}, 1);
  CHECK(
      table(rows, 1119) ==
      "SERVER  ENDPOINT                UP  CONNECTIONS  MESSAGES/S  IN/S  OUT/S  REFUSED  STATE\n"
      "relay   tcp://127.0.0.1:9464  119s           12        200K  1.9M      0        3  serving\n"
      "relay   unix:/m                 3d           12           -     -      -        3  "
      "draining\n"
      "-       tcp://far:1              -            -           -     -      -        -  away: "
      "cannot connect: timed out\n");
}
