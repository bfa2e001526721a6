// The WebSocket handshake: the example of RFC 6455, section 1.3, and every way in which a request
// or an answer can fall short of it.
#include "wire/websocket_handshake.hpp"

#include <algorithm>
#include <doctest/doctest.h>

using namespace netkit;
using namespace std::literals;
using wire::UpgradeRequest;

namespace {

constexpr std::string_view key = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

using Lines = std::vector<std::string>;

const Lines valid{"GET /chat HTTP/1.1",
                  "Host: server.example.com",
                  "Upgrade: websocket",
                  "Connection: Upgrade",
                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                  "Sec-WebSocket-Version: 13"};

/// `lines` with each one that begins like a replacement's name replaced; "NAME!" leaves it out.
Lines changed(Lines lines, const Lines& replacements) {
  for (const std::string& replacement : replacements) {
    const std::string name = replacement.substr(0, replacement.find_first_of(" :!"));
    std::erase_if(lines, [&](const std::string& line) { return line.starts_with(name); });
    if (replacement.ends_with('!')) continue;
    const bool is_first = replacement.find(": ") == replacement.npos;
    lines.insert(is_first ? lines.begin() : lines.end(), replacement);
  }
  return lines;
}

std::string head_of(const Lines& lines) {
  std::string head;
  for (const std::string& line : lines)
    head += line + "\r\n";
  return head + "\r\n";
}

/// "page", "101" and the subprotocols, or the first line of the refusal.
std::string verdict(const Lines& lines) {
  std::string head = head_of(lines);
  wire::HttpRequestDecoder decoder;
  const auto answer = decoder.next(head);
  REQUIRE(answer);
  REQUIRE(answer->message);
  const auto upgrade = wire::check_upgrade(*answer->message);
  if (!upgrade) {
    std::string out;
    wire::append_upgrade_refusal(out, upgrade.error());
    CHECK((out.find("\r\nSec-WebSocket-Version: 13\r\n") != out.npos));
    return out.substr(9, 3);
  }
  if (!upgrade->wanted) return "page";
  CHECK(upgrade->accept == accept);
  std::string text = "101";
  for (const std::string_view name : upgrade->subprotocols)
    text.append(" ").append(name);
  return text;
}

std::string with(const Lines& replacements) {
  return verdict(changed(valid, replacements));
}

std::string client_verdict(std::string head, std::span<const std::string_view> offered = {}) {
  wire::HttpResponseDecoder decoder;
  const auto answer = decoder.next(head);
  REQUIRE(answer);
  REQUIRE(answer->message);
  const auto chosen = wire::check_upgrade_response(*answer->message, key, offered);
  return chosen ? "[" + std::string{*chosen} + "]" : chosen.error().code.message();
}

}  // namespace

TEST_CASE("accept_key: answers the example of RFC 6455") {
  CHECK(wire::accept_key(key) == accept);
  CHECK(wire::client_key(std::span<const char, 16>{"the sample nonce", 16}) == key);
}

TEST_CASE("check_upgrade: takes a valid handshake") {
  CHECK(verdict(valid) == "101");
  CHECK(with({"Upgrade: h2c, WebSocket"}) == "101");
  CHECK(with({"Connection: keep-alive, upgrade"}) == "101");
  CHECK(with({"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"}) == "101");
  CHECK(with({"Content-Length: 0"}) == "101");
  CHECK(with({"Sec-WebSocket-Protocol: chat, superchat"}) == "101 chat superchat");
}

TEST_CASE("check_upgrade: a request without any WebSocket field gets the page") {
  CHECK(verdict({"GET / HTTP/1.1", "Host: a"}) == "page");
  CHECK(verdict({"GET / HTTP/1.1", "Host: a", "Connection: Upgrade, HTTP2-Settings",
                 "Upgrade: h2c"}) == "page");
  CHECK(verdict({"POST / HTTP/1.0"}) == "page");
}

TEST_CASE("check_upgrade: any WebSocket field without a valid handshake is refused") {
  const std::string bad = "400";
  for (const Lines& replacements :
       {Lines{"Upgrade!"}, Lines{"Connection!"}, Lines{"Sec-WebSocket-Key!"},
        Lines{"Sec-WebSocket-Version!"}, Lines{"GET!", "POST /chat HTTP/1.1"},
        Lines{"GET /chat HTTP/1.0"}, Lines{"Upgrade: websockets"}, Lines{"Connection: close"},
        Lines{"Sec-WebSocket-Key: "}, Lines{"Sec-WebSocket-Key: SGVsbG8sIHdvcmxkIQ=="},
        Lines{"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ"},
        Lines{"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=a"},
        Lines{"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ.=="},
        Lines{"Sec-WebSocket-Protocol: chat, chat"}, Lines{"Sec-WebSocket-Protocol: a b"},
        Lines{"Content-Length: 5"}, Lines{"Transfer-Encoding: chunked"}}) {
    CAPTURE(replacements.back());
    CHECK(with(replacements) == bad);
  }
  Lines twice = valid;
  twice.push_back(valid[4]);
  CHECK(verdict(twice) == bad);
  for (const char* field :
       {"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "sec-websocket-protocol: chat",
        "Sec-WebSocket-Extensions: x", "Sec-WebSocket-Accept: x", "Sec-WebSocket-Draft: 1",
        "Upgrade: websocket"})
    CHECK(verdict({"GET / HTTP/1.1", "Host: a", field}) == bad);
}

TEST_CASE("check_upgrade: another version is told which one is spoken here") {
  CHECK(with({"Sec-WebSocket-Version: 8"}) == "426");
  CHECK(with({"Sec-WebSocket-Version: 13, 8"}) == "426");
  CHECK(with({"Sec-WebSocket-Version: 013"}) == "426");
  CHECK(with({"Sec-WebSocket-Version: 7", "Sec-WebSocket-Key!"}) == "426");
}

TEST_CASE("append_upgrade_response: writes the answer of RFC 6455") {
  UpgradeRequest request;
  request.accept = accept;
  std::string out;
  wire::append_upgrade_response(out, request, "chat");
  CHECK(
      out ==
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\r\n");
}

TEST_CASE("append_upgrade_request: writes a handshake") {
  std::string out;
  const std::string_view names[] = {"chat", "superchat"};
  const wire::HttpField fields[] = {{"Authorization", "Bearer t"}};
  wire::append_upgrade_request(out, "server.example.com", "/chat", key, names, fields);
  CHECK(out ==
        "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat, superchat\r\n"
        "Authorization: Bearer t\r\n\r\n");
}

TEST_CASE("check_upgrade_response: takes the answer to its key and nothing else") {
  const Lines answer{"HTTP/1.1 101 Switching Protocols", "Upgrade: WebSocket",
                     "Connection: upgrade", "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="};
  CHECK(client_verdict(head_of(answer)) == "[]");
  const std::string bad = make_error_code(Errc::malformed).message();
  for (const Lines& replacements :
       {Lines{"Upgrade!"}, Lines{"Upgrade: h2c"}, Lines{"Connection!"},
        Lines{"Sec-WebSocket-Accept!"}, Lines{"Sec-WebSocket-Accept: x"},
        Lines{"HTTP/1.0 101 Switching"}, Lines{"Sec-WebSocket-Extensions: permessage-deflate"},
        Lines{"Sec-WebSocket-Protocol: chat"}}) {
    CAPTURE(replacements.back());
    Lines lines = changed(answer, replacements);
    if (replacements.back().starts_with("HTTP")) lines.erase(lines.begin() + 1);
    CHECK(client_verdict(head_of(lines)) == bad);
  }
  CHECK(client_verdict("HTTP/1.1 403 Forbidden\r\n\r\n") ==
        make_error_code(Errc::refused).message());
  const std::string_view offered[] = {"v2", "chat"};
  CHECK(client_verdict(head_of(changed(answer, {"Sec-WebSocket-Protocol: chat"})), offered) ==
        "[chat]");
  CHECK(client_verdict(head_of(changed(answer, {"Sec-WebSocket-Protocol: v2, chat"})), offered) ==
        bad);
}
