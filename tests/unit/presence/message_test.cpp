// Tests of the frames between peers: their bytes, their limits, and what is refused.
#include "commands/presence/message.hpp"

#include <doctest/doctest.h>
#include <random>

using namespace netkit;
using namespace netkit::presence;
using namespace std::string_literals;

TEST_CASE("Message: a say is these bytes") {
  std::string out;
  append_say(out, {.id = 0x0102030405060708, .time_ms = 0x0a, .text = "hi \u00e9"});
  CHECK(out ==
        "\xF7NK\x01\x00\x21\x00\x00\x00\x00\x00\x00\x00\x00\x00\x15"
        "\x01\x02\x03\x04\x05\x06\x07\x08\x00\x00\x00\x00\x00\x00\x00\x0a"
        "hi \xc3\xa9"s);
  const auto say = decode_say(std::string_view{out}.substr(16));
  REQUIRE(say);
  CHECK(say->id == 0x0102030405060708);
  CHECK(say->time_ms == 10);
  CHECK(say->text == "hi \u00e9");
}

TEST_CASE("Message: an ack is these bytes") {
  std::string out;
  append_ack(out, 0xfffefdfcfbfaf9f8);
  CHECK(out ==
        "\xF7NK\x01\x00\x22\x00\x00\x00\x00\x00\x00\x00\x00\x00\x08"
        "\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8"s);
  CHECK(*decode_ack(std::string_view{out}.substr(16)) == 0xfffefdfcfbfaf9f8);
  CHECK_FALSE(decode_ack(std::string_view{out}.substr(17)));
  CHECK_FALSE(decode_ack(out.substr(16) + "x"));
}

TEST_CASE("Message: a hello is this text") {
  std::string out;
  append_hello(out, {.nonce = 0xab, .key = std::string(32, '\x11')});
  const std::string body = out.substr(16);
  CHECK(body == R"({"service":"peer","version":1,"nonce":"00000000000000ab","key":")" +
                    "1111111111111111111111111111111111111111111111111111111111111111\"}"s);
  const auto hello = decode_hello(body);
  REQUIRE(hello);
  CHECK(hello->nonce == 0xab);
  CHECK(hello->key == std::string(32, '\x11'));
}

TEST_CASE("Message: a hello that is none says what is wrong") {
  const std::string key(64, '1');
  const auto code = [](const std::string& body) { return decode_hello(body).error().code; };
  CHECK(code("") == Errc::malformed);
  CHECK(code("[]") == Errc::malformed);
  CHECK(code(R"({"service":"relay","version":1})") == Errc::unexpected);
  CHECK(code(R"({"service":"peer","version":2})") == Errc::wrong_version);
  CHECK(code(R"({"service":"peer","version":1,"nonce":"00","key":")" + key + "\"}") ==
        Errc::malformed);
  CHECK(code(R"({"service":"peer","version":1,"nonce":"0000000000000000","key":"11"})") ==
        Errc::malformed);
  CHECK(code(R"({"service":"peer","version":1,"pad":")" + std::string(2000, 'x') + "\"}") ==
        Errc::malformed);
}

TEST_CASE("Message: texts have limits") {
  CHECK(check_text("a"));
  CHECK(check_text(std::string(text_size_max, 'a')));
  CHECK(check_text(std::string(text_size_max + 1, 'a')).error().code == Errc::too_large);
  CHECK(check_text("").error().code == Errc::malformed);
  CHECK(check_text("\xff").error().code == Errc::not_utf8);
  CHECK(decode_say(std::string(16, '\0')).error().code == Errc::malformed);
  CHECK(decode_say(std::string(15, '\0')).error().code == Errc::malformed);
  CHECK(decode_say(std::string(16, '\0') + "\xc3").error().code == Errc::not_utf8);
}

TEST_CASE("Message: a prove is split before its proof") {
  std::string out;
  append_prove(out, "announced", std::string(64, 'p'));
  const auto prove = decode_prove(std::string_view{out}.substr(16));
  REQUIRE(prove);
  CHECK(prove->announcement == "announced");
  CHECK(prove->proof == std::string(64, 'p'));
  CHECK_FALSE(decode_prove(std::string(64, 'p')));
  CHECK(decode_prove(std::string(announcement_size_max + 65, 'p')).error().code == Errc::too_large);
}

TEST_CASE("Message: a refusal carries no hint, and what arrives is safe to show") {
  std::string out;
  append_refusal(out, {Errc::refused, "trust the peer ana", "line 3 of STATE/known_peers"});
  CHECK(out.find("trust the peer ana") != std::string::npos);
  CHECK(out.find("known_peers") == std::string::npos);
  const Error shown = decode_refusal("no\x1b[2J\n"s + std::string(9000, 'x'));
  CHECK(shown.code == Errc::refused);
  CHECK(shown.message().find('\x1b') == std::string::npos);
  CHECK(shown.message().size() < 1000);
}

TEST_CASE("Message: random bytes are never taken for more than they are") {
  std::mt19937 random{7};
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes(random() % 200, '\0');
    for (char& byte : bytes)
      byte = static_cast<char>(random());
    if (const auto say = decode_say(bytes)) CHECK(say->text.size() + 16 == bytes.size());
    if (const auto prove = decode_prove(bytes)) CHECK(prove->proof.size() == 64);
    CHECK_FALSE(decode_hello(bytes));
    CHECK(bool{decode_ack(bytes)} == (bytes.size() == 8));
  }
}
