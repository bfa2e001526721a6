// Failures as JSON and back: what a client says is what the server meant, and nothing that a
// hostile server could do to a terminal or to a script.
#include "cli/remote_error.hpp"

#include <doctest/doctest.h>

using namespace netkit;
using namespace std::literals;

namespace {

Error read_back(std::string_view text) {
  const auto json = wire::Json::parse(text);
  REQUIRE(json);
  return cli::error_of(*json);
}

}  // namespace

TEST_CASE("show_failure: the sentence, the exit code and the parts to make it of again") {
  const auto shown = wire::Json::parse(
      cli::show_failure(3, Error{Errc::usage, "tell which 'web1' is meant", "two"}, {"a", "b"}));
  REQUIRE(shown);
  CHECK(shown->integer("id") == 3);
  CHECK(shown->boolean("ok") == false);
  CHECK(shown->string("error") == "cannot tell which 'web1' is meant: two");
  CHECK(shown->integer("exit") == 2);
  CHECK(shown->string("attempt") == "tell which 'web1' is meant");
  CHECK(shown->items("matches").size() == 2);
}

TEST_CASE("error_of: reads what show_failure wrote") {
  const Error refused{Errc::refused, "obey 'a\\x1b'", "sign in"};
  const Error again = read_back(cli::show_failure(1, refused));
  CHECK(again.code == Errc::refused);
  CHECK(again.message() == refused.message());
  const Error full = read_back(
      cli::show_failure(1, Error{std::make_error_code(std::errc::no_space_on_device), "keep it"}));
  CHECK(full.code == std::errc::no_space_on_device);
}

TEST_CASE("error_of: what a hostile server says stays one line of text") {
  const Error said = read_back(R"({"attempt":"a\u001b[2J\nb","hint":"\u202ec","value":9})");
  CHECK(said.attempt == R"(a\x1b[2J\nb)"sv);
  CHECK(said.hint == R"(\xe2\x80\xaec)"sv);
  const std::string large(100'000, 'x');
  CHECK(read_back(R"({"attempt":")" + large + R"("})").attempt.str().size() == 2048);
}

TEST_CASE("error_of: no code keeps the program silent") {
  for (const int value : {-1, 0, 16, 17, 15, 4096, 1000000})
    CHECK(read_back(R"({"value":)" + std::to_string(value) + "}").code == Errc::unexpected);
  CHECK(read_back("{}").message() ==
        "cannot understand the server: " + make_error_code(Errc::unexpected).message());
}
