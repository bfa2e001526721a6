// The bytes of each message of a transfer, and what is refused.
#include "transfer/messages.hpp"

#include <doctest/doctest.h>
#include <string>

#include "base/hex.hpp"
#include "wire/frame.hpp"

using namespace netkit;
using namespace netkit::transfer;
using namespace std::string_literals;

namespace {

template <typename T>
std::string bytes_of(const T& message) {
  std::string out;
  append(out, 7, message);
  return out;
}

/// The frame that `bytes` are, whole.
wire::Frame frame_of(std::string& bytes) {
  const wire::FrameDecoder decoder{1 << 20};
  const auto decoded = decoder.next(bytes);
  REQUIRE(decoded);
  REQUIRE(decoded->message);
  REQUIRE(decoded->used == bytes.size());
  return *decoded->message;
}

template <typename T>
T request_of(std::string bytes) {
  const auto request = decode_request(frame_of(bytes));
  REQUIRE(request);
  REQUIRE(std::holds_alternative<T>(*request));
  return std::get<T>(*request);
}

template <typename T>
T answer_of(std::string bytes) {
  const auto answer = decode_answer(frame_of(bytes));
  REQUIRE(answer);
  REQUIRE(std::holds_alternative<T>(*answer));
  return std::get<T>(*answer);
}

Hash hash_with(char first) {
  Hash hash{};
  hash[0] = first;
  return hash;
}

wire::Frame frame(std::uint16_t type, std::string_view body) {
  return {.type = type, .flags = 0, .stream = 7, .body = body};
}

}  // namespace

TEST_CASE("transfer messages: the bytes of requests") {
  CHECK(bytes_of(List{true, "a/b"}) ==
        "\xF7NK\x01"s + "\0\x10\0\0"s + "\0\0\0\x07"s + "\0\0\0\x04"s + "\x01" + "a/b");
  Get get;
  get.recursive = true;
  get.from = chunk_size;
  get.count = 2 * chunk_size;
  get.version = 5;
  get.path = "x";
  CHECK(bytes_of(get) == "\xF7NK\x01"s + "\0\x11\0\0"s + "\0\0\0\x07"s + "\0\0\0\x1a"s + "\x03" +
                             "\0\0\0\0\0\x10\0\0"s + "\0\0\0\0\0\x20\0\0"s + "\0\0\0\0\0\0\0\x05"s +
                             "x");
  Put put;
  put.replace = true;
  put.mode = 0644;
  put.mtime_ns = -1;
  put.size = 3;
  put.path = "n";
  CHECK(bytes_of(put).substr(16) ==
        "\x01\0\0\x01\xa4"s + "\xff\xff\xff\xff\xff\xff\xff\xff"s + "\0\0\0\0\0\0\0\x03n"s);
  CHECK(bytes_of(Ask{Question::info}).substr(16) == "\x02");
  std::string head;
  append_data_head(head, 7, 9, 4);
  CHECK(head ==
        "\xF7NK\x01"s + "\0\x15\0\0"s + "\0\0\0\x07"s + "\0\0\0\x0c"s + "\0\0\0\0\0\0\0\x09"s);
}

TEST_CASE("transfer messages: requests come back as they were") {
  const auto list = request_of<List>(bytes_of(List{true, "logs/*.gz"}));
  CHECK(list.recursive);
  CHECK(list.path == "logs/*.gz");
  Get get;
  get.checked = false;
  get.follow = true;
  get.from = 3;
  get.path = "a\xff\n";
  const auto got = request_of<Get>(bytes_of(get));
  CHECK_FALSE(got.checked);
  CHECK(got.follow);
  CHECK(got.from == 3);
  CHECK(got.path == "a\xff\n");
  const auto hashes = request_of<Hashes>(bytes_of(Hashes{77, "p"}));
  CHECK(hashes.version == 77);
  Put put;
  put.resume = true;
  put.folder = true;
  put.mode = 0100755;
  put.path = "d";
  const auto stored = request_of<Put>(bytes_of(put));
  CHECK(stored.resume);
  CHECK(stored.folder);
  CHECK(stored.mode == 0755);
  CHECK(request_of<Ask>(bytes_of(Ask{})).what == Question::time);
}

TEST_CASE("transfer messages: answers come back as they were") {
  Entry entry;
  entry.facts = {.kind = Kind::folder, .mode = 0750, .size = 0, .mtime_ns = 5, .version = 6};
  entry.path = "top/in";
  entry.base = 4;
  const auto told = answer_of<Entry>(bytes_of(entry));
  CHECK(told.facts.kind == Kind::folder);
  CHECK(told.facts.mode == 0750);
  CHECK(told.below_base() == "in");
  CHECK(answer_of<Chunk>(bytes_of(Chunk{4, hash_with('h')})).hash == hash_with('h'));
  CHECK(answer_of<End>(bytes_of(End{given_up, {}})).size == given_up);
  const auto have = answer_of<Have>(bytes_of(Have{2, true, {hash_with('a'), hash_with('b')}}));
  CHECK(have.first == 2);
  CHECK(have.last);
  REQUIRE(have.hashes.size() == 2);
  CHECK(have.hashes[1] == hash_with('b'));
  CHECK(answer_of<Stored>(bytes_of(Stored{9})).version == 9);
  const auto failed = answer_of<Failed>(bytes_of(Failed{"p\xfe", "{}"}));
  CHECK(failed.path == "p\xfe");
  CHECK(failed.json == "{}");
  CHECK(answer_of<Done>(bytes_of(Done{3, 1})).failed == 1);
  CHECK(answer_of<Text>(bytes_of(Text{"12:00:00"})).text == "12:00:00");
  CHECK(answer_of<Refusal>(bytes_of(Refusal{"{}"})).json == "{}");
}

TEST_CASE("transfer messages: every truncation of fixed fields is refused") {
  Get get;
  get.path = "";
  Put put;
  put.path = "n";
  for (std::string whole : {bytes_of(get), bytes_of(Hashes{}), bytes_of(Ask{}), bytes_of(put)}) {
    const wire::Frame full = frame_of(whole);
    const std::size_t fixed = full.body.size() - (full.type == frame_type::put ? 1 : 0);
    for (std::size_t size = 0; size < fixed; ++size) {
      CAPTURE(full.type);
      CAPTURE(size);
      CHECK_FALSE(decode_request({full.type, 0, 7, full.body.substr(0, size)}));
    }
  }
  for (std::string whole : {bytes_of(Chunk{}), bytes_of(End{}), bytes_of(Entry{}),
                            bytes_of(Stored{}), bytes_of(Done{})}) {
    const wire::Frame full = frame_of(whole);
    for (std::size_t size = 0; size < full.body.size(); ++size)
      CHECK_FALSE(decode_answer({full.type, 0, 7, full.body.substr(0, size)}));
  }
}

TEST_CASE("transfer messages: what makes no sense is refused") {
  CHECK_FALSE(decode_request(frame(frame_type::list, "\x02")));     // An unknown flag.
  CHECK_FALSE(decode_request(frame(frame_type::list, "\0a\0b"s)));  // A NUL.
  CHECK_FALSE(decode_request(frame(frame_type::ask, "\x03")));
  CHECK_FALSE(decode_request(frame(frame_type::ask, "\x01z")));
  CHECK(decode_request(frame(99, "")).error().code == Errc::unexpected);
  const std::string numbers(24, '\0');
  CHECK_FALSE(decode_request(frame(frame_type::put, "\0"s + std::string(20, '\0'))));  // No name.
  CHECK_FALSE(decode_request(
      frame(frame_type::put, "\0"s + std::string(12, '\0') + "\xff" + std::string(7, '\0') + "n")));
  CHECK_FALSE(decode_request(frame(frame_type::hashes, std::string(8, '\0') + "../x")));
  // A checked range is whole chunks.
  CHECK_FALSE(decode_request(frame(
      frame_type::get, "\x01"s + std::string(7, '\0') + "\x05" + std::string(16, '\0') + "n")));
  CHECK_FALSE(decode_request(frame(frame_type::list, "\0"s + std::string(path_size_max + 1, 'a'))));
  CHECK_FALSE(decode_answer(frame(frame_type::have, numbers.substr(0, 9) + "odd")));
  CHECK_FALSE(decode_answer(frame(frame_type::have, numbers.substr(0, 8) + "\x02")));
  CHECK_FALSE(decode_answer(frame(frame_type::failed, "\0\x09short"s)));
  CHECK_FALSE(decode_answer(frame(frame_type::text, "\xff")));
  Entry entry;
  entry.path = "a";
  entry.base = 2;
  std::string beyond = bytes_of(entry);
  CHECK_FALSE(decode_answer(frame_of(beyond)));
  entry.path = "../a";
  entry.base = 0;
  std::string outside = bytes_of(entry);
  CHECK_FALSE(decode_answer(frame_of(outside)));
}
