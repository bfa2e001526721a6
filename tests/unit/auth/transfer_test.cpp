// Tests of password lines, with hashes that other programs made.
#include "commands/auth/transfer.hpp"

#include <doctest/doctest.h>

#include "identity/password.hpp"

using namespace netkit;
using namespace netkit::auth;

namespace {

// "correct horse", by openssl passwd -6, crypt(3) of libxcrypt and the argon2 command.
const std::string sha512 =
    "$6$abcdefgh$yIZAF3gQPvtKZO/9qOJKffAKKbtS3ef3qmwyugk4uWVjX8YZf/"
    "GV3A8SkFxEPY0T56CcilGrHKLffBsp6dLMG.";
const std::string bcrypt = "$2y$05$LhayLxezLhK1LhWvKxCyLODEesI7J6ykkj5QQ/URjnK0D0QAc6PGK";
const std::string yescrypt =
    "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$zwtVrjrUCmXcyLTs6oxLTQlzifSUkF8RHJ./tK5KU79";
const std::string argon2id =
    "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$1qG4glDdGgsvOMe0SVOzDV/5Z00cpo+dP//btswvDzE";

/// "USER HASH", "nothing", or why the line is skipped.
std::string read(std::string_view line) {
  const Result<std::optional<Imported>> account = parse_import_line(line);
  if (!account) {
    CHECK(account.error().code == Errc::usage);
    return account.error().hint;
  }
  return *account ? (*account)->user + ' ' + (*account)->password : "nothing";
}

}  // namespace

TEST_CASE("parse_import_line: takes lines of htpasswd and shadow") {
  CHECK(read("ana:" + bcrypt) == "ana " + bcrypt);
  CHECK(read("ana:" + sha512 + ":19000:0:99999:7:::") == "ana " + sha512);
  CHECK(read("ana:" + argon2id + "\r\n") == "ana " + argon2id);
  CHECK(read("Rene\xcc\x81:" + argon2id) == "Ren\xc3\xa9 " + argon2id);
}

TEST_CASE("parse_import_line: what it takes lets its user sign in") {
  const identity::Secret password{std::string{"correct horse"}};
  for (const std::string& hash : {bcrypt, sha512, yescrypt, argon2id}) {
    const Result<std::optional<Imported>> account =
        parse_import_line("ana:" + hash + ":19000:0:99999:7:::");
    REQUIRE((account && *account));
    const Result<identity::Verdict> verdict =
        identity::verify_password((*account)->password, password, {}, {});
    REQUIRE(verdict);
    CHECK(verdict->match);
    CHECK(verdict->outdated);
  }
}

TEST_CASE("parse_import_line: leaves empty lines and comments out") {
  for (const char* line : {"", "\n", "\r\n", "  ", "# ana:$6$x"})
    CHECK(read(line) == "nothing");
}

TEST_CASE("parse_import_line: says why it skips a line") {
  CHECK(read("ana") == "it is not USER:HASH");
  CHECK(read("ana:") == "it has no password");
  CHECK(read("ana::19000:0") == "it has no password");
  for (const char* none : {"*", "!", "!!", "!*", "x", "*LK*", "NP"})
    CHECK(read("ana:" + std::string{none} + ":19000::") == "it has no password that could be used");
  CHECK(read("ana:!" + sha512 + ":19000:::") == "its password is locked");
  CHECK(read(":" + bcrypt) == "the name: it is empty");
  CHECK(read(" ana:" + bcrypt) == "the name: it has a space at one of its ends");
  CHECK(read("admin socket:" + bcrypt) == "the name: the service uses it itself");
  CHECK(read("a\xff:" + bcrypt).starts_with("the name: "));
  CHECK(read("ana:" + std::string(1024 * 1024, 'a')) == "the line is too long");
  for (const char* unknown : {"$apr1$abcdefgh$IltWEB1OYTfUEXDMV7jKF1", "plaintext", "abJnggxhB/yWI",
                              "{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=", "$1$abc$def",
                              "$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHQ$AAAA"})
    CHECK(read("ana:" + std::string{unknown}).starts_with("the hash: "));
}

TEST_CASE("parse_import_line: never repeats a hash, and stands any bytes") {
  for (const std::string& whole : {"ana:" + bcrypt, "ana:" + sha512 + ":1::", "ana:" + argon2id}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const Result<std::optional<Imported>> cut = parse_import_line(whole.substr(0, size));
      if (!cut) CHECK(cut.error().message().find("$") == std::string::npos);
    }
    for (std::size_t at = 0; at < whole.size(); ++at) {
      std::string changed = whole;
      changed[at] = static_cast<char>(changed[at] ^ 0x80);
      static_cast<void>(parse_import_line(changed));
      changed[at] = '\0';
      static_cast<void>(parse_import_line(changed));
    }
  }
}

TEST_CASE("parse_import: each name once, each line with its number") {
  const std::vector<std::string> lines{
      "\xef\xbb\xbf"
      "ana:" +
          argon2id,
      "# a comment", "bob:*:19000", "ANA:" + bcrypt, "carl:" + bcrypt};
  const Import import = parse_import(lines);
  REQUIRE(import.accounts.size() == 2);
  CHECK(import.accounts[0].line == 1);
  CHECK(import.accounts[0].user == "ana");
  CHECK(import.accounts[0].password == argon2id);
  CHECK(import.accounts[1].line == 5);
  CHECK(import.accounts[1].user == "carl");
  REQUIRE(import.skipped.size() == 2);
  CHECK(import.skipped[0].line == 3);
  CHECK(import.skipped[0].why == "it has no password that could be used");
  CHECK(import.skipped[1].line == 4);
  CHECK(import.skipped[1].why == "the name was on an earlier line");
  CHECK(parse_import(lines, 101).skipped.front().line == 101);
  CHECK(parse_import({}).accounts.empty());
}

TEST_CASE("export_line: is what an import takes back") {
  const std::string line = export_line("Ren\xc3\xa9 B", argon2id);
  CHECK(line == "Ren\xc3\xa9 B:" + argon2id);
  CHECK(read(line) == "Ren\xc3\xa9 B " + argon2id);
}
