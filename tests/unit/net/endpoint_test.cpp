// Tests of endpoints as people write them: what is read, what is refused, what is printed.
#include "net/endpoint.hpp"

#include <doctest/doctest.h>
#include <string>
#include <vector>

using namespace netkit;
using namespace netkit::net;

namespace {

Endpoint made(std::optional<Scheme> scheme, std::string host, std::optional<std::uint16_t> port,
              std::string path = {}) {
  return {.scheme = scheme, .host = std::move(host), .port = port, .path = std::move(path)};
}

Endpoint with_more(Endpoint endpoint, std::vector<std::string> hosts) {
  endpoint.more_hosts = std::move(hosts);
  return endpoint;
}

struct Good {
  std::string_view text;
  Endpoint endpoint;
  std::string_view printed;
};

std::vector<Good> good() {
  const auto none = std::nullopt;
  return {
      {"host", made(none, "host", none), "host"},
      {"host:80", made(none, "host", 80), "host:80"},
      {"192.0.2.7:0", made(none, "192.0.2.7", 0), "192.0.2.7:0"},
      {"1234", made(none, "1234", none), "1234"},
      {":9090", made(none, "", 9090), ":9090"},
      {"udp://:0", made(Scheme::udp, "", 0), "udp://:0"},
      {"::1", made(none, "::1", none), "[::1]"},
      {"[::1]", made(none, "::1", none), "[::1]"},
      {"[::]:65535", made(none, "::", 65535), "[::]:65535"},
      {"[fe80::1%eth0]:80", made(none, "fe80::1%eth0", 80), "[fe80::1%eth0]:80"},
      {"fe80::1%eth0", made(none, "fe80::1%eth0", none), "[fe80::1%eth0]"},
      {"tcp://[::ffff:192.0.2.1]:1", made(Scheme::tcp, "::ffff:192.0.2.1", 1),
       "tcp://[::ffff:192.0.2.1]:1"},
      {"TLS://Host.Example:443", made(Scheme::tls, "Host.Example", 443), "tls://Host.Example:443"},
      {"ws://h", made(Scheme::ws, "h", none), "ws://h"},
      {"ws://h/", made(Scheme::ws, "h", none, "/"), "ws://h/"},
      {"wss://[::1]:9/chat?a=b://c", made(Scheme::wss, "::1", 9, "/chat?a=b://c"),
       "wss://[::1]:9/chat?a=b://c"},
      {"unix:/run/a b.sock", made(Scheme::unix_, "", none, "/run/a b.sock"), "unix:/run/a b.sock"},
      {"unix:here", made(Scheme::unix_, "", none, "here"), "unix:here"},
      {"unix://here", made(Scheme::unix_, "", none, "here"), "unix:here"},
      {"unix:///run/s", made(Scheme::unix_, "", none, "/run/s"), "unix:/run/s"},
      {"unix:////run/s", made(Scheme::unix_, "", none, "/run/s"), "unix:/run/s"},
      {"unix:s://x", made(Scheme::unix_, "", none, "s://x"), "unix:s://x"},
      {"sctp://h:9", made(Scheme::sctp, "h", 9), "sctp://h:9"},
      {"sctp://a,[::1],[::2]:9", with_more(made(Scheme::sctp, "a", 9), {"::1", "::2"}),
       "sctp://a,[::1],[::2]:9"},
  };
}

}  // namespace

TEST_CASE("parse_endpoint: reads every form of the interface, and to_text prints one it reads") {
  for (const Good& each : good()) {
    CAPTURE(each.text);
    const auto parsed = parse_endpoint(each.text);
    REQUIRE(parsed);
    CHECK(*parsed == each.endpoint);
    CHECK(to_text(*parsed) == each.printed);
    const auto again = parse_endpoint(to_text(*parsed));
    REQUIRE(again);
    CHECK(*again == each.endpoint);
  }
}

TEST_CASE("parse_endpoint: refuses what is no endpoint") {
  const std::string_view bad[] = {"",
                                  ":",
                                  "host:",
                                  "host:65536",
                                  "host:-1",
                                  "host:+1",
                                  "host: 80",
                                  "host:80 ",
                                  "host:80x",
                                  "host:0x50",
                                  "[::1",
                                  "[::1]80",
                                  "[]:80",
                                  "[host]:80",
                                  "[::1]:",
                                  "[127.0.0.1]:80",
                                  "a:b:80",
                                  "::1:80:x",
                                  "tcp://",
                                  "tcp:///",
                                  "tcp://h/p",
                                  "http://h",
                                  "://h",
                                  "unix:",
                                  "unix://",
                                  "ws:///p",
                                  "ws://h/a b",
                                  "ws://h/a\nb",
                                  "user@host",
                                  "host?x",
                                  "a b",
                                  "a\tb",
                                  "host#1",
                                  "a\\b",
                                  "\x7f",
                                  "[::1%]x]:1",
                                  "sctp://a,",
                                  "sctp://,a",
                                  "sctp://a:1,b",
                                  "sctp://a,,b:1",
                                  "sctp://a,b/c",
                                  "sctp://a,b,c,d,e,f,g,h,i:1",
                                  "//h",
                                  "h/p",
                                  "ws://",
                                  "fe80::1%e:80",
                                  "99999999999:"};
  for (const std::string_view text : bad) {
    CAPTURE(text);
    const auto parsed = parse_endpoint(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == Errc::usage);
    CHECK(parsed.error().hint.find("write [SCHEME://]HOST[:PORT]") != std::string::npos);
  }
  const std::string_view with_nul{"unix:a\0b", 8};
  CHECK_FALSE(parse_endpoint(with_nul));
  CHECK_FALSE(parse_endpoint(std::string_view{"h\0t", 3}));
}

TEST_CASE("parse_endpoint: a host has at most 253 bytes and a socket's path at most 107") {
  CHECK(parse_endpoint(std::string(253, 'h')));
  CHECK_FALSE(parse_endpoint(std::string(254, 'h')));
  CHECK(parse_endpoint("unix:" + std::string(107, 'p')));
  CHECK_FALSE(parse_endpoint("unix:" + std::string(108, 'p')));
}

TEST_CASE("parse_endpoint: says what is wrong, and escapes what it shows") {
  CHECK(parse_endpoint("tpc://h").error().message() ==
        "cannot read 'tpc://h' as an endpoint: unknown scheme 'tpc', did you mean "
        "'tcp'; write [SCHEME://]HOST[:PORT], :PORT, [V6]:PORT or unix:PATH");
  CHECK(parse_endpoint("fe80::1:80:zz")
            .error()
            .hint.starts_with("an IPv6 address with a port needs brackets"));
  CHECK(parse_endpoint("a\x1b[2J").error().message().find('\x1b') == std::string::npos);
}

TEST_CASE("scheme_names: are those that parse_endpoint takes") {
  CHECK(std::vector<std::string_view>{scheme_names().begin(), scheme_names().end()} ==
        std::vector<std::string_view>{"tcp", "tls", "udp", "sctp", "ws", "wss", "unix"});
  CHECK(to_text(Scheme::unix_) == "unix");
  CHECK(to_text(Scheme::tcp) == "tcp");
}

TEST_CASE("complete: fills what is missing and nothing else") {
  CHECK(complete(made({}, "", {}), Scheme::tcp, "127.0.0.1", 9090) ==
        made(Scheme::tcp, "127.0.0.1", 9090));
  CHECK(complete(made(Scheme::ws, "h", 0, "/p"), Scheme::tcp, "x", 1) ==
        made(Scheme::ws, "h", 0, "/p"));
  CHECK(complete(made(Scheme::unix_, "", {}, "/s"), Scheme::tcp, "x", 1) ==
        made(Scheme::unix_, "", {}, "/s"));
}

TEST_CASE("is_loopback: knows addresses, names and sockets that stay on this machine") {
  for (const std::string_view text : {"127.0.0.1", "127.255.255.255", "::1", "localhost",
                                      "LOCALHOST", "a.localhost", "unix:/s", "tls://127.1.2.3:1"})
    CHECK_MESSAGE(is_loopback(*parse_endpoint(text)), text);
  for (const std::string_view text :
       {"128.0.0.1", "126.255.255.255", "::", "::2", "localhost.example", "notlocalhost",
        "127.0.0.1.example", ":80", "0.0.0.0"})
    CHECK_FALSE_MESSAGE(is_loopback(*parse_endpoint(text)), text);
}
