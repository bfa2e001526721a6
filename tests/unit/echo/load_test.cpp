// Tests of when the messages of a paced load leave, and of what they carry.
#include "commands/echo/load.hpp"

#include <doctest/doctest.h>
#include <set>

#include "commands/echo/payload.hpp"

using namespace netkit;
using namespace netkit::echo;
using namespace std::chrono_literals;

namespace {

constexpr Pace pace(double per_second) {
  return {.per_second = per_second, .length = 10s};
}

}  // namespace

TEST_CASE("due: one connection sends at equal distances, the first message at once") {
  CHECK(due(pace(10), 0, 0, 1) == 0ns);
  CHECK(due(pace(10), 1, 0, 1) == 100ms);
  CHECK(due(pace(10), 25, 0, 1) == 2500ms);
  CHECK(due(pace(0.5), 3, 0, 1) == 6s);
}

TEST_CASE("due: connections take turns, so that all messages together keep the pace") {
  // 1,000 a second over 4 connections: every millisecond the next one.
  for (std::uint64_t number = 0; number < 3; ++number)
    for (std::size_t index = 0; index < 4; ++index)
      CHECK(due(pace(1000), number, index, 4) == (number * 4 + index) * 1ms);
}

TEST_CASE("due: what lies beyond every phase is never due, and nothing overflows") {
  CHECK(due(pace(1), 2'000'000'000, 0, 1) == Duration::max());
  CHECK(due(pace(1e-300), 1, 0, 1) == Duration::max());
  CHECK(due(pace(1), UINT64_MAX, SIZE_MAX - 1, SIZE_MAX) == Duration::max());
  CHECK(due(pace(1e300), 5, 0, 1) == 0ns);
}

TEST_CASE("numbered_payload: has the size asked for and begins with its number") {
  CHECK(numbered_payload(7, 12) == "7 abcdefghij");
  CHECK(numbered_payload(0, 40) == "0 abcdefghijklmnopqrstuvwxyz0123456789ab");
  CHECK(numbered_payload(12345, 6) == "12345 ");
  CHECK(numbered_payload(12345, 3) == "45 ");
  CHECK(numbered_payload(5, 0).empty());
  CHECK(numbered_payload(3, 16 * 1024 * 1024).size() == 16 * 1024 * 1024);
  CHECK(numbered_payload(UINT64_MAX, 21) == "18446744073709551615 ");
}

TEST_CASE("numbered_payload: neighbours differ, and no byte ends a line") {
  for (const std::uint64_t size : {2u, 3u, 8u, 64u, 1000u}) {
    std::set<std::string> seen;
    for (std::uint64_t number = 0; number < 10; ++number) {
      const std::string payload = numbered_payload(number + 9995, size);
      CHECK(payload.size() == size);
      CHECK(payload.find_first_of("\r\n") == std::string::npos);
      seen.insert(payload);
    }
    CHECK_MESSAGE(seen.size() == 10, size);
  }
}

TEST_CASE("check_payload: 1 byte to 16 MiB") {
  CHECK(check_payload({1}));
  CHECK(check_payload({16 * 1024 * 1024}));
  CHECK(check_payload({0}).error().code == Errc::usage);
  CHECK(check_payload({16 * 1024 * 1024 + 1}).error().code == Errc::usage);
  CHECK(check_payload({UINT64_MAX}).error().code == Errc::usage);
}
