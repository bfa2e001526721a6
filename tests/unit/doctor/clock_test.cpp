// Tests of the arithmetic of clocks, with packets written out by hand.
#include "commands/doctor/clock.hpp"

#include <doctest/doctest.h>

using namespace netkit;
using namespace netkit::doctor;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

using Instant = std::chrono::system_clock::time_point;

// 1994-11-06 08:49:37 UTC is 784111777 s after 1970 and 2993100577 (b2671721) s after 1900.
const Instant asked{784111777s};
const std::string question = sntp_question(0x0102030405060708);

/// Of stratum 2. `received` and `sent` are the seconds since 1900 and 32 bits behind the point.
std::string answer(const std::string& received, const std::string& sent) {
  return "\x24\x02"s + std::string(22, '\0') + "\1\2\3\4\5\6\7\x08"s + received + sent;
}
const std::string at_asked = "\xb2\x67\x17\x21\0\0\0\0"s;
const std::string half_later = "\xb2\x67\x17\x21\x80\0\0\0"s;

}  // namespace

TEST_CASE("sntp_question: a client's packet of version 4 with nothing but the cookie") {
  CHECK(question == "\x23"s + std::string(39, '\0') + "\1\2\3\4\5\6\7\x08"s);
}

TEST_CASE("read_sntp: the way there and back does not count, and bounds the error") {
  const auto same = read_sntp(question, answer(half_later, half_later), {asked, asked + 1s});
  REQUIRE(same);
  CHECK(same->ahead == 0ms);
  CHECK(same->within == 500ms);
  CHECK(same->by == "SNTP");
  const auto ahead = read_sntp(question, answer(half_later, half_later), {asked, asked});
  REQUIRE(ahead);
  CHECK(ahead->ahead == 500ms);
  CHECK(ahead->within == 0ms);
  const auto behind = read_sntp(question, answer(at_asked, at_asked), {asked + 1h, asked + 1h});
  REQUIRE(behind);
  CHECK(behind->ahead == -1h);
}

TEST_CASE("read_sntp: seconds that began anew in 2036 are those after") {
  // 2036-02-07 06:28:16 UTC is the first second of the next era, 2085978496 s after 1970.
  const Instant before{2085978495s};
  const auto offset =
      read_sntp(question, answer("\0\0\0\1\0\0\0\0"s, "\0\0\0\1\0\0\0\0"s), {before, before});
  REQUIRE(offset);
  CHECK(offset->ahead == 2s);
}

TEST_CASE("read_sntp: refuses what is cut short, of another question, or not set itself") {
  const Exchange exchange{asked, asked};
  const std::string good = answer(at_asked, at_asked);
  REQUIRE(read_sntp(question, good, exchange));
  for (std::size_t size = 0; size < good.size(); ++size)
    CHECK_FALSE(read_sntp(question, good.substr(0, size), exchange));
  CHECK_FALSE(read_sntp(sntp_question(1), good, exchange));
  for (const char first : {'\x23', '\xe4', '\x25', '\0'}) {  // A client, unknown, broadcast, none.
    std::string bad = good;
    bad[0] = first;
    CHECK_FALSE(read_sntp(question, bad, exchange));
  }
  for (const char stratum : {'\0', '\x10', '\xff'}) {  // Kiss of death, not synchronised, none.
    std::string bad = good;
    bad[1] = stratum;
    CHECK_FALSE(read_sntp(question, bad, exchange));
  }
}

TEST_CASE("read_date: whole seconds, so half of one is added and half of one may be wrong") {
  const auto offset = read_date("Sun, 06 Nov 1994 09:49:37 GMT", {asked, asked + 200ms});
  REQUIRE(offset);
  CHECK(offset->ahead == 1h + 400ms);
  CHECK(offset->within == 600ms);
  CHECK(offset->by == "HTTP");
  CHECK_FALSE(read_date("yesterday", {asked, asked}));
  CHECK_FALSE(read_date("Fri, 31 Dec 9999 23:59:59 GMT", {asked, asked}));
}
