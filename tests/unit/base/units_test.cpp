// Tests of durations, sizes and instants, read and written.
#include "base/units.hpp"

#include <cstdint>
#include <doctest/doctest.h>
#include <limits>
#include <string_view>

using namespace netkit;
using namespace std::chrono_literals;

TEST_CASE("parse_duration: reads each unit and a bare number of seconds") {
  CHECK(*parse_duration("250ms") == 250ms);
  CHECK(*parse_duration("5s") == 5s);
  CHECK(*parse_duration("2m") == 2min);
  CHECK(*parse_duration("2min") == 2min);
  CHECK(*parse_duration("1h") == 1h);
  CHECK(*parse_duration("1d") == 24h);
  CHECK(*parse_duration("7us") == 7us);
  CHECK(*parse_duration("7ns") == 7ns);
  CHECK(*parse_duration("30") == 30s);
  CHECK(*parse_duration("1.5s") == 1500ms);
  CHECK(*parse_duration("0.1") == 100ms);
  CHECK(*parse_duration("0") == 0s);
  CHECK(*parse_duration("1.0000000009s") == 1'000'000'000ns);
  CHECK(*parse_duration("9223372036854775807ns") == Duration::max());
}

TEST_CASE("parse_duration: refuses everything else") {
  for (const std::string_view text : {"",
                                      "s",
                                      "-1s",
                                      "+1s",
                                      " 1s",
                                      "1 s",
                                      "1s ",
                                      "1.s",
                                      ".5s",
                                      "1e3",
                                      "1,5s",
                                      "1S",
                                      "1x",
                                      "0x10",
                                      "9223372036854775808ns",
                                      "9223372037s",
                                      "106752d",
                                      "99999999999999999999",
                                      "0.1ns",
                                      "0.0000000000000000001s",
                                      "inf",
                                      "nan",
                                      "1s2"}) {
    CAPTURE(text);
    const auto duration = parse_duration(text);
    REQUIRE_FALSE(duration);
    CHECK(duration.error().code == Errc::usage);
  }
}

TEST_CASE("parse_size: reads powers of 1024") {
  CHECK(parse_size("512")->bytes == 512);
  CHECK(parse_size("512B")->bytes == 512);
  CHECK(parse_size("1KiB")->bytes == 1024);
  CHECK(parse_size("64k")->bytes == 65'536);
  CHECK(parse_size("64K")->bytes == 65'536);
  CHECK(parse_size("1.5MiB")->bytes == 1'572'864);
  CHECK(parse_size("3M")->bytes == 3'145'728);
  CHECK(parse_size("2GiB")->bytes == 2'147'483'648);
  CHECK(parse_size("1T")->bytes == 1'099'511'627'776);
  CHECK(parse_size("18446744073709551615")->bytes == std::numeric_limits<std::uint64_t>::max());
  CHECK(parse_size("16777215.99999TiB")->bytes == 18446744073698556499u);
}

TEST_CASE("parse_size: refuses everything else") {
  for (const std::string_view text :
       {"", "k", "-1", "1kb", "1KB", "1MB", "1 k", "1m", "16777216TiB", "18446744073709551616",
        "0.5", "0.0001KiB", "1.2.3k"}) {
    CAPTURE(text);
    const auto size = parse_size(text);
    REQUIRE_FALSE(size);
    CHECK(size.error().code == Errc::usage);
  }
  CHECK(parse_size("1\x1b[m").error().message() ==
        "cannot read '1\\x1b[m' as a size: write it like 512, 64k, 1.5MiB or 2GiB");
}

TEST_CASE("to_text: writes durations and sizes that read back exactly") {
  CHECK(to_text(250ms) == "250ms");
  CHECK(to_text(Duration{5s}) == "5s");
  CHECK(to_text(Duration{90s}) == "90s");
  CHECK(to_text(Duration{1h}) == "1h");
  CHECK(to_text(Duration{48h}) == "2d");
  CHECK(to_text(Duration{0}) == "0s");
  CHECK(to_text(Duration{1'500'000'001}) == "1500000001ns");
  CHECK(to_text(Duration{-5s}) == "-5s");
  CHECK(to_text(Duration::min()) == "-9223372036854775808ns");
  CHECK(to_text(Size{65'536}) == "64KiB");
  CHECK(to_text(Size{16'777'216}) == "16MiB");
  CHECK(to_text(Size{1000}) == "1000");
  CHECK(to_text(Size{1536}) == "1536");
  CHECK(to_text(Size{0}) == "0");
  for (const std::int64_t ns :
       {1L, 999L, 1000L, 60'000'000'000L, 86'400'000'000'000L, 123'456'789L})
    CHECK(*parse_duration(to_text(Duration{ns})) == Duration{ns});
}

TEST_CASE("to_people: writes three digits and a unit, rounded across units") {
  CHECK(to_people(Duration{0}) == "0 ns");
  CHECK(to_people(999ns) == "999 ns");
  CHECK(to_people(1'234'567ns) == "1.23 ms");
  CHECK(to_people(45'600ns) == "45.6 us");
  CHECK(to_people(123'456ns) == "123 us");
  CHECK(to_people(9'995ns) == "10.0 us");
  CHECK(to_people(999'600ns) == "1.00 ms");
  CHECK(to_people(Duration{5s}) == "5.00 s");
  CHECK(to_people(59'960ms) == "1.00 min");
  CHECK(to_people(Duration{90min}) == "1.50 h");
  CHECK(to_people(Duration{36h}) == "1.50 d");
  CHECK(to_people(Duration::max()) == "106752 d");
  CHECK(to_people(-5ms) == "-5.00 ms");
}

TEST_CASE("to_rfc3339: writes milliseconds in UTC, rounded down") {
  using Instant = std::chrono::system_clock::time_point;
  CHECK(to_rfc3339(Instant{}) == "1970-01-01T00:00:00.000Z");
  CHECK(to_rfc3339(Instant{1'795'235'137'123ms}) == "2026-11-21T04:25:37.123Z");
  CHECK(to_rfc3339(Instant{951'782'399s + 999'999us}) == "2000-02-28T23:59:59.999Z");
  CHECK(to_rfc3339(Instant{951'782'400s}) == "2000-02-29T00:00:00.000Z");
  CHECK(to_rfc3339(Instant{-1ms}) == "1969-12-31T23:59:59.999Z");
}

TEST_CASE("seconds: a fraction of any sign") {
  CHECK(seconds(1500ms) == 1.5);
  CHECK(seconds(-1ns) == -1e-9);
  CHECK(seconds(0s) == 0);
}
