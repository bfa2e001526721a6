// Tests of the words that the file server takes from nc and from the original's clients.
#include "commands/filesrv/text_words.hpp"

#include <doctest/doctest.h>
#include <string>
#include <string_view>

using namespace netkit;
using namespace netkit::filesrv;
using namespace std::string_view_literals;

namespace {

Word word_of(std::string_view line) {
  const Result<TextWish> wish = parse_words(line);
  REQUIRE(wish);
  return wish->word;
}

std::string argument_of(std::string_view line) {
  const Result<TextWish> wish = parse_words(line);
  REQUIRE(wish);
  return wish->argument;
}

}  // namespace

TEST_CASE("parse_words: knows each word, the original's and its menu's numbers") {
  for (const std::string_view line : {"list"sv, "ls"sv, "listar_arquivos"sv, "1"sv, "LIST docs"sv})
    CHECK(word_of(line) == Word::list);
  for (const std::string_view line : {"get a"sv, "Get a"sv, "2 a"sv, "get\ta"sv})
    CHECK(word_of(line) == Word::get);
  CHECK(word_of("enviar_arquivo a") == Word::send);
  CHECK(word_of("ENVIAR_ARQUIVO a") == Word::send);
  for (const std::string_view line : {"time"sv, "hora_atual"sv, "3"sv})
    CHECK(word_of(line) == Word::time);
  for (const std::string_view line : {"info"sv, "4"sv})
    CHECK(word_of(line) == Word::info);
  CHECK(word_of("dados") == Word::online);
  for (const std::string_view line : {"quit"sv, "finalizar_conexao"sv, "5"sv, " QUIT "sv})
    CHECK(word_of(line) == Word::quit);
  CHECK(word_of("help") == Word::help);
  CHECK(word_of("") == Word::nothing);
  CHECK(word_of(" \t ") == Word::nothing);
}

TEST_CASE("parse_words: an argument is bytes, escaped as lists show them") {
  CHECK(argument_of("get a b") == "a b");
  CHECK(argument_of("get   a b  ") == "a b");
  CHECK(argument_of("get caf\xc3\xa9") == "caf\xc3\xa9");
  CHECK(argument_of(R"(get a\nb\\c\xff)") == "a\nb\\c\xff");
  CHECK(argument_of(R"(get \x20a\x20)") == " a ");
  CHECK(argument_of("list docs/old") == "docs/old");
  CHECK(argument_of("list") == "");
  CHECK(argument_of("2 3") == "3");
}

TEST_CASE("parse_words: refuses what is no word, no argument, no escape, and repeats none of it") {
  struct Case {
    std::string_view line;
    Errc code;
  };
  const Case cases[] = {{"secret", Errc::not_found},
                        {"gets a", Errc::not_found},
                        {"12", Errc::not_found},
                        {"lis", Errc::not_found},
                        {"get", Errc::usage},
                        {"2 ", Errc::usage},
                        {"enviar_arquivo", Errc::usage},
                        {"time now", Errc::usage},
                        {"5 secret", Errc::usage},
                        {R"(get secret\)", Errc::malformed},
                        {R"(get \q)", Errc::malformed},
                        {R"(list \x4)", Errc::malformed}};
  for (const Case& each : cases) {
    CAPTURE(each.line);
    const Result<TextWish> wish = parse_words(each.line);
    REQUIRE_FALSE(wish);
    CHECK(wish.error().code == each.code);
    CHECK(wish.error().message().find("secret") == std::string::npos);
    CHECK(wish.error().message().find('\n') == std::string::npos);
  }
}

TEST_CASE("parse_words: every beginning of every line is read or refused, never more") {
  const std::string_view line = R"(enviar_arquivo a\n\\\x41/b)";
  for (std::size_t size = 0; size <= line.size(); ++size) {
    const Result<TextWish> wish = parse_words(line.substr(0, size));
    if (wish && wish->word == Word::send) CHECK(wish->argument.size() <= size);
  }
  CHECK(argument_of(line) == "a\n\\A/b");
}

TEST_CASE("parse_words: a token is not kept") {
  CHECK(word_of("/token nk_abc") == Word::token);
  CHECK(argument_of("/token nk_abc") == "");
}

TEST_CASE("is_whole_word: only words that need nothing after them") {
  for (const std::string_view text :
       {"list"sv, "ls"sv, "LISTAR_ARQUIVOS"sv, "time"sv, "hora_atual"sv, "info"sv, "dados"sv,
        "quit"sv, "finalizar_conexao"sv, "help"sv, "1"sv, "3"sv, "4"sv, "5"sv})
    CHECK(is_whole_word(text));
  for (const std::string_view text : {""sv, "get"sv, "get a"sv, "2"sv, "enviar_arquivo"sv, "lis"sv,
                                      "list "sv, "list a"sv, "/token"sv})
    CHECK_FALSE(is_whole_word(text));
}

TEST_CASE("show_name: what it shows, parse_words() reads") {
  for (const std::string_view name :
       {"a"sv, " a"sv, "a "sv, " "sv, "  "sv, "a\nb"sv, "\\"sv, "\xff"sv, "\t"sv, "a  b"sv}) {
    CAPTURE(name);
    CHECK(argument_of("get " + show_name(name)) == name);
    CHECK(show_name(name).find('\n') == std::string::npos);
  }
  CHECK(show_name(" a ") == R"(\x20a\x20)");
}

TEST_CASE("help_on_words: tells each word on a short line") {
  for (const std::string_view word : {"list"sv, "get"sv, "enviar_arquivo"sv, "time"sv, "info"sv,
                                      "dados"sv, "quit"sv, "hora_atual"sv, "listar_arquivos"sv})
    CHECK(help_on_words().find(word) != std::string_view::npos);
  CHECK(help_on_words().ends_with('\n'));
}
