// The bytes of a lane: slices, blocks, what is dropped, where a cut ends.
#include "commands/relay/lane.hpp"

#include <doctest/doctest.h>
#include <string>

namespace netkit::relay {
namespace {

std::string message(std::uint64_t number, std::size_t size) {
  std::string text = std::to_string(number);
  text.resize(size, '.');
  return text;
}

TEST_CASE("LaneBytes: gives whole messages in a row, at most as many bytes as asked") {
  LaneBytes lane{5};
  for (const char* const text : {"one", "two", "three"})
    lane.append(text);
  CHECK(lane.first() == 5);
  CHECK(lane.next() == 8);
  CHECK(lane.slice(5, 100).bytes == "onetwothree");
  CHECK(lane.slice(5, 100).count == 3);
  CHECK(lane.slice(6, 100).bytes == "twothree");
  CHECK(lane.slice(5, 7).bytes == "onetwo");
  CHECK(lane.slice(5, 6).count == 2);
  CHECK(lane.slice(7, 1).bytes == "three");
  CHECK(lane.slice(8, 100).empty());
  CHECK(lane.slice(4, 100).empty());
}

TEST_CASE("LaneBytes: a message larger than a block has one of its own") {
  LaneBytes lane{1};
  lane.append("a");
  lane.append(message(2, 200'000));
  lane.append("b");
  CHECK(lane.slice(1, 1'000'000).bytes == "a");
  CHECK(lane.slice(2, 10).bytes.size() == 200'000);
  CHECK(lane.slice(3, 10).bytes == "b");
}

TEST_CASE("LaneBytes: what is dropped frees memory, and slices taken before stay") {
  LaneBytes lane{1};
  for (std::uint64_t number = 1; number <= 1000; ++number)
    lane.append(message(number, 1000));
  const Slice kept = lane.slice(1, 2000);
  const std::size_t before = lane.size();
  lane.drop_before(900);
  CHECK(lane.size() < before / 4);
  CHECK(lane.first() <= 900);
  CHECK(lane.slice(1, 2000).empty());
  CHECK(lane.slice(900, 1000).bytes == message(900, 1000));
  CHECK(kept.bytes.substr(0, 1000) == message(1, 1000));
  lane.drop_before(2000);
  CHECK(lane.first() == 1001);
  CHECK(lane.size() == 0);
  lane.append("next");
  CHECK(lane.slice(1001, 10).bytes == "next");
}

TEST_CASE("LaneBytes: a cut goes to the end of the message that was begun") {
  LaneBytes lane{1};
  for (const char* const text : {"one", "two", "three"})
    lane.append(text);
  const Slice all = lane.slice(1, 100);
  const auto check = [&](std::size_t at, std::size_t size, std::uint64_t count) {
    CAPTURE(at);
    CHECK(lane.cut(all, at).size == size);
    CHECK(lane.cut(all, at).count == count);
  };
  // Nothing was sent: the first message is begun all the same, so that something waits.
  check(0, 3, 1);
  check(2, 3, 1);
  check(3, 6, 2);
  check(6, 11, 3);
  check(10, 11, 3);
  lane.drop_before(4);
  check(2, 11, 3);
}

}  // namespace
}  // namespace netkit::relay
