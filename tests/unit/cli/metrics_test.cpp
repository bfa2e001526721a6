// Tests of the page /metrics, of who is answered what there, and of where it is.
#include "cli/metrics.hpp"

#include <doctest/doctest.h>

#include "cli/metrics_door.hpp"

using namespace netkit;
using namespace netkit::cli;
using namespace std::chrono_literals;

namespace {

std::string place(std::string_view text) {
  const auto given = net::parse_endpoint(text);
  REQUIRE(given);
  const auto whole = metrics_place(*given);
  return whole ? net::to_text(*whole) : "refused";
}

std::string answer(std::string text, bool draining = false) {
  text += " HTTP/1.1\r\nHost: a\r\n\r\n";
  const auto request = wire::HttpRequestDecoder{}.next(text);
  REQUIRE((request && request->message));
  std::string out;
  answer_scrape(*request->message,
                {.metrics = [] { return std::string{"x 1\n"}; },
                 .draining = [&] { return draining; },
                 .admits = {}},
                out);
  return out;
}

constexpr std::string_view headers =
    "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
    "Cache-Control: no-store\r\n";

}  // namespace

TEST_CASE("metrics_page: all that is known of a server, and what it adds itself") {
  log::EventCounts events;
  const log::Field ended[] = {{"reason", "closed"}, {"duration", 1500ms}};
  events.add({.time = {}, .service = {}, .name = "disconnect", .fields = ended});
  const std::string page =
      metrics_page({.command = "echo",
                    .started_s = 1'700'000'000.5,
                    .draining = true,
                    .active = 2,
                    .accepted = 3,
                    .received = 10'000'000'000,
                    .sent = 5},
                   events, [](Gauges& gauges) { gauges.add("messages_total", "Messages.", 7); });
  CHECK(page ==
        "# HELP netkit_build_info Which server this is, always 1.\n"
        "# TYPE netkit_build_info gauge\n"
        "netkit_build_info{version=\"" NETKIT_VERSION
        "\",command=\"echo\"} 1\n"
        "# HELP process_start_time_seconds When the server was started, since 1970.\n"
        "# TYPE process_start_time_seconds gauge\n"
        "process_start_time_seconds 1700000000.5\n"
        "# HELP netkit_draining Whether the server takes nobody new and ends soon.\n"
        "# TYPE netkit_draining gauge\n"
        "netkit_draining 1\n"
        "# HELP netkit_connections Connections that are open.\n"
        "# TYPE netkit_connections gauge\n"
        "netkit_connections 2\n"
        "# HELP netkit_connections_accepted_total Connections that were taken.\n"
        "# TYPE netkit_connections_accepted_total counter\n"
        "netkit_connections_accepted_total 3\n"
        "# HELP netkit_received_bytes_total Bytes that came over connections, without those of "
        "TLS.\n"
        "# TYPE netkit_received_bytes_total counter\n"
        "netkit_received_bytes_total 10000000000\n"
        "# HELP netkit_sent_bytes_total Bytes that went over connections, without those of TLS.\n"
        "# TYPE netkit_sent_bytes_total counter\n"
        "netkit_sent_bytes_total 5\n"
        "# HELP netkit_events_total What happened, as the log names it, and why, in a word.\n"
        "# TYPE netkit_events_total counter\n"
        "netkit_events_total{event=\"disconnect\",reason=\"closed\"} 1\n"
        "# HELP netkit_connection_duration_seconds How long connections lasted that have ended.\n"
        "# TYPE netkit_connection_duration_seconds histogram\n"
        "netkit_connection_duration_seconds_bucket{le=\"0.001\"} 0\n"
        "netkit_connection_duration_seconds_bucket{le=\"0.01\"} 0\n"
        "netkit_connection_duration_seconds_bucket{le=\"0.1\"} 0\n"
        "netkit_connection_duration_seconds_bucket{le=\"1\"} 0\n"
        "netkit_connection_duration_seconds_bucket{le=\"10\"} 1\n"
        "netkit_connection_duration_seconds_bucket{le=\"60\"} 1\n"
        "netkit_connection_duration_seconds_bucket{le=\"600\"} 1\n"
        "netkit_connection_duration_seconds_bucket{le=\"3600\"} 1\n"
        "netkit_connection_duration_seconds_bucket{le=\"+Inf\"} 1\n"
        "netkit_connection_duration_seconds_sum 1.5\n"
        "netkit_connection_duration_seconds_count 1\n"
        "# HELP netkit_messages_total Messages.\n"
        "# TYPE netkit_messages_total counter\n"
        "netkit_messages_total 7\n");
}

TEST_CASE("answer_scrape: GET and HEAD of two pages, and refusals for the rest") {
  const std::string end = "Connection: close\r\n\r\n";
  CHECK(answer("GET /metrics") ==
        "HTTP/1.1 200 OK\r\n" + std::string{headers} + "Content-Length: 4\r\n" + end + "x 1\n");
  CHECK(answer("HEAD /metrics?x=1") ==
        "HTTP/1.1 200 OK\r\n" + std::string{headers} + "Content-Length: 4\r\n" + end);
  CHECK(answer("GET /healthz") ==
        "HTTP/1.1 200 OK\r\n" + std::string{headers} + "Content-Length: 3\r\n" + end + "ok\n");
  CHECK(answer("GET /healthz", true) == "HTTP/1.1 503 Service Unavailable\r\n" +
                                            std::string{headers} + "Content-Length: 9\r\n" + end +
                                            "draining\n");
  CHECK(answer("GET /").starts_with("HTTP/1.1 404 Not Found\r\n"));
  CHECK(answer("GET /metrics/").starts_with("HTTP/1.1 404 "));
  const std::string post = answer("POST /metrics");
  CHECK(post.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"));
  CHECK(post.find("\r\nAllow: GET, HEAD\r\n") != std::string::npos);
}

TEST_CASE("metrics_place: on this machine, by a port alone, and nowhere but tcp and unix") {
  CHECK(place("9100") == "tcp://127.0.0.1:9100");
  CHECK(place(":9100") == "tcp://127.0.0.1:9100");
  CHECK(place("web1") == "tcp://web1:9464");
  CHECK(place("[::]:0") == "tcp://[::]:0");
  CHECK(place("unix:/run/x") == "unix:/run/x");
  CHECK(place("tls://web1:1") == "refused");
  CHECK(place("udp://:1") == "refused");
}
