// Tests of the JSON writer.
#include "base/json.hpp"

#include <cstdint>
#include <doctest/doctest.h>
#include <limits>
#include <string>
#include <string_view>

using namespace netkit;
using namespace std::string_view_literals;

namespace {

std::string quoted(std::string_view text) {
  std::string json;
  append_json_string(json, text);
  return json;
}

}  // namespace

TEST_CASE("append_json_string: escapes what RFC 8259, 7 demands") {
  CHECK(quoted("a\"b\\c/") == R"("a\"b\\c/")");
  CHECK(quoted("\b\f\n\r\t\0\x1f"sv) == R"("\b\f\n\r\t\u0000\u001f")");
  CHECK(quoted("日本") == "\"日本\"");
}

TEST_CASE("append_json_string: writes what drives a terminal as code units") {
  CHECK(quoted("\x7f\xc2\x9b") == R"("\u007f\u009b")");
  CHECK(quoted("\xe2\x80\xae") == R"("\u202e")");
  CHECK(quoted("\xf3\xa0\x80\x81") == R"("\udb40\udc01")");  // U+E0001
}

TEST_CASE("append_json_string: puts U+FFFD for each stray byte") {
  CHECK(quoted("a\xff\xfe") == "\"a\xef\xbf\xbd\xef\xbf\xbd\"");
  CHECK(quoted("\xe6\x97") == "\"\xef\xbf\xbd\xef\xbf\xbd\"");
}

TEST_CASE("JsonObject: writes members in the order they were added") {
  CHECK(JsonObject{}.str() == "{}");
  JsonObject object;
  object.add("event", "listening").add("port", std::uint16_t{9090}).add("tls", false);
  object.add("least", std::numeric_limits<std::int64_t>::min());
  object.add("most", std::numeric_limits<std::uint64_t>::max());
  object.add_raw("list", "[1,2]").add("name", std::string{"\"x\""});
  CHECK(object.str() ==
        R"({"event":"listening","port":9090,"tls":false,"least":-9223372036854775808,)"
        R"("most":18446744073709551615,"list":[1,2],"name":"\"x\""})");
}

TEST_CASE("JsonObject: a number that JSON lacks is null") {
  JsonObject object;
  object.add("a", 0.25).add("b", std::numeric_limits<double>::quiet_NaN());
  object.add("c", -std::numeric_limits<double>::infinity()).add("d", 3.0).add("e", 1e-7);
  CHECK(object.str() == R"({"a":0.25,"b":null,"c":null,"d":3,"e":1e-07})");
}
