// The JSON reader: what it takes, what it refuses, and that every limit holds. Texts are literals,
// some after the cases of RFC 8259 and of Seriot's "Parsing JSON is a Minefield".
#include "wire/json.hpp"

#include <doctest/doctest.h>

using namespace netkit;
using namespace std::literals;
using wire::Json;

namespace {

Json value_of(std::string_view text) {
  auto parsed = Json::parse(text);
  REQUIRE_MESSAGE(parsed, text);
  return std::move(*parsed);
}

Error refusal_of(std::string_view text, const wire::JsonLimits& limits = {}) {
  const auto parsed = Json::parse(text, limits);
  REQUIRE_MESSAGE(!parsed, text);
  return parsed.error();
}

std::string repeated(std::string_view part, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i)
    text += part;
  return text;
}

}  // namespace

TEST_CASE("Json: a request is looked into without a test before each step") {
  const Json request = value_of(
      R"({"id":7,"do":"order","hosts":["web1","web2"],"all":false,"delay":1.5,"reason":null})");
  CHECK(request.is_object());
  CHECK(request.integer("id") == 7);
  CHECK(request.string("do") == "order"sv);
  CHECK(request.boolean("all") == false);
  CHECK(request.number("delay") == 1.5);
  CHECK(request.number("id") == 7.0);
  REQUIRE(request.find("reason"));
  CHECK(request.find("reason")->is_null());
  REQUIRE(request.items("hosts").size() == 2);
  CHECK(request.items("hosts")[0].string() == "web1"sv);
  CHECK(request.items("hosts")[1].string() == "web2"sv);

  CHECK(request.find("absent") == nullptr);
  CHECK(!request.string("absent"));
  CHECK(!request.string("id"));
  CHECK(!request.integer("do"));
  CHECK(!request.integer("delay"));
  CHECK(!request.boolean("id"));
  CHECK(!request.number("hosts"));
  CHECK(request.items("do").empty());
  CHECK(request.find("hosts")->find("0") == nullptr);
  CHECK(request.items("hosts")[0].find("") == nullptr);
}

TEST_CASE("Json: members are found in any order and listed by name") {
  const Json object = value_of(R"({"b":2,"":0,"c":3,"a":1})");
  REQUIRE(object.keys().size() == 4);
  const char* names[] = {"", "a", "b", "c"};
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(object.keys()[i] == names[i]);
    CHECK(object.values()[i].integer() == static_cast<std::int64_t>(i));
    CHECK(object.integer(names[i]) == static_cast<std::int64_t>(i));
  }
  CHECK(value_of("{}").is_object());
  CHECK(value_of("{}").keys().empty());
  CHECK(value_of(" [ ] ").is_array());
  CHECK(value_of("[]").items().empty());
  CHECK(value_of("[[1],{\"a\":[]}]").items()[1].find("a")->is_array());
}

TEST_CASE("Json: whole numbers are exact within 64 bits, all others are doubles") {
  CHECK(value_of("0").integer() == 0);
  CHECK(value_of("-0").integer() == 0);
  CHECK(value_of("9007199254740993").integer() == 9007199254740993);
  CHECK(value_of("9223372036854775807").integer() == INT64_MAX);
  CHECK(value_of("-9223372036854775808").integer() == INT64_MIN);
  CHECK(!value_of("9223372036854775808").integer());
  CHECK(value_of("9223372036854775808").number() == 9223372036854775808.0);
  CHECK(value_of("18446744073709551616").number() == 18446744073709551616.0);
  CHECK(!value_of("1.0").integer());
  CHECK(value_of("1.0").number() == 1.0);
  CHECK(value_of("-1.5e3").number() == -1500.0);
  CHECK(value_of("1E-2").number() == 0.01);
}

TEST_CASE("Json: strings are decoded to UTF-8") {
  CHECK(value_of(R"("a\"\\\/\b\f\n\r\tz")").string() == "a\"\\/\b\f\n\r\tz"sv);
  CHECK(value_of(R"("\u0041\u00e9\u20ac\ud83d\ude00")").string() == "Aé€😀"sv);
  CHECK(value_of(R"("x\u0000y")").string() == "x\0y"sv);
  CHECK(value_of("\"é€😀\"").string() == "é€😀"sv);
  CHECK(value_of(R"({"\u0061":1})").integer("a") == 1);
  CHECK(value_of("\"\x7f\"").string() == "\x7f"sv);
}

TEST_CASE("Json: refuses what RFC 8259 does not allow") {
  for (const std::string_view text : {""sv,
                                      " "sv,
                                      "{"sv,
                                      "}"sv,
                                      "[1,]"sv,
                                      "[,1]"sv,
                                      "{\"a\":1,}"sv,
                                      "{\"a\"}"sv,
                                      "{1:2}"sv,
                                      "{a:1}"sv,
                                      "{'a':1}"sv,
                                      "[1 2]"sv,
                                      "[1]]"sv,
                                      "{} {}"sv,
                                      "nul"sv,
                                      "nulll"sv,
                                      "True"sv,
                                      "NaN"sv,
                                      "Infinity"sv,
                                      "-"sv,
                                      "+1"sv,
                                      "01"sv,
                                      "1."sv,
                                      ".5"sv,
                                      "1e"sv,
                                      "0x10"sv,
                                      "1e999"sv,
                                      "-1e999"sv,
                                      "\""sv,
                                      "\"\n\""sv,
                                      "\"\t\""sv,
                                      "\"\\x41\""sv,
                                      "\"\\u12\""sv,
                                      "\"\\ud800\""sv,
                                      "\"\\ude00\""sv,
                                      "\"\\ud800\\u0041\""sv,
                                      "//a\n1"sv,
                                      "/**/1"sv,
                                      "\f1"sv,
                                      "1\0"sv,
                                      "{}\0{}"sv,
                                      "\0"sv,
                                      "\"a\0b\""sv,
                                      "\xef\xbb\xbf{}"sv,
                                      "\xef\xbb\xbf"sv,
                                      "\xc2\xa0"
                                      "1"sv})
    CHECK_MESSAGE(refusal_of(text).code == Errc::malformed, text);
}

TEST_CASE("Json: refuses what is not UTF-8, wherever it stands") {
  for (const std::string_view text :
       {"\"\xff\""sv, "\"\xc0\xaf\""sv, "\"\xed\xa0\x80\""sv, "\"\xe2\x82\""sv, "\xff"sv,
        "{\"\x80\":1}"sv, "\"\xf5\x80\x80\x80\""sv, "1\xfe"sv})
    CHECK(refusal_of(text).code == Errc::not_utf8);
}

TEST_CASE("Json: refuses two members of one name, also if written differently") {
  const Error error = refusal_of(R"({"token":"a","x":{},"\u0074oken":"b"})");
  CHECK(error.code == Errc::malformed);
  CHECK(error.message() == "cannot read JSON with two members named 'token': not a valid message");
  CHECK(refusal_of(R"([{"a":{"b":1,"b":1}}])").code == Errc::malformed);
  CHECK(refusal_of("{\"\\u001b[2J\":1,\"\\u001b[2J\":1}").message().find('\x1b') ==
        std::string::npos);
  CHECK(value_of(R"([{"a":1},{"a":2}])").items()[1].integer("a") == 2);
}

TEST_CASE("Json: nesting is refused at the level beyond the limit, however deep") {
  CHECK(Json::parse(repeated("[", 32) + repeated("]", 32)));
  CHECK(refusal_of(repeated("[", 33) + repeated("]", 33)).code == Errc::too_large);
  CHECK(refusal_of(repeated("[", 500'000)).code == Errc::too_large);
  CHECK(refusal_of(repeated("{\"a\":", 100'000)).code == Errc::too_large);
  CHECK(refusal_of("[[1]]", {.depth_max = 1}).code == Errc::too_large);
  CHECK(Json::parse("1", {.depth_max = 0}));
}

TEST_CASE("Json: the number of values is limited, containers included") {
  CHECK(Json::parse("[1,2,[]]", {.values_max = 4}));
  CHECK(refusal_of("[1,2,[]]", {.values_max = 3}).code == Errc::too_large);
  CHECK(Json::parse("[" + repeated("0,", 99'998) + "0]"));
  CHECK(refusal_of("[" + repeated("0,", 99'999) + "0]").code == Errc::too_large);
}

TEST_CASE("Json: the size is refused before anything is read") {
  CHECK(Json::parse("[1]", {.size_max = 3}));
  CHECK(refusal_of("\xff\xff\xff\xff", {.size_max = 3}).code == Errc::too_large);
}

TEST_CASE("Json: a malformed text is refused with its byte") {
  CHECK(refusal_of("[1,x]").message() == "cannot read JSON at byte 4: not a valid message");
}

TEST_CASE("Json: a text cut at any byte is refused, never half taken") {
  constexpr std::string_view text = R"({"a":[1,-2.5e1,"\u00e9\n"],"b":{"c":true,"d":null}})";
  for (std::size_t size = 0; size < text.size(); ++size)
    CHECK(!Json::parse(text.substr(0, size)));
  CHECK(Json::parse(text));
}
