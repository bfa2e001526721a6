// Tests of tickets as bytes: one made by another implementation, every bit flipped, every length,
// second encodings of the same limits, limits that make no sense.
#include "identity/ticket.hpp"

#include <doctest/doctest.h>
#include <functional>

#include "base/hex.hpp"
#include "identity/secret_base64.hpp"
#include "identity/ticket_fields.hpp"
#include "identity/token.hpp"

using namespace netkit;
using namespace netkit::identity;

namespace {

constexpr std::string_view token = "nk_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmno-_";

// Made for this token by a program in another language, from ticket.cpp's field tables.
constexpr std::string_view foreign =
    "nkt_ATfG2VkJc6cyVHBeVlQVThQAAQIDBAUGBwgJCgsMDQ4PAQAPc2h1dGRvd24tc2VydmVyAgAbc2h1dGRvd246b3JkZX"
    "Igc2h1dGRvd246c2VlAwAIL3JlcG9ydHMEAAhnZXQgbGlzdAUABRjAAAIABgAIAAAAAGVT8QAHAAgAAAAAa0nSAAgABAAA"
    "AAPmh7XuxBbxTbf-nPJ17ePcwUoZsYjd3cLetQB_GdTpb-ZBR6o8S9a1v25xQj497dsMNHHVBDFgGdzHUKT7ohwJ";

const TicketLimits foreign_limits{"shutdown-server", {"shutdown:order", "shutdown:see"},
                                  "/reports",        {"get", "list"},
                                  "192.0.2.0/24",    1'700'000'000,
                                  1'800'000'000,     3};

std::string key() {
  return *ticket_public_key(token);
}

/// A ticket with this field list, rightly signed.
std::string signed_text(std::string_view fields, char version = 1) {
  const std::string body =
      version + session_id_of(token) + std::string(16, 'n') + std::string{fields};
  return "nkt_" + to_base64(body + *sign_as_holder(token, "netkit ticket 1\n" + body), Base64::url);
}

std::error_code refusal(const std::string& text) {
  const auto ticket = parse_ticket(text);
  return ticket ? std::error_code{} : ticket.error().code;
}

std::error_code fields_refusal(std::string_view hex) {
  const auto raw = from_hex(hex);
  REQUIRE(raw);
  return refusal(signed_text(*raw));
}

std::error_code making(const std::function<void(TicketLimits&)>& change) {
  TicketLimits limits;
  limits.expires_s = 2'000'000'000;
  change(limits);
  const auto text = make_ticket(token, limits);
  return text ? std::error_code{} : text.error().code;
}

}  // namespace

TEST_CASE("parse_ticket: a ticket that another implementation made") {
  const auto ticket = parse_ticket(foreign);
  REQUIRE(ticket);
  CHECK(ticket->session == session_id_of(token));
  CHECK(to_hex(ticket->nonce) == "000102030405060708090a0b0c0d0e0f");
  CHECK(ticket->limits == foreign_limits);
  CHECK(verify_signature(*ticket, key()));
  CHECK(verify_signature(*ticket, *ticket_public_key(make_token())).error().code == Errc::refused);
  CHECK(verify_signature(*ticket, "").error().code == Errc::refused);
}

TEST_CASE("make_ticket: parses back to the same limits, each with a name of its own") {
  const auto first = make_ticket(token, foreign_limits);
  const auto second = make_ticket(token, foreign_limits);
  REQUIRE(first);
  REQUIRE(second);
  CHECK(is_ticket(*first));
  CHECK_FALSE(is_token(*first));
  CHECK(first->size() == foreign.size());
  CHECK(*first != *second);
  const auto ticket = parse_ticket(*first);
  REQUIRE(ticket);
  CHECK(ticket->limits == foreign_limits);
  CHECK(verify_signature(*ticket, key()));
  CHECK(ticket->nonce != parse_ticket(*second)->nonce);
}

TEST_CASE("make_ticket: brings limits into their plain form") {
  TicketLimits limits;
  limits.scopes = {"b:c", "a", "b:c"};
  limits.verbs = {"put", "GET", "put"};
  limits.path = "reports/2026/";
  limits.network = "::ffff:192.0.2.77/120";
  limits.expires_s = 1;
  const auto ticket = parse_ticket(*make_ticket(token, limits));
  REQUIRE(ticket);
  CHECK(ticket->limits.scopes == std::vector<std::string>{"a", "b:c"});
  CHECK(ticket->limits.verbs == std::vector<std::string>{"GET", "put"});
  CHECK(ticket->limits.path == "/reports/2026");
  CHECK(ticket->limits.network == "192.0.2.0/24");
}

TEST_CASE("parse_ticket: no flipped bit passes") {
  TicketLimits bound = foreign_limits;
  bound.audience = "127.0.0.1:9007";
  for (const std::string& whole : {std::string{foreign}, *make_ticket(token, bound)}) {
    std::string text = whole;
    for (std::size_t at = 0; at < text.size(); ++at)
      for (int bit = 0; bit < 8; ++bit) {
        text[at] = static_cast<char>(text[at] ^ 1 << bit);
        const auto ticket = parse_ticket(text);
        CHECK((!ticket || !verify_signature(*ticket, key())));
        text[at] = whole[at];
      }
    auto bytes = *from_base64(std::string_view{whole}.substr(4), Base64::url);
    for (std::size_t at = 0; at < bytes.size(); ++at)
      for (int bit = 0; bit < 8; ++bit) {
        bytes[at] = static_cast<char>(bytes[at] ^ 1 << bit);
        const auto ticket = parse_ticket("nkt_" + to_base64(bytes, Base64::url));
        CHECK((!ticket || !verify_signature(*ticket, key())));
        bytes[at] = static_cast<char>(bytes[at] ^ 1 << bit);
      }
  }
}

TEST_CASE("parse_ticket: no part of a ticket, and nothing behind one, passes") {
  for (std::size_t size = 0; size < foreign.size(); ++size) {
    const auto ticket = parse_ticket(foreign.substr(0, size));
    CHECK((!ticket || !verify_signature(*ticket, key())));
  }
  for (const std::string_view more : {"A", "AA", "=", "\n", " ", "AAAA"}) {
    const auto ticket = parse_ticket(std::string{foreign} + std::string{more});
    CHECK((!ticket || !verify_signature(*ticket, key())));
  }
  CHECK(refusal("nk_" + std::string{foreign.substr(4)}) == Errc::malformed);
  CHECK(refusal("") == Errc::malformed);
  CHECK(refusal("nkt_") == Errc::malformed);
  CHECK(refusal("nkt_AQ") == Errc::malformed);
  CHECK(refusal("nkt_Ag") == Errc::wrong_version);
  CHECK(refusal("nkt_" + std::string(2045, 'A')) == Errc::too_large);
}

TEST_CASE("parse_ticket: refuses a limit that it does not know, although it is signed") {
  const std::string expires = "07000800000000773593ff";
  CHECK(fields_refusal(expires) == std::error_code{});
  CHECK(fields_refusal(expires + "0a000141") == Errc::refused);
  CHECK(fields_refusal(expires + "ff0000") == Errc::refused);
  CHECK(fields_refusal("000000" + expires) == Errc::refused);
  CHECK(refusal(signed_text(*from_hex(expires), 2)) == Errc::wrong_version);
  CHECK(refusal(signed_text(*from_hex(expires), 0)) == Errc::wrong_version);
}

TEST_CASE("parse_ticket: refuses every second form of the same limits, although it is signed") {
  const std::string expires = "07000800000000773593ff";
  const auto malformed = [](const std::string& hex) {
    CAPTURE(hex);
    CHECK(fields_refusal(hex) == Errc::malformed);
  };
  malformed("");                                      // It has to expire.
  malformed("0700080000000000000000");                // 0
  malformed("07000880000000773593ff");                // Above what a signed number holds.
  malformed("07000400773593");                        // Cut.
  malformed("07000477359400");                        // A shorter number.
  malformed(expires + expires);                       // Twice.
  malformed("0800040000000107000800000000773593ff");  // The wrong order.
  malformed("010000" + expires);                      // Empty.
  malformed("020000" + expires);
  malformed(
      "0200036220"
      "61" +
      expires);  // "b a": not sorted.
  malformed(
      "0200036120"
      "61" +
      expires);                         // "a a"
  malformed("0200026120" + expires);    // "a "
  malformed("02000141" + expires);      // "A"
  malformed("0300022f2f" + expires);    // "//"
  malformed("03000161" + expires);      // "a" without its slash
  malformed("0300032f612f" + expires);  // "/a/"
  malformed(
      "0300042f2e2e"
      "2f" +
      expires);                         // "/../"
  malformed("0300032f2e2e" + expires);  // "/.."
  malformed("0300022fff" + expires);    // Not UTF-8.
  malformed("0300032f610a" + expires);  // A control character.
  malformed(
      "04000161"
      "0400016207000800000000773593ff");
  malformed("05000518c0000201" + expires);                          // Bits past the prefix.
  malformed("05000521c0000201" + expires);                          // /33
  malformed("05000418c00002" + expires);                            // Three bytes.
  malformed("0500118000000000000000000000ffffc0000201" + expires);  // ::ffff:192.0.2.1
  malformed("0600080000000000000000" + expires);
  malformed("06000800000000773593ff" + expires);  // Begins when it ends.
  malformed(expires + "08000400000000");
}

TEST_CASE("make_ticket: the server that it is for, in the one form that both ends know") {
  const std::string hex = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
  const auto kept = [](std::string_view audience) -> std::string {
    TicketLimits limits;
    limits.expires_s = 2'000'000'000;
    limits.audience = audience;
    const auto text = make_ticket(token, limits);
    if (!text) return std::string{};
    const auto ticket = parse_ticket(*text);
    return ticket && verify_signature(*ticket, key()) ? ticket->limits.audience : std::string{"?"};
  };
  CHECK(kept(hex) == hex);
  CHECK(kept("SHA256:" + hex) == hex);
  CHECK(kept("00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"
             "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF") == hex);
  CHECK(kept("127.0.0.1:80") == "127.0.0.1:80");
  CHECK(kept("[::1]:80") == "[::1]:80");
  CHECK(kept("[0:0::1]:80") == "[::1]:80");
  CHECK(kept("[::ffff:192.0.2.1]:65535") == "192.0.2.1:65535");
  CHECK(kept("unix:/run/a.sock") == "unix:/run/a.sock");
  CHECK(kept("unix:/run/.//a.sock") == "unix:/run/a.sock");
  for (const char* wrong :
       {"a.example:80", "localhost:1", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", "::1:80",
        "[127.0.0.1]:80", "127.0.0.1/8:80", "127.0.0.1:+1", "unix:a", "unix:/a/../b", "unix:/",
        "unix:/a\nb", "SHA256:00", "[::1%lo]:80", ":80", "[]:80"})
    CHECK(kept(wrong) == "");
  CHECK(kept("unix:/" + std::string(106, 'a')) != "");
  CHECK(kept("unix:/" + std::string(107, 'a')) == "");
}

TEST_CASE("parse_ticket: a server that it is for has one encoding only") {
  constexpr std::string_view expires = "0700080000000077359400";
  const auto with = [&](std::string_view audience) {
    std::string field = "\x09";
    field += '\0';
    field += static_cast<char>(audience.size());
    return refusal(signed_text(*from_hex(expires) + field.append(audience)));
  };
  CHECK(with("127.0.0.1:80") == std::error_code{});
  CHECK(with("unix:/a") == std::error_code{});
  for (const char* other : {"", "127.0.0.1:080", "[::ffff:127.0.0.1]:80", "unix:/./a", "host:80"})
    CHECK(with(other) == Errc::malformed);
  CHECK(with(std::string(64, 'A')) == Errc::malformed);
  CHECK(with(std::string(64, 'a')) == std::error_code{});
}

TEST_CASE("make_ticket: refuses limits that make no sense") {
  CHECK(making([](TicketLimits&) {}) == std::error_code{});
  CHECK(making([](TicketLimits& l) { l.expires_s = 0; }) == Errc::usage);
  CHECK(making([](TicketLimits& l) { l.expires_s = -1; }) == Errc::usage);
  CHECK(making([](TicketLimits& l) { l.not_before_s = -1; }) == Errc::usage);
  CHECK(making([](TicketLimits& l) { l.not_before_s = l.expires_s; }) == Errc::usage);
  for (const char* service : {"Shutdown", "a b", "a/b", "shutdown:order"})
    CHECK(making([&](TicketLimits& l) { l.service = service; }) == Errc::usage);
  CHECK(making([](TicketLimits& l) { l.service = std::string(65, 'a'); }) == Errc::usage);
  for (const char* scope : {"", "a b", "A", "a:"})
    CHECK(making([&](TicketLimits& l) { l.scopes = {scope}; }) == Errc::usage);
  for (const char* verb : {"", "a b", "a,b", "a\n"})
    CHECK(making([&](TicketLimits& l) { l.verbs = {verb}; }) == Errc::usage);
  CHECK(making([](TicketLimits& l) { l.verbs = {std::string(33, 'a')}; }) == Errc::usage);
  for (const char* path : {"//", "a//b", "..", "/a/../b", "./a", "a\nb", "\xff"})
    CHECK(making([&](TicketLimits& l) { l.path = path; }) == Errc::usage);
  CHECK(making([](TicketLimits& l) { l.path = std::string(512, 'a'); }) == Errc::usage);
  for (const char* network : {"x", "192.0.2.1/33", "192.0.2.1/", "192.0.2", "010.0.0.1", "::1/129",
                              "192.0.2.0/ 24", "fe80::1%eth0", "192.0.2.0/-1", "/24"})
    CHECK(making([&](TicketLimits& l) { l.network = network; }) == Errc::usage);
}

TEST_CASE("make_ticket: bounded in number and size, and for tokens only") {
  CHECK(making([](TicketLimits& l) {
          for (char c = 'a'; c <= 'q'; ++c)
            l.scopes.emplace_back(1, c);
        }) == Errc::usage);
  CHECK(making([](TicketLimits& l) {
          for (char c = 'a'; c <= 'p'; ++c) {
            l.scopes.emplace_back(64, c);
            l.verbs.emplace_back(32, c);
          }
        }) == Errc::too_large);
  CHECK(make_ticket("", foreign_limits).error().code == Errc::usage);
  CHECK(make_ticket("nk_x", foreign_limits).error().code == Errc::usage);
}
