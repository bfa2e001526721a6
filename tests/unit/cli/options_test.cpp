// Tests of declared options: reading values, choices, going back to the defaults.
#include "cli/options.hpp"

#include <doctest/doctest.h>

#include "cli/client.hpp"
#include "cli/globals.hpp"

using namespace netkit;
using namespace netkit::cli;
using namespace std::chrono_literals;

namespace {

using Texts = std::vector<std::string>;

template <typename T>
bool reads(std::string_view text, const T& expected) {
  T value{};
  return read_value(text, value) && value == expected;
}

template <typename T>
bool refuses(std::string_view text) {
  T value{};
  const Status read = read_value(text, value);
  return !read && read.error().code == Errc::usage;
}

}  // namespace

TEST_CASE("read_value: numbers stay within their type") {
  CHECK(reads<unsigned>("0", 0));
  CHECK(reads<std::uint64_t>("18446744073709551615", UINT64_MAX));
  CHECK(reads<int>("-7", -7));
  for (const std::string_view text : {"", "-1", "4294967296", "1.5", "0x10", " 1", "1 ", "+1", "x"})
    CHECK_MESSAGE(refuses<unsigned>(text), text);
  unsigned value = 7;
  CHECK(read_value("9x", value).error().hint == "expected 0 to 4294967295");
}

TEST_CASE("read_value: truth in four words each way") {
  for (const std::string_view text : {"true", "yes", "on", "1", "TRUE", "Yes"})
    CHECK(reads(text, true));
  bool value = true;
  for (const std::string_view text : {"false", "no", "off", "0", "OFF"}) {
    value = true;
    CHECK(read_value(text, value));
    CHECK_FALSE(value);
  }
  for (const std::string_view text : {"", "2", "y", "maybe", " true"})
    CHECK(refuses<bool>(text));
}

TEST_CASE("read_value: durations, sizes, fractions, endpoints, networks, text") {
  CHECK(reads<Duration>("250ms", 250ms));
  CHECK(reads<Duration>("5", 5s));
  CHECK(refuses<Duration>("5 parsecs"));
  CHECK(reads<Size>("64KiB", Size{65536}));
  CHECK(refuses<Size>("-1"));
  CHECK(reads<double>("0.5", 0.5));
  for (const std::string_view text : {"", "-0.5", "nan", "inf", "1e", "x"})
    CHECK_MESSAGE(refuses<double>(text), text);
  net::Endpoint endpoint;
  CHECK(read_value("tcp://h:1", endpoint));
  CHECK(show_value(endpoint) == "tcp://h:1");
  CHECK(refuses<net::Endpoint>("http://h"));
  CHECK(refuses<net::Network>("10.0.0.0/33"));
  CHECK(reads<std::string>("", ""));
}

TEST_CASE("read_value: a limit of 0 is none, and is shown as it was read") {
  CHECK(reads<TimeLimit>("250ms", TimeLimit{250ms}));
  for (const std::string_view text : {"0", "0s", "0ms", "0.0h"})
    CHECK(reads<TimeLimit>(text, TimeLimit{TimeLimit::none}));
  CHECK(refuses<TimeLimit>("-1"));
  CHECK(refuses<TimeLimit>("for ever"));
  CHECK(show_value(TimeLimit{90s}) == "90s");
  CHECK(show_value(TimeLimit{}) == "0s");
}

TEST_CASE("Options: the last value wins, lists replace their default, and reset undoes both") {
  unsigned width = 80;
  std::optional<std::string> out;
  std::vector<std::string> inks{"black"};
  bool fill = true;
  Options options;
  const Option& width_option = options.value("width", width, "N", "");
  const Option& out_option = options.value("out", out, "DIR", "");
  const Option& inks_option = options.values("ink", inks, "NAME", "");
  const Option& fill_option = options.flag("fill", fill, "");
  CHECK(width_option.defaults == Texts{"80"});
  CHECK(out_option.defaults.empty());
  CHECK(inks_option.defaults == Texts{"black"});
  CHECK(fill_option.defaults == Texts{"true"});

  CHECK(width_option.assign({"1", "2"}));
  CHECK(out_option.assign({""}));
  CHECK(inks_option.assign({"red", "blue"}));
  CHECK(fill_option.assign({"no"}));
  CHECK(width == 2);
  CHECK(out == "");
  CHECK(inks == Texts{"red", "blue"});
  CHECK_FALSE(fill);

  for (const Option& option : options.all())
    option.reset();
  CHECK(width == 80);
  CHECK_FALSE(out);
  CHECK(inks == Texts{"black"});
  CHECK(fill);
}

TEST_CASE("Options: a value that cannot be read is an error of its option's type") {
  std::vector<unsigned> numbers;
  Options options;
  const Option& option = options.values("n", numbers, "N", "");
  CHECK(option.assign({"1", "x", "3"}).error().code == Errc::usage);
}

TEST_CASE("Options: a choice takes its words only, and names the nearest") {
  Globals globals;
  Options options;
  declare_globals(options, globals);
  const Option* level = options.find("log-level");
  REQUIRE(level);
  CHECK(level->choices == Texts{"trace", "debug", "info", "warn", "error"});
  CHECK(level->defaults == Texts{"info"});
  CHECK(level->value_name == "trace|debug|info|warn|error");
  CHECK(level->assign({"trace", "warn"}));
  CHECK(globals.log_level == log::Level::warn);
  CHECK(level->assign({"wran"}).error().message() ==
        "cannot take 'wran': did you mean 'warn'? one of trace, debug, info, warn, "
        "error");
  CHECK_FALSE(level->assign({""}));
  CHECK_FALSE(level->assign({"WARN"}));
  CHECK(globals.log_level == log::Level::warn);
  level->reset();
  CHECK(globals.log_level == log::Level::info);
}

TEST_CASE("Options: a counted flag counts and goes back to none") {
  Globals globals;
  Options options;
  declare_globals(options, globals);
  const Option* verbose = options.find("verbose");
  CHECK(globals.level() == log::Level::info);
  CHECK(verbose->assign({"true"}));
  CHECK(globals.level() == log::Level::debug);
  CHECK(verbose->assign({"true", "true"}));
  CHECK(globals.level() == log::Level::trace);
  globals.quiet = true;
  CHECK(globals.level() == log::Level::error);
  verbose->reset();
  CHECK(globals.verbose == 0);
  CHECK(options.find("verbos") == nullptr);
}

TEST_CASE("Retry: a number, or for ever") {
  Retry retry;
  CHECK(show_value(retry) == "0");
  CHECK(read_value("3", retry));
  CHECK(retry.times == 3);
  CHECK(read_value("forever", retry));
  CHECK(retry.times == UINT64_MAX);
  CHECK(show_value(retry) == "forever");
  for (const std::string_view text : {"", "-1", "for ever", "Forever", "3x", "1.5"})
    CHECK_FALSE_MESSAGE(read_value(text, retry), text);
}
