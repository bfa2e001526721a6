// Tests of the text and JSON forms of one event: literal lines, hostile values.
#include "log/line.hpp"

#include <doctest/doctest.h>
#include <initializer_list>
#include <limits>
#include <string>

using namespace netkit;
using namespace netkit::log;
using namespace std::chrono_literals;
using namespace std::string_view_literals;

namespace {

constexpr std::chrono::system_clock::time_point instant{1'795'235'137'123ms};

std::string line(const Style& style, std::initializer_list<Field> fields,
                 Level level = Level::info) {
  std::string text;
  append_line(text, style, {instant, level, "echo", "connect", {fields.begin(), fields.size()}});
  return text;
}

std::string text_of(std::string_view value) {
  const std::string all = line({}, {{"v", value}});
  const std::string begin = "2026-11-21T04:25:37.123Z info echo: connect v=";
  REQUIRE(all.starts_with(begin));
  REQUIRE(all.ends_with('\n'));
  return all.substr(begin.size(), all.size() - begin.size() - 1);
}

constexpr Style json{Format::json, false, false};

}  // namespace

TEST_CASE("append_line: writes the text form") {
  CHECK(line({}, {{"address", "127.0.0.1"}, {"port", 4242}, {"active", 1u}}) ==
        "2026-11-21T04:25:37.123Z info echo: connect address=127.0.0.1 port=4242 active=1\n");
  CHECK(line({}, {}) == "2026-11-21T04:25:37.123Z info echo: connect\n");
}

TEST_CASE("append_line: writes each kind of value as text") {
  const std::string text = "owned";
  CHECK(line({}, {{"s", text},
                  {"i", std::numeric_limits<std::int64_t>::min()},
                  {"u", std::numeric_limits<std::uint64_t>::max()},
                  {"d", 0.25},
                  {"b", true},
                  {"t", 1234567ns},
                  {"z", 5s}}) ==
        "2026-11-21T04:25:37.123Z info echo: connect s=owned i=-9223372036854775808 "
        "u=18446744073709551615 d=0.25 b=true t=1.23ms z=5.00s\n");
}

TEST_CASE("append_line: writes the JSON form, durations in seconds") {
  CHECK(line(json, {{"address", "::1"}, {"port", 1}, {"tls", false}, {"took", 250ms}}) ==
        R"({"time":"2026-11-21T04:25:37.123Z","level":"info","service":"echo",)"
        R"("event":"connect","address":"::1","port":1,"tls":false,"took":0.25})"
        "\n");
  CHECK(line(json, {{"d", std::numeric_limits<double>::quiet_NaN()}, {"e", 1.5}}, Level::warn) ==
        R"({"time":"2026-11-21T04:25:37.123Z","level":"warn","service":"echo",)"
        R"("event":"connect","d":null,"e":1.5})"
        "\n");
}

TEST_CASE("append_line: quotes a text value that could be taken for something else") {
  CHECK(text_of("plain") == "plain");
  CHECK(text_of("日本") == "日本");
  CHECK(text_of("tcp://[::1]:90") == "tcp://[::1]:90");
  CHECK(text_of("") == R"("")");
  CHECK(text_of("a b") == R"("a b")");
  CHECK(text_of("a=b") == R"("a=b")");
  CHECK(text_of("say \"hi\"") == R"("say \"hi\"")");
  CHECK(text_of("a\\b") == R"("a\\b")");
  CHECK(text_of("\\\" x=1") == R"("\\\" x=1")");
}

TEST_CASE("append_line: a peer's bytes forge no line, no field and no colour") {
  CHECK(text_of("x\n2026-11-21T04:25:37.123Z error echo: fire") ==
        R"("x\n2026-11-21T04:25:37.123Z error echo: fire")");
  CHECK(text_of("\x1b[31mred\r\0"sv) == R"("\x1b[31mred\x0d\x00")");
  CHECK(text_of("\xff\xc2\x9b") == R"("\xff\xc2\x9b")");
  CHECK(text_of("\xe2\x80\xae") == R"("\xe2\x80\xae")");
  CHECK(line(json, {{"v", "\n\x1b\"\xff"}}).find("\"v\":\"\\n\\u001b\\\"\xef\xbf\xbd\"}\n") !=
        std::string::npos);
}

TEST_CASE("append_line: every byte value leaves one line") {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string value(3, static_cast<char>(byte));
    for (const Style& style : {Style{}, json}) {
      const std::string text = line(style, {{"v", value}});
      CHECK(text.find_first_of("\n\r\x1b\x7f") == text.size() - 1);
    }
  }
}

TEST_CASE("append_line: cuts a long value at a character") {
  CHECK(text_of(std::string(1024, 'a')) == std::string(1024, 'a'));
  CHECK(text_of(std::string(1025, 'a')) == std::string(1024, 'a') + "...");
  CHECK(text_of(std::string(5000, ' ')) == '"' + std::string(1024, ' ') + "...\"");
  CHECK(text_of(std::string(1022, 'a') + "日本") == std::string(1022, 'a') + "...");
  CHECK(text_of(std::string(1021, 'a') + "日本") == std::string(1021, 'a') + "日...");
  CHECK(line(json, {{"v", std::string(2000, 'a')}}).ends_with("aaa...\"}\n"));
}

TEST_CASE("append_line: journald gets the priority and no time in text") {
  const Style journal{Format::text, true, false};
  CHECK(line(journal, {}, Level::error) == "<3>error echo: connect\n");
  CHECK(line(journal, {}, Level::warn) == "<4>warn echo: connect\n");
  CHECK(line(journal, {}, Level::info) == "<6>info echo: connect\n");
  CHECK(line(journal, {}, Level::debug) == "<7>debug echo: connect\n");
  CHECK(line(journal, {}, Level::trace) == "<7>trace echo: connect\n");
  CHECK(line({Format::json, true, false}, {}).starts_with(R"(<6>{"time":"2026-)"));
}

TEST_CASE("append_line: colours the level alone, and only when told") {
  CHECK(line({Format::text, false, true}, {{"v", "x"}}, Level::error) ==
        "2026-11-21T04:25:37.123Z \x1b[31merror\x1b[0m echo: connect v=x\n");
  CHECK(line({Format::json, false, true}, {}).find('\x1b') == std::string::npos);
}

TEST_CASE("parse_level: reads every level and suggests the nearest") {
  for (const Level level :
       {Level::trace, Level::debug, Level::info, Level::warn, Level::error, Level::off})
    CHECK(*parse_level(to_text(level)) == level);
  CHECK(*parse_level("WARNING") == Level::warn);
  CHECK(*parse_level("Info") == Level::info);
  CHECK(parse_level("debgu").error().hint == "did you mean 'debug'?");
  CHECK(parse_level("loud").error().hint == "it is one of trace, debug, info, warn, error, off");
  CHECK(parse_level("").error().code == Errc::usage);
}
