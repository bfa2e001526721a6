// Keys as terminals send them, whole and in pieces.
#include "cli/terminal_keys.hpp"

#include <doctest/doctest.h>
#include <string>
#include <vector>

using namespace netkit;
using namespace netkit::cli;

namespace {

std::vector<std::wstring> keys_of(KeyReader& reader, std::string_view typed) {
  reader.type(typed);
  std::vector<std::wstring> keys;
  while (auto key = reader.next())
    keys.push_back(std::move(*key));
  return keys;
}

std::vector<std::wstring> keys_of(std::string_view typed) {
  KeyReader reader;
  return keys_of(reader, typed);
}

}  // namespace

TEST_CASE("KeyReader: cursor keys are what emacs has for them") {
  CHECK(keys_of("\x1b[A\x1bOB\x1b[3~\x1b[1;5D") == std::vector<std::wstring>{{control('P')},
                                                                             {control('N')},
                                                                             {delete_key},
                                                                             L"\x1b"
                                                                             L"b"});
  CHECK(keys_of("a\xc3\xa9\r") == std::vector<std::wstring>{L"a", L"\u00e9", L"\r"});
}

TEST_CASE("KeyReader: a key in pieces is one key") {
  KeyReader reader;
  CHECK(keys_of(reader, "\x1b").empty());
  CHECK(reader.has_half());
  CHECK(keys_of(reader, "[1;").empty());
  CHECK(keys_of(reader, "5C") == std::vector<std::wstring>{L"\x1b"
                                                           L"f"});
  CHECK_FALSE(reader.has_half());
  CHECK(keys_of(reader, "\xc3").empty());
  CHECK(keys_of(reader, "\xa9") == std::vector<std::wstring>{L"\u00e9"});
  CHECK(keys_of(reader, "\x1b").empty());
  reader.give_up();
  CHECK(keys_of(reader, "x") == std::vector<std::wstring>{L"x"});
}

TEST_CASE(
    "KeyReader: sequences without a meaning, stray bytes and hidden characters are left out") {
  CHECK(keys_of("\x1b[200~x\x1b[201~\xff\x1b[15~\x1bq\xe2\x80\xae"
                "y") == std::vector<std::wstring>{L"x", L"y"});
  CHECK(keys_of("\x1b[" + std::string(40, '1') + "z").size() > 0);
}

TEST_CASE("narrow: is widen the other way round") {
  const std::string text = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
  CHECK(narrow(widen(text)) == text);
  CHECK(widen("a\xff"
              "b") == L"ab");
}
