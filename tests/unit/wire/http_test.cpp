// The HTTP head parsers: what is read, and the shapes by which requests are smuggled past a program
// that reads them otherwise.
#include "wire/http.hpp"

#include <doctest/doctest.h>

#include "tests/support/feed.hpp"

using namespace netkit;
using namespace std::literals;
using wire::HttpRequest;
using wire::HttpRequestDecoder;
using wire::HttpResponse;
using wire::HttpResponseDecoder;

namespace {

std::string show(const HttpRequest& request) {
  std::string text{request.method};
  text.append(" ")
      .append(request.target)
      .append(" 1.")
      .append(std::to_string(request.minor_version));
  for (const wire::HttpField& field : request.fields)
    text.append("|").append(field.name).append("=").append(field.value);
  if (request.body.content_length)
    text.append("|length ").append(std::to_string(*request.body.content_length));
  return request.body.chunked ? text + "|chunked" : text;
}

std::string show_response(const HttpResponse& response) {
  return std::to_string(response.status) + " [" + std::string{response.reason} + "] " +
         std::to_string(response.fields.size());
}

tests::Fed feed(std::string_view bytes) {
  return tests::feed_every_way(HttpRequestDecoder{}, bytes, 1, show);
}

/// The status that answers the head "GET / HTTP/1.1, Host: a, `fields`"; 200 if it is accepted.
int status_with(std::string_view fields, std::string_view first = "GET / HTTP/1.1\r\nHost: a\r\n") {
  const tests::Fed fed = feed(std::string{first}.append(fields).append("\r\n"));
  if (fed.error) return wire::http_status(fed.error);
  return fed.messages.size() == 1 ? 200 : 0;
}

int status_of_line(std::string_view line) {
  return status_with("Host: a\r\n", std::string{line} + "\r\n");
}

}  // namespace

TEST_CASE("HttpRequestDecoder: reads heads in pieces of every size, body bytes left alone") {
  const std::string_view stream =
      "GET /chat?room=1 HTTP/1.1\r\nHost: example.org:8765\r\nX-Empty:\r\nx-Spaced: \t a b\t "
      "\r\n\r\n"
      "\r\nPOST / HTTP/1.0\r\nContent-Length: 0\r\n\r\nrest";
  for (std::size_t size = 1; size <= stream.size(); ++size) {
    const tests::Fed fed = tests::feed(HttpRequestDecoder{}, stream, size, show);
    CHECK(!fed.error);
    CHECK(fed.left == "rest");
    CHECK(fed.messages == std::vector<std::string>{
                              "GET /chat?room=1 1.1|Host=example.org:8765|X-Empty=|x-Spaced=a b",
                              "POST / 1.0|Content-Length=0|length 0"});
  }
}

TEST_CASE("HttpRequestDecoder: asks for more at every offset of a cut-off head") {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n\r\n";
  for (std::size_t size = 0; size < head.size(); ++size) {
    const tests::Fed fed = feed(head.substr(0, size));
    CHECK(!fed.error);
    CHECK(fed.messages.empty());
  }
}

TEST_CASE("HttpRequestDecoder: request lines") {
  CHECK(status_of_line("GET / HTTP/1.1") == 200);
  CHECK(status_of_line("M-SEARCH /%20?a=b&c[]={} HTTP/1.1") == 200);
  CHECK(status_of_line("OPTIONS * HTTP/1.1") == 200);
  CHECK(status_of_line("GET http://a/x HTTP/1.1") == 200);
  for (const std::string_view line : {"GET  / HTTP/1.1",
                                      " GET / HTTP/1.1",
                                      "GET / HTTP/1.1 ",
                                      "GET /  HTTP/1.1",
                                      "GET /",
                                      "GET",
                                      "GET HTTP/1.1",
                                      "GET\t/\tHTTP/1.1",
                                      "G(T / HTTP/1.1",
                                      "GET * HTTP/1.1",
                                      "GET a HTTP/1.1",
                                      "GET /a b HTTP/1.1",
                                      "GET /\x7f HTTP/1.1",
                                      "GET /\xc3\xa9 HTTP/1.1",
                                      "GET /#x HTTP/1.1",
                                      "GET http:// HTTP/1.1",
                                      "GET ftp://a/ HTTP/1.1",
                                      "CONNECT a:1 HTTP/1.1",
                                      "GET / http/1.1",
                                      "GET / HTTP/1.1x",
                                      "GET / HTTP/11",
                                      "GET / HTTP/1,1",
                                      "GET / HTTP/1.10"}) {
    CAPTURE(line);
    CHECK(status_of_line(line) == 400);
  }
  for (const std::string_view line : {"GET / HTTP/2.0", "GET / HTTP/1.2", "GET / HTTP/0.9"})
    CHECK(status_of_line(line) == 505);
}

TEST_CASE("HttpRequestDecoder: lines end in CR LF and nothing else") {
  for (const std::string_view head :
       {"GET / HTTP/1.1\nHost: a\r\n\r\n"sv, "GET / HTTP/1.1\r\nHost: a\n\r\n"sv,
        "GET / HTTP/1.1\r\nHost: a\r\n\n"sv, "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n"sv,
        "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n"sv, "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n"sv,
        "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"sv, "\r\n\r\n"sv,
        "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"sv}) {
    CAPTURE(head);
    CHECK(feed(head).error == Errc::malformed);
  }
}

TEST_CASE("HttpRequestDecoder: refuses fields that could be read in two ways") {
  for (const std::string_view fields :
       {"A: b\r\n c\r\n"sv, "A: b\r\n\tc\r\n"sv, " A: b\r\n"sv, "A : b\r\n"sv, "A\t: b\r\n"sv,
        ": b\r\n"sv, "A\r\n"sv, "A b: c\r\n"sv, "A(: c\r\n"sv, "\xc3\xa9: c\r\n"sv, "A: \0\r\n"sv,
        "A: \x01\r\n"sv, "A: \x7f\r\n"sv, "A: \x1b[31m\r\n"sv, "A\0: b\r\n"sv, "A: b\x0b\r\n"sv}) {
    CAPTURE(fields);
    CHECK(status_with(fields) == 400);
  }
  CHECK(status_with("A: b\tc\xe9\r\n") == 200);
  CHECK(status_with("!#$%&'*+-.^_`|~09azAZ: b\r\n") == 200);
}

TEST_CASE("HttpRequestDecoder: one Content-Length of digits, and never with Transfer-Encoding") {
  CHECK(status_with("Content-Length: 18446744073709551615\r\n") == 200);
  for (const std::string_view fields :
       {"Content-Length:\r\n", "Content-Length: +1\r\n", "Content-Length: -1\r\n",
        "Content-Length: 1 \t2\r\n", "Content-Length: 0x1\r\n", "Content-Length: 1a\r\n",
        "Content-Length: 1.0\r\n", "Content-Length: 18446744073709551616\r\n",
        "Content-Length: 1, 1\r\n", "Content-Length: 1,\r\n",
        "Content-Length: 1\r\nContent-Length: 1\r\n", "Content-Length: 1\r\ncontent-length: 2\r\n",
        "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
        "Transfer-Encoding: gzip\r\nContent-Length: 0\r\n"}) {
    CAPTURE(fields);
    CHECK(status_with(fields) == 400);
  }
}

TEST_CASE("HttpRequestDecoder: Transfer-Encoding is chunked and nothing else") {
  CHECK(status_with("Transfer-Encoding: chunked\r\n") == 200);
  CHECK(status_with("Transfer-Encoding: Chunked\r\n") == 200);
  CHECK(feed("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").messages ==
        std::vector<std::string>{"POST / 1.1|Host=a|Transfer-Encoding=chunked|chunked"});
  for (const std::string_view fields :
       {"Transfer-Encoding: gzip\r\n", "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: xchunked\r\n", "Transfer-Encoding: identity\r\n"})
    CHECK(status_with(fields) == 501);
  for (const std::string_view fields :
       {"Transfer-Encoding:\r\n", "Transfer-Encoding: chunked, chunked\r\n",
        "Transfer-Encoding: chunked, gzip\r\n", "Transfer-Encoding: \"chunked\"\r\n",
        "Transfer-Encoding: chunked;q=1\r\n", "Transfer-Encoding: ,chunked\r\n",
        "Transfer-Encoding: \x0b"
        "chunked\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"}) {
    CAPTURE(fields);
    CHECK(status_with(fields) == 400);
  }
  CHECK(status_with("Transfer-Encoding: chunked\r\n", "POST / HTTP/1.0\r\n") == 400);
}

TEST_CASE("HttpRequestDecoder: exactly one valid Host, optional in HTTP/1.0") {
  const std::string_view line = "GET / HTTP/1.1\r\n";
  for (const std::string_view host : {"a", "example.org", "a:80", "127.0.0.1:65535", "[::1]",
                                      "[::ffff:1.2.3.4]:80", "a_b-c.d", "localhost."}) {
    CAPTURE(host);
    CHECK(status_with("Host: " + std::string{host} + "\r\n", line) == 200);
  }
  for (const std::string_view host :
       {"", ":80", "a b", "a/b", "a@b", "a:b", "a:80:80", "a:123456", "::1", "[::1", "[]", "[::1]x",
        "[::g]", "a,b", "a\\b", "a?b", "a#b", "\xc3\xa9"}) {
    CAPTURE(host);
    const bool listed = host == "a,b";  // Commas may stand in a name (RFC 3986, 3.2.2).
    CHECK(status_with("Host: " + std::string{host} + "\r\n", line) == (listed ? 200 : 400));
  }
  CHECK(status_with("", line) == 400);
  CHECK(status_with("Host: a\r\nHost: a\r\n", line) == 400);
  CHECK(status_with("", "GET / HTTP/1.0\r\n") == 200);
  CHECK(status_with("Host: a\r\nHost: a\r\n", "GET / HTTP/1.0\r\n") == 400);
}

TEST_CASE("HttpRequestDecoder: an absolute target names the same host") {
  CHECK(status_with("Host: A:80\r\n", "GET http://a:80/x HTTP/1.1\r\n") == 200);
  CHECK(status_with("Host: b\r\n", "GET http://a/x HTTP/1.1\r\n") == 400);
  CHECK(status_with("Host: a\r\n", "GET http://u@a/x HTTP/1.1\r\n") == 400);
  CHECK(status_with("", "GET http://a/x HTTP/1.0\r\n") == 200);
  CHECK(status_with("", "GET http://u@a/x HTTP/1.0\r\n") == 400);
}

TEST_CASE("HttpRequestDecoder: refuses a head that is too large, as soon as it is") {
  const std::string line = "GET / HTTP/1.1\r\nHost: a\r\n";
  const std::string fits = line + "A: " + std::string(16384 - line.size() - 7, 'b') + "\r\n\r\n";
  REQUIRE(fits.size() == 16384);
  const auto error_of = [](std::string_view bytes) {
    return tests::feed(HttpRequestDecoder{}, bytes, 1000, show).error;
  };
  CHECK(error_of(fits) == std::error_code{});
  CHECK(error_of(line + "A: b" + fits.substr(line.size() + 3)) == Errc::too_large);
  CHECK(error_of(line + std::string(16384 - line.size(), 'b')) == Errc::too_large);
  CHECK(error_of(line + std::string(16383 - line.size(), 'b')) == std::error_code{});
  CHECK(error_of("GET /" + std::string(1 << 20, 'a')) == Errc::too_large);
  CHECK(wire::http_status(Errc::too_large) == 431);
}

TEST_CASE("HttpRequestDecoder: takes 100 fields and not one more") {
  std::string fields = "Host: a\r\n";
  for (int i = 1; i < 100; ++i)
    fields += "A: b\r\n";
  CHECK(status_with(fields, "GET / HTTP/1.1\r\n") == 200);
  CHECK(status_with(fields + "A: b\r\n", "GET / HTTP/1.1\r\n") == 431);
}

TEST_CASE("HttpRequest: path, host and keep_alive") {
  const auto with = [](std::string head, auto check) {
    HttpRequestDecoder decoder;
    const auto answer = decoder.next(head);
    REQUIRE(answer);
    REQUIRE(answer->message);
    check(*answer->message);
  };
  with("GET /a?b HTTP/1.1\r\nHOST: x\r\nConnection: foo, Close\r\n\r\n", [](const HttpRequest& it) {
    CHECK(it.path() == "/a?b");
    CHECK(it.host() == "x");
    CHECK(!it.keep_alive());
  });
  with("GET http://x/a?b HTTP/1.1\r\nHost: x\r\n\r\n", [](const HttpRequest& it) {
    CHECK(it.path() == "/a?b");
    CHECK(it.keep_alive());
  });
  with("GET http://x HTTP/1.0\r\n\r\n", [](const HttpRequest& it) {
    CHECK(it.path() == "/");
    CHECK(!it.keep_alive());
  });
  with("GET / HTTP/1.0\r\nConnection: keep-alive\r\nX: 1, ,2\r\nx: 3\r\n\r\n",
       [](const HttpRequest& it) {
         CHECK(it.keep_alive());
         CHECK(it.fields.list("X") == std::vector<std::string_view>{"1", "2", "3"});
         CHECK(it.fields.find_all("x") == std::vector<std::string_view>{"1, ,2", "3"});
         CHECK(it.fields.find("y") == std::nullopt);
       });
}

TEST_CASE("HttpResponseDecoder: reads status lines") {
  const auto shown = [](std::string line) {
    const tests::Fed fed = tests::feed_every_way(
        HttpResponseDecoder{}, line + "\r\nServer: x\r\nContent-Length: 0\r\n\r\n", 1,
        show_response);
    return fed.error ? fed.error.message() : fed.messages.at(0);
  };
  CHECK(shown("HTTP/1.1 101 Switching Protocols") == "101 [Switching Protocols] 2");
  CHECK(shown("HTTP/1.0 200 ") == "200 [] 2");
  CHECK(shown("HTTP/1.1 599 caf\xe9") == "599 [caf\xe9] 2");
  for (const std::string_view line :
       {"HTTP/1.1 200", "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 099 x", "HTTP/1.1 600 x",
        "HTTP/1.1  200 OK", "HTTP/1.1 +20 OK", "HTTP/1.1 200 \x01", "", "200 OK",
        "\r\nHTTP/1.1 200 "})
    CHECK(shown(std::string{line}) == make_error_code(Errc::malformed).message());
  CHECK(shown("HTTP/3.0 200 OK") == make_error_code(Errc::wrong_version).message());
}

TEST_CASE("append_response: writes a whole answer, and no peer's bytes make a second line") {
  std::string out;
  const wire::HttpField fields[] = {{"Content-Type", "text/plain"}, {"X", "a\r\nSet-Cookie: b"}};
  wire::append_response(out, 404, wire::http_reason(404), fields, "gone\n");
  CHECK(out ==
        "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nX: a  Set-Cookie: b\r\n"
        "Content-Length: 5\r\nConnection: close\r\n\r\ngone\n");
  out.clear();
  wire::append_response_head(out, 200, "OK", {}, 12, wire::HttpConnection::keep_alive);
  CHECK(out == "HTTP/1.1 200 OK\r\nContent-Length: 12\r\nConnection: keep-alive\r\n\r\n");
  out.clear();
  wire::append_response_head(out, 204, wire::http_reason(204), {}, std::nullopt);
  CHECK(out == "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
}
