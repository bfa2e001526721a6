// Tests of checking, of the precedence of sources and of --print-config.
#include "config/resolve.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/temporary_folder.hpp"

using namespace netkit;
using namespace netkit::config;
using support::put_bytes;
using support::TemporaryFolder;

namespace {

using Texts = std::vector<std::string>;

Schema schema() {
  const Key listen{.name = "listen", .repeats = true, .defaults = {"tcp://:9090", "udp://:9090"}};
  const Key chunk{.name = "chunk", .defaults = {"64KiB"}};
  const Key no_tls{.name = "no-tls", .flag = true};
  const Key token{.name = "token", .secret = true};
  const Key expect{.name = "expect"};
  const Key wait{.name = "wait", .value_optional = true};
  return {{{"echo", "serve", {listen, chunk, no_tls, token}},
           {"echo", "send", {expect, token}},
           {"relay", "", {listen, no_tls}},
           {"shutdown", "", {expect}},
           {"shutdown-server", "order", {wait, listen}}}};
}

File file(std::string_view text, Origin::Kind kind, std::string path = "f.toml") {
  Result<File> parsed = parse_file(text, std::move(path), kind);
  REQUIRE(parsed);
  return *std::move(parsed);
}

std::string check_message(std::string_view text) {
  const Status checked = check(file(text, Origin::given_file, "/etc/x.toml"), schema());
  return checked ? "accepted" : checked.error().message();
}

Setting resolved(std::string_view key, const Sources& sources, std::string_view verb = "serve") {
  const auto settings = resolve(schema(), "echo", verb, sources);
  REQUIRE(settings);
  const Setting* setting = find(*settings, key);
  REQUIRE(setting);
  return *setting;
}

std::string resolve_message(const Sources& sources, std::string_view command = "echo",
                            std::string_view verb = "serve") {
  const auto settings = resolve(schema(), command, verb, sources);
  return settings ? "accepted" : settings.error().message();
}

/// Adds a value for chunk that tells its source.
void add_source(Sources& sources, Origin::Kind kind) {
  const std::string value = "\"" + std::to_string(kind) + "k\"";
  const std::string text = "[echo.serve]\nchunk = " + value + "\n";
  switch (kind) {
    case Origin::default_: break;
    case Origin::system_file: sources.files.push_back(file(text, kind, "system.toml")); break;
    case Origin::user_file: sources.files.push_back(file(text, kind, "user.toml")); break;
    case Origin::given_file: sources.files.push_back(file(text, kind, "given.toml")); break;
    case Origin::environment: sources.environment["NETKIT_ECHO_CHUNK"] = "4k"; break;
    case Origin::option: sources.options["chunk"] = {"5k"}; break;
  }
}

constexpr Origin::Kind kinds[] = {Origin::default_,   Origin::system_file, Origin::user_file,
                                  Origin::given_file, Origin::environment, Origin::option};
const Setting expected[] = {{{}, {"64KiB"}, {Origin::default_, "default"}},
                            {{}, {"1k"}, {Origin::system_file, "system.toml:2"}},
                            {{}, {"2k"}, {Origin::user_file, "user.toml:2"}},
                            {{}, {"3k"}, {Origin::given_file, "given.toml:2"}},
                            {{}, {"4k"}, {Origin::environment, "NETKIT_ECHO_CHUNK"}},
                            {{}, {"5k"}, {Origin::option, "--chunk"}}};

}  // namespace

TEST_CASE("resolve: of every two sources the stronger one counts, in any order of files") {
  for (const Origin::Kind weaker : kinds)
    for (const Origin::Kind stronger : kinds) {
      if (weaker > stronger) continue;
      Sources sources;
      add_source(sources, weaker);
      if (weaker != stronger) add_source(sources, stronger);
      for (int order = 0; order < 2; ++order) {
        CAPTURE(weaker);
        CAPTURE(stronger);
        const Setting setting = resolved("chunk", sources);
        CHECK(setting.values == expected[stronger].values);
        CHECK(setting.origin == expected[stronger].origin);
        std::reverse(sources.files.begin(), sources.files.end());
      }
    }
}

TEST_CASE("resolve: the strongest of all sources at once counts, and each one below it") {
  for (const Origin::Kind strongest : kinds) {
    Sources sources;
    for (const Origin::Kind kind : kinds)
      if (kind <= strongest) add_source(sources, kind);
    CHECK(resolved("chunk", sources).values == expected[strongest].values);
  }
}

TEST_CASE("resolve: [echo.serve] beats [echo] in one file, a later file's [echo] beats both") {
  const std::string both = "[echo.serve]\nchunk = \"1k\"\n[echo]\nchunk = \"2k\"\n";
  Sources sources{{file(both, Origin::system_file)}, {}, {}};
  CHECK(resolved("chunk", sources).values == Texts{"1k"});
  CHECK(resolved("chunk", sources).origin.where == "f.toml:2");
  sources.files.push_back(file("[echo]\nchunk = \"3k\"\n", Origin::user_file));
  CHECK(resolved("chunk", sources).values == Texts{"3k"});
}

TEST_CASE("resolve: a key of another verb in [echo] is left alone") {
  const Sources sources{
      {file("[echo]\nchunk = \"1k\"\nexpect = \"x\"\n", Origin::user_file)}, {}, {}};
  CHECK(resolved("expect", sources, "send").values == Texts{"x"});
  CHECK_FALSE(find(*resolve(schema(), "echo", "send", sources), "chunk"));
}

TEST_CASE("resolve: lists replace each other wholly, an empty one unsets") {
  Sources sources{
      {file("[echo]\nlisten = [\"tcp://:1\", \"tcp://:2\"]\n", Origin::system_file)}, {}, {}};
  CHECK(resolved("listen", sources).values == Texts{"tcp://:1", "tcp://:2"});
  sources.files.push_back(file("[echo]\nlisten = []\n", Origin::user_file));
  CHECK_FALSE(resolved("listen", sources).is_set());
  sources.environment["NETKIT_ECHO_LISTEN"] = " tcp://:3\t\nudp://:4 ";
  CHECK(resolved("listen", sources).values == Texts{"tcp://:3", "udp://:4"});
  sources.options["listen"] = {"tcp://:5"};
  CHECK(resolved("listen", sources).values == Texts{"tcp://:5"});
}

TEST_CASE("resolve: one string serves a repeatable option too") {
  const Sources sources{{file("[echo]\nlisten = \"unix:/a b\"\n", Origin::user_file)}, {}, {}};
  CHECK(resolved("listen", sources).values == Texts{"unix:/a b"});
}

TEST_CASE("resolve: variables give flags, whole texts, and nothing when empty") {
  Sources sources;
  CHECK(resolved("no-tls", sources).values == Texts{"false"});
  for (const char* yes : {"1", "true", "YES", "on"}) {
    sources.environment["NETKIT_ECHO_NO_TLS"] = yes;
    CHECK(resolved("no-tls", sources).values == Texts{"true"});
  }
  sources.environment["NETKIT_ECHO_NO_TLS"] = "off";
  CHECK(resolved("no-tls", sources).values == Texts{"false"});
  CHECK(resolved("no-tls", sources).origin.kind == Origin::environment);
  sources.environment["NETKIT_ECHO_NO_TLS"] = "maybe";
  CHECK(resolve_message(sources) ==
        "cannot use the variable NETKIT_ECHO_NO_TLS: it is true or false");
  sources.environment["NETKIT_ECHO_NO_TLS"] = "";
  CHECK(resolved("no-tls", sources).origin.kind == Origin::default_);
  sources.environment["NETKIT_ECHO_EXPECT"] = " a b ";
  CHECK(resolved("expect", sources, "send").values == Texts{" a b "});
}

TEST_CASE("resolve: a variable that is no option of the command is an error with the nearest") {
  CHECK(resolve_message({{}, {{"NETKIT_ECHO_LISEN", "x"}}, {}}) ==
        "cannot use unknown variable NETKIT_ECHO_LISEN: did you mean "
        "NETKIT_ECHO_LISTEN?");
  CHECK(resolve_message({{}, {{"NETKIT_ECHO_NOTLS", "1"}}, {}}) ==
        "cannot use unknown variable NETKIT_ECHO_NOTLS: did you mean "
        "NETKIT_ECHO_NO_TLS?");
  CHECK(resolve_message({{}, {{"NETKIT_ECHO_", "x"}}, {}}) ==
        "cannot use unknown variable NETKIT_ECHO_: not understood");
  CHECK(resolve_message({{}, {{"NETKIT_RELAY_LISEN", "x"}, {"NETKIT_VERSION", "1"}}, {}}) ==
        "accepted");
  CHECK(resolve_message({{}, {{"NETKIT_ECHO_EXPECT", "x"}}, {}}) == "accepted");
}

TEST_CASE("resolve: the variables of shutdown-server are not shutdown's") {
  const Sources sources{{}, {{"NETKIT_SHUTDOWN_SERVER_LISTEN", "tcp://:1"}}, {}};
  CHECK(resolve_message(sources, "shutdown", "") == "accepted");
  const auto settings = resolve(schema(), "shutdown-server", "order", sources);
  REQUIRE(settings);
  CHECK(find(*settings, "listen")->values == Texts{"tcp://:1"});
}

TEST_CASE("resolve: checks the files it is given") {
  CHECK(resolve_message({{file("[ehco]\n", Origin::user_file)}, {}, {}}) ==
        "cannot use unknown section 'ehco' in f.toml:1: did you mean 'echo'?");
  CHECK(resolve_message({{}, {}, {{"lisen", {"x"}}}}) ==
        "cannot use unknown option --lisen: not understood");
}

TEST_CASE("check: names an unknown key, its file and line, and the nearest") {
  CHECK(check_message("[echo]\n\nlisen = \"x\"\n") ==
        "cannot use unknown key 'lisen' in /etc/x.toml:3: did you mean 'listen'?");
  CHECK(check_message("[echo.send]\nchunk = \"1k\"\n") ==
        "cannot use unknown key 'chunk' in /etc/x.toml:2: not understood");
  CHECK(check_message("[echo]\nchunk = \"1k\"\nexpect = \"x\"\n") == "accepted");
  CHECK(check_message("[relay]\nchunk = \"1k\"\n").starts_with("cannot use unknown key 'chunk'"));
  CHECK(check_message("[echo]\n\"a\\nb\" = 1\n") ==
        "cannot use unknown key 'a\\nb' in /etc/x.toml:2: not understood");
}

TEST_CASE("check: names an unknown section, empty or not") {
  CHECK(check_message("\n[eco]\n") ==
        "cannot use unknown section 'eco' in /etc/x.toml:2: did you mean 'echo'?");
  CHECK(check_message("[echo.serv]\n") ==
        "cannot use unknown section 'echo.serv' in /etc/x.toml:1: did you mean "
        "'serve'?");
  CHECK(check_message("[relay.status]\n").starts_with("cannot use unknown section 'relay.status'"));
}

TEST_CASE("check: a value must fit its key") {
  CHECK(check_message("[echo]\nchunk = [\"1k\"]\n") ==
        "cannot use the value of key 'chunk' in /etc/x.toml:2: it takes one value, "
        "not an array");
  CHECK(check_message("[echo]\nno-tls = \"true\"\n").ends_with("without quotes"));
  CHECK(check_message("[echo]\nno-tls = 1\n").ends_with("without quotes"));
  CHECK(check_message("[echo]\nchunk = true\n").ends_with("it needs a value, not true or false"));
  CHECK(check_message("[echo]\nlisten = [true]\n").ends_with("not true or false"));
  CHECK(check_message("[shutdown-server.order]\nwait = true\n") == "accepted");
  CHECK(check_message("[shutdown-server.order]\nwait = \"5s\"\n") == "accepted");
}

TEST_CASE("print: writes TOML that reproduces the settings, with origins and without secrets") {
  Sources sources{
      {file("[echo]\nlisten = [\"tcp://:9090\", \"unix:/a \\\"b\\\"\"]\ntoken = \"s3cret\"\n",
            Origin::system_file, "/etc/netkit/netkit.toml")},
      {{"NETKIT_ECHO_NO_TLS", "yes"}},
      {}};
  const auto settings = resolve(schema(), "echo", "serve", sources);
  REQUIRE(settings);
  const std::string text = print("echo", "serve", *settings);
  CHECK(text ==
        "[echo.serve]\n"
        "listen = [\"tcp://:9090\", \"unix:/a \\\"b\\\"\"]  # /etc/netkit/netkit.toml:2\n"
        "chunk = \"64KiB\"  # default\n"
        "no-tls = true  # NETKIT_ECHO_NO_TLS\n"
        "# token is set and not shown  # /etc/netkit/netkit.toml:3\n");
  const auto again = resolve(schema(), "echo", "serve", {{file(text, Origin::given_file)}, {}, {}});
  REQUIRE(again);
  for (std::size_t i = 0; i < 3; ++i)
    CHECK((*again)[i].values == (*settings)[i].values);
}

TEST_CASE("print: comments out what is not set and keeps an empty list") {
  const auto send = resolve(schema(), "echo", "send", {});
  REQUIRE(send);
  CHECK(print("echo", "send", *send) ==
        "[echo.send]\n# expect is not set  # default\n# token is not set  # default\n");
  const Sources sources{{file("[relay]\nlisten = []\n", Origin::user_file)}, {}, {}};
  CHECK(print("relay", "", *resolve(schema(), "relay", "", sources)) ==
        "[relay]\nlisten = []  # f.toml:2\nno-tls = false  # default\n");
}

TEST_CASE("print: hostile values stay inside their strings and comments") {
  const std::string value = "a\n[x]\\\"\x1b\xe2\x80\xae\xf3\xa0\x80\x81";
  const Sources sources{{}, {}, {{"expect", {value}}}};
  const std::string text = print("echo", "send", *resolve(schema(), "echo", "send", sources));
  CHECK(text ==
        "[echo.send]\nexpect = \"a\\U0000000a[x]\\\\\\\"\\U0000001b\\U0000202e\\U000e0001\""
        "  # --expect\n# token is not set  # default\n");
  const Sources again{{file(text, Origin::given_file)}, {}, {}};
  CHECK(resolved("expect", again, "send").values == Texts{value});
  const Sources stray{{}, {}, {{"expect", {"\xff"}}}};
  CHECK(print("echo", "send", *resolve(schema(), "echo", "send", stray))
            .starts_with(
                "[echo.send]\n# expect is not UTF-8 and cannot be written here  # --expect\n"));
}

TEST_CASE("read_environment: splits at the first equals sign, the first of two counts") {
  const char* const variables[] = {"A=1=2", "B=", "A=3", "=x", "none", nullptr};
  CHECK(read_environment(variables) == Environment{{"A", "1=2"}, {"B", ""}});
  CHECK(read_environment(nullptr).empty());
}

TEST_CASE("user_file_path: follows the XDG rules") {
  CHECK(user_file_path({{"XDG_CONFIG_HOME", "/x"}, {"HOME", "/h"}}) == "/x/netkit/netkit.toml");
  CHECK(user_file_path({{"HOME", "/h"}}) == "/h/.config/netkit/netkit.toml");
  CHECK(user_file_path({{"XDG_CONFIG_HOME", "relative"}, {"HOME", "/h"}}) ==
        "/h/.config/netkit/netkit.toml");
  CHECK(user_file_path({{"XDG_CONFIG_HOME", ""}}) == "");
}

TEST_CASE("read_files: reads the three files, those that exist") {
  const TemporaryFolder folder;
  put_bytes(folder / "system.toml", "[echo]\nchunk = \"1k\"\n");
  put_bytes(folder / "given.toml", "[echo]\nchunk = \"3k\"\n");
  const Environment environment{{"XDG_CONFIG_HOME", folder.path()}};
  const auto files = read_files(environment, folder / "given.toml", folder / "system.toml");
  REQUIRE(files);
  CHECK(resolved("chunk", {*files, {}, {}}).origin.where == folder / "given.toml:2");
  CHECK(read_files(environment, "", folder / "none.toml")->size() == 2);
  CHECK_FALSE(read_files(environment, folder / "none.toml", ""));
  CHECK_FALSE(read_files(environment, "", folder.path()));
}
