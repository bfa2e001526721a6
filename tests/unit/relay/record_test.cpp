// Tests of the records' codec: literal bytes, every truncation, what is refused.
#include "commands/relay/record.hpp"

#include <doctest/doctest.h>

#include "base/hex.hpp"

using namespace netkit;
using namespace netkit::relay;

namespace {

std::string hex_of(const Record& record) {
  std::string bytes;
  append_record(bytes, record);
  return to_hex(bytes);
}

Result<wire::Decoded<Record>> decoded(std::string_view digits, std::string& bytes) {
  bytes = from_hex(digits).value_or("");
  return decode_record(bytes);
}

void refuse(std::string_view digits) {
  std::string bytes;
  CAPTURE(digits);
  const auto record = decoded(digits, bytes);
  REQUIRE_FALSE(record);
  CHECK(record.error().code == Errc::malformed);
}

// kind 1, time 0x0102, sender 0x0a0b, number 7, room "lobby", nick "ana", text "hi\n"
constexpr std::string_view say =
    "00000026"
    "01"
    "0000000000000102"
    "0000000000000a0b"
    "0000000000000007"
    "056c6f626279"
    "03616e61"
    "68690a";

}  // namespace

TEST_CASE("append_record: a text for a room, byte by byte") {
  CHECK(hex_of({.kind = RecordKind::say,
                .time_ms = 0x0102,
                .sender = 0x0a0b,
                .number = 7,
                .room = "lobby",
                .nick = "ana",
                .text = "hi\n"}) == say);
}

TEST_CASE("append_record: each kind has its own fields") {
  CHECK(hex_of({.kind = RecordKind::direct,
                .sender = 1,
                .number = 2,
                .to = 3,
                .nick = "a",
                .to_nick = "b",
                .text = "t"}) ==
        "000000260200000000000000000000000000000001000000000000000200000000000000030161016274");
  CHECK(hex_of({.kind = RecordKind::enter, .sender = 1, .nick = "a", .text = "::1"}) ==
        "0000001f0300000000000000000000000000000001000000000000000001"
        "61033a3a31");
  CHECK(hex_of({.kind = RecordKind::leave, .sender = 1}) ==
        "0000001a0400000000000000000000000000000001000000000000000000");
  CHECK(hex_of({.kind = RecordKind::join, .sender = 1, .room = "r"}) ==
        "0000001b050000000000000000000000000000000100000000000000000172");
  CHECK(hex_of({.kind = RecordKind::part, .sender = 1, .room = "r"}) ==
        "0000001b060000000000000000000000000000000100000000000000000172");
  CHECK(hex_of({.kind = RecordKind::nick, .sender = 1, .nick = "n"}) ==
        "0000001b07000000000000000000000000000000010000000000000000016e");
  CHECK(hex_of({.kind = RecordKind::moderate,
                .sender = 1,
                .to = 2,
                .measure = Measure::ban,
                .until_ms = 9,
                .nick = "o",
                .to_nick = "n",
                .text = "w"}) ==
        "000000300800000000000000000000000000000001000000000000000004"
        "00000000000000020000000000000009016f016e0177");
}

TEST_CASE("decode_record: gives back what was written, and how much it took") {
  std::string bytes;
  const auto record = decoded(std::string{say} + "ffff", bytes);
  REQUIRE(record);
  CHECK(record->used == 42);
  const Record& message = *record->message;
  CHECK(message.kind == RecordKind::say);
  CHECK(message.time_ms == 0x0102);
  CHECK(message.sender == 0x0a0b);
  CHECK(message.number == 7);
  CHECK(message.room == "lobby");
  CHECK(message.nick == "ana");
  CHECK(message.text == "hi\n");
}

TEST_CASE("decode_record: every truncation is refused") {
  for (std::size_t digits = 0; digits < say.size(); digits += 2)
    refuse(say.substr(0, digits));
}

TEST_CASE("decode_record: refuses what no relay writes") {
  const std::string head = "0000000000000000000000000000000100000000000000";
  refuse("0000001a00" + head + "0000");          // No such kind.
  refuse("0000001a09" + head + "0000");          // No such kind.
  refuse("0000001b05" + head + "000000");        // Bytes left over.
  refuse("0000001a05" + head + "0000");          // A room without a name.
  refuse("0000001b05" + head + "00010a");        // A control character in a name.
  refuse("0000001b05" + head + "0001ff");        // No UTF-8 in a name.
  refuse("0000001b04" + head + "0001ff");        // No UTF-8 in a text.
  refuse("0000001b05" + head + "010172");        // A number where none belongs.
  refuse("0000001e01" + head + "000172016174");  // A text without a number.
  refuse("0000001d05" + head + "0003e280ae");    // A name that turns the direction of writing.
  refuse("ffffffff05" + head + "00010a");        // A size beyond everything.
  refuse("0000002e08" + head +
         "00"
         "06"
         "00000000000000020000000000000009"
         "016f016e00");
}

TEST_CASE("decode_record: a text of the greatest size passes, one byte more does not") {
  Record record{.kind = RecordKind::say, .number = 1, .room = "r", .nick = "n"};
  std::string text(text_size_max, 'x');
  record.text = text;
  std::string bytes;
  append_record(bytes, record);
  REQUIRE(decode_record(bytes));
  text += 'x';
  record.text = text;
  bytes.clear();
  append_record(bytes, record);
  CHECK_FALSE(decode_record(bytes));
}

TEST_CASE("append_record: a short text that is too long is cut between characters") {
  std::string why(254, 'x');
  why += "\xc3\xa4";
  std::string bytes;
  append_record(bytes, {.kind = RecordKind::leave, .text = why});
  const auto record = decode_record(bytes);
  REQUIRE(record);
  CHECK(record->message->text == std::string(254, 'x'));
}
