// Tests of reading one configuration file: what is accepted, and the line that each refusal names.
#include "config/file.hpp"

#include <doctest/doctest.h>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "support/temporary_folder.hpp"

using namespace netkit;
using namespace netkit::config;
using namespace std::string_view_literals;
using support::put_bytes;
using support::TemporaryFolder;

namespace {

using Texts = std::vector<std::string>;

Result<File> parse(std::string_view text) {
  return parse_file(text, "/etc/x.toml", Origin::given_file);
}

/// The whole message of the refusal.
std::string refusal(std::string_view text) {
  const auto file = parse(text);
  return file ? "accepted" : file.error().message();
}

}  // namespace

TEST_CASE("parse_file: gives entries in the order of their lines") {
  const auto file = parse(
      "# head\n[echo]\nmax-message = \"1MiB\"\n\n[echo.serve]\nlisten = [\"tcp://:1\", 'unix:/a "
      "b']\n"
      "chunk = 1024\nno-tls = true\nidle-timeout = 1.5\n[relay]\n");
  REQUIRE(file);
  CHECK(file->path == "/etc/x.toml");
  REQUIRE(file->entries.size() == 5);
  const Entry& first = file->entries[0];
  CHECK(first.command == "echo");
  CHECK(first.verb == "");
  CHECK(first.key == "max-message");
  CHECK(first.values == Texts{"1MiB"});
  CHECK(first.line == 3);
  const Entry& second = file->entries[1];
  CHECK(second.verb == "serve");
  CHECK(second.values == Texts{"tcp://:1", "unix:/a b"});
  CHECK(second.is_array);
  CHECK(second.line == 6);
  CHECK(file->entries[2].values == Texts{"1024"});
  CHECK(file->entries[3].values == Texts{"true"});
  CHECK(file->entries[3].is_boolean);
  CHECK(file->entries[4].values == Texts{"1.5"});
  REQUIRE(file->sections.size() == 3);
  CHECK(file->sections[2].command == "relay");
  CHECK(file->sections[2].line == 10);
}

TEST_CASE("parse_file: writes numbers without an exponent") {
  const auto file = parse("[a]\nb = [0x10, -3, 1e-5, 1e3, 9223372036854775807, 0.1]\n");
  REQUIRE(file);
  CHECK(file->entries.at(0).values ==
        Texts{"16", "-3", "0.00001", "1000", "9223372036854775807", "0.1"});
}

TEST_CASE("parse_file: accepts Windows line ends, a byte order mark, an empty file, no last LF") {
  for (const std::string_view text :
       {"[echo]\r\nchunk = \"1k\"\r\n"sv, "[echo]\r\nchunk = \"1k\""sv,
        "\xef\xbb\xbf[echo]\nchunk = \"1k\""sv}) {
    const auto file = parse(text);
    REQUIRE(file);
    REQUIRE(file->entries.size() == 1);
    CHECK(file->entries[0].values == Texts{"1k"});
    CHECK(file->entries[0].line == 2);
  }
  CHECK(parse("")->entries.empty());
  CHECK(parse("\xef\xbb\xbf")->entries.empty());
  CHECK(parse("\r\n\r\n")->entries.empty());
}

TEST_CASE("parse_file: names file and line of what it refuses") {
  const std::string value_hint =
      ": a value is a string, a number, true, false or an array of those";
  CHECK(refusal("\nlisten = 1\n") ==
        "cannot use key 'listen' in /etc/x.toml:2: it stands in no section; write "
        "it under [COMMAND] or [COMMAND.VERB]");
  CHECK(refusal("[a]\n\nb = 2026-11-21\n") ==
        "cannot use the value of 'b' in /etc/x.toml:3" + value_hint);
  CHECK(refusal("[a]\nb = [\n1,\n[2]]\n") ==
        "cannot use the value of 'b' in /etc/x.toml:4" + value_hint);
  CHECK(refusal("[a]\nb = [{c = 1}]\n") ==
        "cannot read /etc/x.toml:2: tables inside a value are not supported");
  CHECK(refusal("[a]\nb = inf\n") == "cannot use the value of 'b' in /etc/x.toml:2" + value_hint);
  CHECK(refusal("[a]\nb = \"x\\u0000y\"\n") ==
        "cannot use the value of 'b' in /etc/x.toml:2" + value_hint);
  CHECK(refusal("[a.b]\n[a.b.c]\nd = 1\n") ==
        "cannot use section 'a.b.c' in /etc/x.toml:2: sections are [COMMAND] or "
        "[COMMAND.VERB]");
  CHECK(refusal("[[a]]\nb = 1\n").starts_with("cannot use key 'a' in /etc/x.toml:1: "));
}

TEST_CASE("parse_file: names the line of a syntax error and escapes what it cites") {
  CHECK(refusal("[a]\nb = \n").starts_with("cannot read /etc/x.toml:2: "));
  CHECK(refusal("[a]\n\n\nb = 1 2\n").starts_with("cannot read /etc/x.toml:4: "));
  CHECK(refusal("[a]\nb = 1\nb = 2\n").starts_with("cannot read /etc/x.toml:3: "));
  CHECK(refusal("\n[%]\n").starts_with("cannot read /etc/x.toml:2: Error while"));
  CHECK(refusal("[a]\n[a]\n").starts_with("cannot read /etc/x.toml:2: "));
  CHECK(refusal("[a]\r\nb = \"open\r\n").starts_with("cannot read /etc/x.toml:2: "));
  CHECK(refusal("[a]\nb = 99999999999999999999\n").starts_with("cannot read /etc/x.toml:2: "));
  for (const std::string_view text : {"[a]\nb = \"\xff\"\n"sv, "[a]\n\x1b[31m = 1\n"sv,
                                      "[a]\nb = \0\n"sv, "[a]\nb = \"\xe2\x80\xae\" x\n"sv}) {
    const std::string message = refusal(text);
    CHECK(message.starts_with("cannot read /etc/x.toml:2: "));
    CHECK(message.find_first_of("\n\x1b\xff") == std::string::npos);
  }
}

TEST_CASE("parse_file: refuses what the TOML library mishandles") {
  // Found by fuzzing: the library runs into undefined behaviour at U+FE7F outside quotes.
  CHECK(refusal("\xef\xb9\xbf[echo]\n") ==
        "cannot read /etc/x.toml:1: outside quotes only ASCII is allowed");
  CHECK(refusal("[a]\nb = \"\"\"\nx\"\"\"\n") ==
        "cannot read /etc/x.toml:2: strings of several lines are not supported");
  CHECK(refusal("[a]\nb = '''\nx'''\n").starts_with("cannot read /etc/x.toml:2: "));
  CHECK(refusal("[a]\nb = 1\"\xdf\xa4\"\n") ==
        "cannot read /etc/x.toml:2: a quotation mark stands inside a value");
  for (const std::string_view text :
       {"[a]\nb = -0[\"\xdf\xa4\"]\n"sv, "[a]\nb = 1=\"\xdf\xa4\"\n"sv,
        "[a]\nb = 1.\"\xdf\xa4\"\n"sv, "[a]\nb = [1=\"\xdf\xa4\"]\n"sv,
        "[a]\nb = \"a\"\"\xdf\xa4\"\n"sv})
    CHECK(refusal(text).starts_with("cannot read /etc/x.toml:2: "));
  CHECK(refusal("[a]\nb = [\n1=\"\xdf\xa4\"]\n").starts_with("cannot read /etc/x.toml:3: "));
  CHECK(refusal("[a\nb = 1\n").starts_with("cannot read /etc/x.toml:1: "));
  CHECK(refusal("[a]\rb = 1\n").starts_with("cannot read /etc/x.toml:1: "));
  const auto file =
      parse("[a] # \"\"\" \xc3\xa9\nb = \"\\\"#'''\xc3\xa9\" # 'open\nc = '\"\\' # x\nd = ''\n");
  REQUIRE(file);
  CHECK(file->entries.at(0).values == Texts{"\"#'''\xc3\xa9"});
  CHECK(file->entries.at(1).values == Texts{"\"\\"});
  CHECK(file->entries.at(2).values == Texts{""});
}

TEST_CASE("parse_file: bounds the file, the line and the nesting") {
  CHECK(parse(std::string(1024 * 1024, '\n')));
  CHECK(parse(std::string(1024 * 1024 + 1, '\n')).error().code == Errc::too_large);
  const std::string long_line = "[a]\n#" + std::string(4096, 'x') + "\n";
  CHECK(refusal(long_line).starts_with("cannot read /etc/x.toml:2: larger than the limit"));
  CHECK(parse("#" + std::string(4095, 'x')));

  std::string deep = "[a";
  while (deep.size() < 4090)
    deep += ".a";
  deep += "]\n";
  for (int i = 0; i < 5; ++i) {
    std::string inner = "b";
    while (inner.size() < 4080)
      inner += ".b";
    deep += inner + " = [{\n";
  }
  CHECK_FALSE(parse(deep));
  CHECK_FALSE(parse("[a]\nb = " + std::string(4000, '[') + "\n"));
}

TEST_CASE("read_file: a missing file is empty, unless it was given") {
  const TemporaryFolder folder;
  const std::string path = folder / "none.toml";
  CHECK(config::read_file(path, Origin::system_file)->entries.empty());
  CHECK(config::read_file("/dev/null/netkit/netkit.toml", Origin::user_file)->entries.empty());
  const auto given = config::read_file(path, Origin::given_file);
  REQUIRE_FALSE(given);
  CHECK(given.error().message() ==
        "cannot read the configuration file " + path + ": No such file or directory");
}

TEST_CASE("read_file: a folder, an unreadable or a huge file is an error from any source") {
  const TemporaryFolder folder;
  const std::string path = folder / "netkit.toml";
  for (const Origin::Kind kind : {Origin::system_file, Origin::user_file, Origin::given_file}) {
    CHECK(config::read_file(folder.path(), kind).error().code == std::errc::is_a_directory);
    put_bytes(path, std::string(10 * 1024 * 1024, '\n'));
    CHECK(config::read_file(path, kind).error().code == Errc::too_large);
  }
  put_bytes(path, "[a]\n");
  REQUIRE(::chmod(path.c_str(), 0) == 0);
  if (::geteuid() == 0) return;  // Root reads it all the same.
  CHECK(config::read_file(path, Origin::user_file).error().code == std::errc::permission_denied);
}
