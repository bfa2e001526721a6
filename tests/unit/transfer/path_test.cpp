// The one gate for paths of peers, and the ways to write them.
#include "transfer/path.hpp"

#include <doctest/doctest.h>
#include <string>
#include <string_view>
#include <vector>

#include "transfer/limits.hpp"

namespace netkit::transfer {
namespace {

using namespace std::string_view_literals;

std::string nested(unsigned depth, std::string_view name = "d") {
  std::string path;
  for (unsigned i = 0; i < depth; ++i)
    path = join_path(path, name);
  return path;
}

TEST_CASE("check_path: takes bytes between single slashes") {
  CHECK(check_path(""));
  for (const std::string_view path :
       {"a"sv, "a/b/c"sv, "..."sv, ".hidden"sv, "..a"sv, "a.."sv, "a/... /b"sv, " "sv, "\\"sv,
        "..\\..\\x"sv, "line\nbreak"sv, "\xff\xfe"sv, "~"sv, "-rf"sv, "C:"sv, "*"sv, "%2e%2e"sv}) {
    CAPTURE(path);
    CHECK(check_path(path));
  }
}

TEST_CASE("check_path: refuses what could lead elsewhere, and never repeats it") {
  for (const std::string_view path :
       {".."sv, "."sv, "../secret"sv, "secret/.."sv, "a/../secret"sv, "a/./secret"sv, "./secret"sv,
        "/secret"sv, "/"sv, "//"sv, "secret/"sv, "secret//b"sv, "/../secret"sv, "secret\0"sv,
        "a\0/secret"sv, "\0secret"sv, "a/secret\0/.."sv}) {
    CAPTURE(path);
    const Status checked = check_path(path);
    REQUIRE_FALSE(checked);
    CHECK(checked.error().code == Errc::malformed);
    CHECK(checked.error().message().find("secret") == std::string::npos);
  }
}

TEST_CASE("check_path: keeps its limits of length and depth to the byte") {
  CHECK(check_path(std::string(name_size_max, 'n')));
  CHECK_FALSE(check_path(std::string(name_size_max + 1, 'n')));
  CHECK(check_path(nested(depth_max)));
  CHECK_FALSE(check_path(nested(depth_max + 1)));
  const std::string longest = nested(15, std::string(name_size_max, 'n')) + "/" +
                              std::string(path_size_max - 15 * 256, 'n');
  REQUIRE(longest.size() == path_size_max);
  CHECK(check_path(longest));
  CHECK_FALSE(check_path(longest + "n"));
  CHECK_FALSE(check_path(std::string(10'000'000, '/')));
}

TEST_CASE("check_name: takes one component and no path") {
  CHECK(check_name("a\nb"));
  for (const std::string_view name : {""sv, "."sv, ".."sv, "a/b"sv, "/"sv, "a\0"sv})
    CHECK(check_name(name).error().code == Errc::malformed);
}

TEST_CASE("path: is cut and joined at slashes") {
  CHECK(components("").empty());
  CHECK(components("a/b c/d") == std::vector{"a"sv, "b c"sv, "d"sv});
  CHECK(join_path("a/b", "c") == "a/b/c");
  CHECK(join_path("", "c") == "c");
  CHECK(join_path("a", "") == "a");
  CHECK(join_path("", "").empty());
  CHECK(split_path("a/b/c").folder == "a/b");
  CHECK(split_path("a/b/c").name == "c");
  CHECK(split_path("c").folder.empty());
  CHECK(split_path("c").name == "c");
  CHECK(split_path("").name.empty());
}

TEST_CASE("path_of_text: takes one leading and one trailing mark of a folder off") {
  CHECK(*path_of_text("") == "");
  CHECK(*path_of_text("/") == "");
  CHECK(*path_of_text("./") == "");
  CHECK(*path_of_text("a") == "a");
  CHECK(*path_of_text("./a/b/") == "a/b");
  CHECK(*path_of_text("/a/b") == "a/b");
  CHECK(*path_of_text(".a/") == ".a");
  for (const std::string_view text : {".."sv, "../a"sv, "/../a"sv, "././a"sv, ".//a"sv, "//a"sv,
                                      "a//"sv, "a/.."sv, "a/./"sv, "/."sv})
    CHECK(path_of_text(text).error().code == Errc::malformed);
}

TEST_CASE("path_of_url: decodes each byte once and then checks") {
  CHECK(*path_of_url("/") == "");
  CHECK(*path_of_url("") == "");
  CHECK(*path_of_url("/a%20b/c+d") == "a b/c+d");
  CHECK(*path_of_url("a") == "a");
  CHECK(*path_of_url("/%c3%A9") == "\xc3\xa9");
  CHECK(*path_of_url("/%ff%0a") == "\xff\n");
  CHECK(*path_of_url("/%252e%252e") == "%2e%2e");
  CHECK(*path_of_url("/%5c..%5c") == "\\..\\");
  CHECK(*path_of_url("/a%3fb") == "a?b");
}

TEST_CASE("path_of_url: refuses escapes in every spelling") {
  for (const std::string_view target :
       {"/.."sv,        "/%2e%2e"sv,  "/%2E."sv,        "/.%2e/secret"sv, "/a/%2e%2e/secret"sv,
        "/%2e"sv,       "/a%2fb"sv,   "/..%2fsecret"sv, "/%2Fsecret"sv,   "//secret"sv,
        "/secret//b"sv, "/secret/"sv, "/secret%00"sv,   "/%00"sv,         "/secret\0"sv,
        "/%"sv,         "/secret%"sv, "/secret%2"sv,    "/%g0"sv,         "/%0g"sv,
        "/% 20"sv,      "/%+20"sv,    "/%%20"sv,        "/%u002e"sv,      "http://secret/a"sv}) {
    CAPTURE(target);
    const auto path = path_of_url(target);
    REQUIRE_FALSE(path);
    CHECK(path.error().code == Errc::malformed);
    CHECK(path.error().message().find("secret") == std::string::npos);
  }
  CHECK_FALSE(path_of_url(std::string(3 * path_size_max + 2, 'a')));
}

TEST_CASE("path_of_url: a target cut at any byte gives a shorter path or none") {
  constexpr std::string_view target = "/a%20b/%c3%a9.txt";
  for (std::size_t size = 0; size < target.size(); ++size) {
    const auto path = path_of_url(target.substr(0, size));
    CAPTURE(size);
    if (path) CHECK(std::string_view{"a b/\xc3\xa9.txt"}.starts_with(*path));
  }
}

TEST_CASE("url_of_path: encodes all that has a meaning in a URL, and comes back") {
  CHECK(url_of_path("").empty());
  CHECK(url_of_path("a/b-._~9") == "a/b-._~9");
  CHECK(url_of_path("a b?c#d%e") == "a%20b%3Fc%23d%25e");
  CHECK(url_of_path("\xc3\xa9\n\"<&'") == "%C3%A9%0A%22%3C%26%27");
  CHECK(url_of_path("javascript:x") == "javascript%3Ax");
  std::string all;
  for (int byte = 1; byte < 256; ++byte)
    if (byte != '/') all.push_back(static_cast<char>(byte));
  const std::string path = all.substr(0, 200) + "/" + all.substr(200);
  CHECK(*path_of_url("/" + url_of_path(path)) == path);
}

}  // namespace
}  // namespace netkit::transfer
