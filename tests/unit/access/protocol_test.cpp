// What services ask the auth service and what it answers, as literal bytes; every message cut at
// every offset, and counts that promise more than is there.
#include "access/protocol.hpp"

#include <doctest/doctest.h>

using namespace netkit;
using namespace netkit::access;
using namespace std::literals;

namespace {

const std::string session(16, 'S');
const std::string key(32, 'K');
const std::string hash(32, 'H');

Result<wire::Frame> cut(std::string& bytes) {
  const auto decoded = wire::FrameDecoder{message_size_max}.next(bytes);
  if (!decoded) return decoded.error();
  if (!decoded->message || decoded->used != bytes.size()) return Errc::malformed;
  return *decoded->message;
}

wire::Frame framed(std::uint16_t type, std::string_view body) {
  return {.type = type, .flags = 0, .stream = 7, .body = body};
}

template <typename T>
T as(const Result<ToAuth>& message) {
  REQUIRE(message);
  const T* found = std::get_if<T>(&*message);
  REQUIRE(found);
  return *found;
}

template <typename T>
T as(const Result<ToService>& message) {
  REQUIRE(message);
  const T* found = std::get_if<T>(&*message);
  REQUIRE(found);
  return *found;
}

const std::string grant_body =
    session + key +
    "\x00\x00\x00\x00\x68\x00\x00\x00\x00\x00\x00\x00\x00\x12\x75\x00\x00\x05"s
    "Zo\xc3\xab!\x02\x00\x05"s
    "admin\x00\x0eshutdown:order"s;

}  // namespace

TEST_CASE("access protocol: a check is 32 bytes behind its stream") {
  std::string out;
  append_check(out, 0x01020304, hash);
  CHECK(out == "\xf7NK\x01\x00\x20\x00\x00\x01\x02\x03\x04\x00\x00\x00\x20"s + hash);
  const auto frame = cut(out);
  REQUIRE(frame);
  CHECK(as<Check>(decode_to_auth(*frame)).token_hash == hash);
}

TEST_CASE("access protocol: tickets are checked or spent") {
  std::string out;
  append_check_ticket(out, 1, "nkt_abc", false);
  append_check_ticket(out, 2, "nkt_abc", true);
  CHECK(out ==
        "\xf7NK\x01\x00\x21\x00\x00\x00\x00\x00\x01\x00\x00\x00\x07nkt_abc"
        "\xf7NK\x01\x00\x22\x00\x00\x00\x00\x00\x02\x00\x00\x00\x07nkt_abc"s);
  const auto asked = as<CheckTicket>(decode_to_auth(framed(33, "nkt_abc")));
  CHECK(asked.ticket == "nkt_abc");
  CHECK(!asked.spend);
  CHECK(as<CheckTicket>(decode_to_auth(framed(34, "nkt_abc"))).spend);
  out.clear();
  append_check_again(out, 3, "nkt_abc");
  CHECK(out == "\xf7NK\x01\x00\x27\x00\x00\x00\x00\x00\x03\x00\x00\x00\x07nkt_abc"s);
  CHECK(as<CheckTicket>(decode_to_auth(framed(39, "nkt_abc"))).again);
}

TEST_CASE("access protocol: uses travel in one message") {
  std::string out;
  append_used(out, {{{session, "192.0.2.1"}, {key.substr(16), ""}}});
  CHECK(out == "\xf7NK\x01\x00\x23\x00\x00\x00\x00\x00\x00\x00\x00\x00\x2f\x00\x02"s + session +
                   "\x00\x09"s + "192.0.2.1" + key.substr(16) + "\x00\x00"s);
  const auto frame = cut(out);
  REQUIRE(frame);
  const Used used = as<Used>(decode_to_auth(*frame));
  REQUIRE(used.uses.size() == 2);
  CHECK(used.uses[0].session == session);
  CHECK(used.uses[0].address == "192.0.2.1");
  CHECK(used.uses[1].address.empty());
}

TEST_CASE("access protocol: a grant has every field in its place") {
  const Grant grant{.session = session,
                    .public_key = key,
                    .expires_s = 0x68000000,
                    .idle_limit_s = 1'209'600,
                    .user = "Zo\xc3\xab!",
                    .scopes = {"admin", "shutdown:order"}};
  std::string out;
  append_grant(out, 9, grant);
  CHECK(out == "\xf7NK\x01\x00\x24\x00\x00\x00\x00\x00\x09\x00\x00\x00\x5f"s + grant_body);
  const Grant read = as<Grant>(decode_to_service(framed(36, grant_body)));
  CHECK(read.session == session);
  CHECK(read.public_key == key);
  CHECK(read.expires_s == 0x68000000);
  CHECK(read.idle_limit_s == 1'209'600);
  CHECK(read.user == "Zo\xc3\xab!");
  CHECK(read.scopes == std::vector<std::string>{"admin", "shutdown:order"});
}

TEST_CASE("access protocol: a denial says why, a change whose") {
  std::string out;
  append_denied(out, 3, Denial::used_up, "used up");
  append_changed(out, session);
  CHECK(out ==
        "\xf7NK\x01\x00\x25\x00\x00\x00\x00\x00\x03\x00\x00\x00\x0a\x02\x00\x07used up"
        "\xf7NK\x01\x00\x26\x00\x00\x00\x00\x00\x00\x00\x00\x00\x10"s +
            session);
  const Denied denied = as<Denied>(decode_to_service(framed(37, "\x02\x00\x07used up"sv)));
  CHECK(denied.why == Denial::used_up);
  CHECK(denied.text == "used up");
  CHECK(as<Changed>(decode_to_service(framed(38, session))).session == session);
}

TEST_CASE("access protocol: each side says its name first") {
  std::string out;
  append_hello(out, "echo");
  CHECK(out == "\xf7NK\x01\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x06\x00\x04"s + "echo");
  const auto frame = cut(out);
  REQUIRE(frame);
  const auto name = decode_hello(*frame);
  REQUIRE(name);
  CHECK(*name == "echo");
  CHECK(decode_hello(framed(4, "\x00\x00"sv)).error().code == Errc::unexpected);
  CHECK(decode_hello(framed(1, "\x00\x05"s + "echo")).error().code == Errc::malformed);
}

TEST_CASE("access protocol: a message cut at any offset, or with a byte too many, is malformed") {
  const std::string used_body = "\x00\x02"s + session + "\x00\x01x"s + session + "\x00\x02yz"s;
  const std::string denied_body = "\x01\x00\x02no"s;
  const auto refuses = [](std::uint16_t type, std::string_view whole, auto decode) {
    CHECK(decode(framed(type, whole)));
    const std::string longer = std::string{whole} + '\0';
    CHECK(decode(framed(type, longer)).error().code == Errc::malformed);
    for (std::size_t size = 0; size < whole.size(); ++size)
      CHECK(decode(framed(type, whole.substr(0, size))).error().code == Errc::malformed);
  };
  refuses(frame_type::check, hash, decode_to_auth);
  refuses(frame_type::used, used_body, decode_to_auth);
  refuses(frame_type::grant, grant_body, decode_to_service);
  refuses(frame_type::denied, denied_body, decode_to_service);
  refuses(frame_type::changed, session, decode_to_service);
}

TEST_CASE("access protocol: counts and sizes beyond the limits are malformed") {
  const auto to_auth = [](std::uint16_t type, std::string_view body) {
    return decode_to_auth(framed(type, body)).error().code;
  };
  const auto to_service = [](std::uint16_t type, std::string_view body) {
    return decode_to_service(framed(type, body)).error().code;
  };
  CHECK(to_auth(frame_type::used, "\xff\xff"sv) == Errc::malformed);
  std::string many = "\x04\x01"s;
  for (int i = 0; i < 1025; ++i)
    many += session + "\x00\x00"s;
  CHECK(to_auth(frame_type::used, many) == Errc::malformed);
  CHECK(to_auth(frame_type::check_ticket, "") == Errc::malformed);
  CHECK(to_auth(frame_type::spend, std::string(2049, 'x')) == Errc::malformed);
  CHECK(to_auth(frame_type::used, "\x00\x01"s + session + "\x00\x81"s + std::string(129, 'x')) ==
        Errc::malformed);

  const std::string front = session + key + std::string(16, '\0');
  const auto grant = [&](std::string_view rest) {
    return to_service(frame_type::grant, front + std::string{rest});
  };
  CHECK(grant("\x00\x00\x00"sv) == Errc::malformed);           // Nobody.
  CHECK(grant("\x00\x01\xff\x00"sv) == Errc::malformed);       // Not UTF-8.
  CHECK(grant("\x00\x01u\x41"sv) == Errc::malformed);          // 65 scopes.
  CHECK(grant("\x00\x01u\x01\x00\x00"sv) == Errc::malformed);  // A scope without a name.
  CHECK(grant("\x01\x01" + std::string(257, 'u') + '\0') == Errc::malformed);
  CHECK(to_service(frame_type::denied, "\x00\x00\x00"sv) == Errc::malformed);
  CHECK(to_service(frame_type::denied, "\x04\x00\x00"sv) == Errc::malformed);
}

TEST_CASE("access protocol: types of the other direction are unexpected") {
  for (const std::uint16_t type :
       std::initializer_list<std::uint16_t>{0, 4, 16, 31, 36, 37, 38, 40})
    CHECK(decode_to_auth(framed(type, hash)).error().code == Errc::unexpected);
  for (const std::uint16_t type :
       std::initializer_list<std::uint16_t>{0, 4, 17, 32, 33, 34, 35, 39})
    CHECK(decode_to_service(framed(type, session)).error().code == Errc::unexpected);
}

TEST_CASE("access protocol: what is too long for its field is cut between characters") {
  std::string user;
  for (int i = 0; i < 100; ++i)
    user += "\xe2\x82\xac";
  Grant grant{.session = session, .public_key = key, .user = user, .scopes = {}};
  grant.scopes.assign(100, "relay:link");
  std::string out;
  append_grant(out, 1, grant);
  const auto frame = cut(out);
  REQUIRE(frame);
  const Grant read = as<Grant>(decode_to_service(*frame));
  CHECK(read.user == user.substr(0, 255));
  CHECK(read.scopes.size() == scopes_max);

  out.clear();
  append_denied(out, 1, Denial::unknown, "\xff\n");
  const auto denied = cut(out);
  REQUIRE(denied);
  CHECK(decode_to_service(*denied));
}
