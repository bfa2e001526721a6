// Tests of the dates of HTTP, by the examples of RFC 9110.
#include "wire/http_date.hpp"

#include <doctest/doctest.h>

using namespace netkit::wire;

namespace {

constexpr std::int64_t rfc_date = 784111777;  // Sun, 06 Nov 1994 08:49:37 GMT
constexpr std::int64_t now_s = 1'800'000'000;

}  // namespace

TEST_CASE("http_date: writes the fixed form") {
  CHECK(http_date(rfc_date) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(http_date(0) == "Thu, 01 Jan 1970 00:00:00 GMT");
  CHECK(http_date(-1) == "Wed, 31 Dec 1969 23:59:59 GMT");
  CHECK(http_date(951782400) == "Tue, 29 Feb 2000 00:00:00 GMT");
}

TEST_CASE("parse_http_date: reads the three forms of RFC 9110") {
  CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT", now_s) == rfc_date);
  CHECK(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", now_s) == rfc_date);
  CHECK(parse_http_date("Sun Nov  6 08:49:37 1994", now_s) == rfc_date);
  CHECK(parse_http_date("Sun Nov 16 08:49:37 1994", now_s) == rfc_date + 10 * 86400);
  // 2027 and 50 years: 77 is this century's, 78 the last one's.
  CHECK(parse_http_date("Friday, 01-Jan-77 00:00:00 GMT", now_s) == 3376684800);
  CHECK(parse_http_date("Sunday, 01-Jan-78 00:00:00 GMT", now_s) == 252460800);
  CHECK(parse_http_date("Sun, 31 Dec 2028 23:59:60 GMT", now_s) == 1861920000);
}

TEST_CASE("parse_http_date: refuses everything else, and each of them cut short") {
  for (const std::string_view good : {"Sun, 06 Nov 1994 08:49:37 GMT",
                                      "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"})
    for (std::size_t size = 0; size < good.size(); ++size)
      CHECK_FALSE(parse_http_date(good.substr(0, size), now_s));
  for (const std::string_view bad :
       {"Sun, 06 Nov 1994 08:49:37 GMT ", "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 30 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 nov 1994 08:49:37 GMT", "0", "-1",
        "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nov -994 08:49:37 GMT"})
    CHECK_FALSE(parse_http_date(bad, now_s));
}
