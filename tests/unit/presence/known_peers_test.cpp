// Tests of the file of known peers: first use, another key, edits by hand, two at a time.
#include "commands/presence/known_peers.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <thread>

#include "base/hex.hpp"
#include "support/temporary_folder.hpp"

using namespace netkit;
using namespace netkit::presence;
using Verdict = KnownPeers::Verdict;

namespace {

const std::string key_a(32, '\xaa');
const std::string key_b(32, '\xbb');
const std::string hex_a(64, 'a');
const std::string hex_b(64, 'b');

struct Folder {
  support::TemporaryFolder folder;
  KnownPeers known{folder.path()};

  std::string text() const { return support::bytes_of(known.path()); }
  void put(std::string_view text) const { support::put_bytes(known.path(), text); }
};

}  // namespace

TEST_CASE("KnownPeers: the first key of a name is kept, for its owner alone, and known again") {
  const Folder here;
  CHECK(*here.known.check("ana", key_a) == Verdict::added);
  CHECK(here.text() == "ana " + hex_a + "\n");
  struct stat found {};
  REQUIRE(stat(here.known.path().c_str(), &found) == 0);
  CHECK((found.st_mode & 0777) == 0600);
  CHECK(*here.known.check("ana", key_a) == Verdict::known);
  CHECK(*here.known.check("bert", key_a) == Verdict::added);
  CHECK(**here.known.find("ana") == key_a);
  CHECK_FALSE(here.known.find("carl")->has_value());
}

TEST_CASE("KnownPeers: another key is refused and says file, line and command") {
  const Folder here;
  here.put("# mine\nana " + hex_a + "\n");
  const auto verdict = here.known.check("ana", key_b);
  REQUIRE_FALSE(verdict);
  CHECK(verdict.error().code == Errc::refused);
  const std::string message = verdict.error().message();
  CHECK(message.find("WARNING") != std::string::npos);
  CHECK(message.find("line 2 of " + here.known.path()) != std::string::npos);
  CHECK(message.find("netkit peer forget 'ana'") != std::string::npos);
  CHECK(message.find("--accept-new-key") != std::string::npos);
  CHECK(here.text() == "# mine\nana " + hex_a + "\n");
}

TEST_CASE("KnownPeers: a name of another case or width is the same name") {
  const Folder here;
  REQUIRE(here.known.check("ana", key_a));
  CHECK(here.known.check("ANA", key_b).error().code == Errc::refused);
  CHECK(*here.known.check("Ana", key_a) == Verdict::known);
}

TEST_CASE("KnownPeers: a name cannot put a command into what is to be copied") {
  const Folder here;
  REQUIRE(here.known.check("a'; rm x '", key_a));
  const std::string message = here.known.check("a'; rm x '", key_b).error().message();
  CHECK(message.find(R"(netkit peer forget 'a'\''; rm x '\''')") != std::string::npos);
  REQUIRE(here.known.check("-x", key_a));
  CHECK(here.known.check("-x", key_b).error().message().find("forget -- '-x'") !=
        std::string::npos);
}

TEST_CASE("KnownPeers: accepting replaces, forgetting lets in anew, all else stays") {
  const Folder here;
  here.put("# mine\nana " + hex_a + "\n\nsome words\nbert " + hex_a);
  CHECK(*here.known.check("ana", key_b, true) == Verdict::replaced);
  CHECK(here.text() == "# mine\n\nsome words\nbert " + hex_a + "\nana " + hex_b + "\n");
  CHECK(*here.known.forget("ana") == 1);
  CHECK(*here.known.forget("ana") == 0);
  CHECK(*here.known.forget("") == 0);
  CHECK(here.text() == "# mine\n\nsome words\nbert " + hex_a + "\n");
  CHECK(*here.known.check("ana", key_b) == Verdict::added);
  CHECK(*here.known.check("carl", key_b, true) == Verdict::added);
}

TEST_CASE("KnownPeers: is tolerant of what people write") {
  const Folder here;
  here.put("  ana \t " + std::string(64, 'A') + "  # at work\r\nana " + hex_b + "\nana maria " +
           hex_a + "\n#bert " + hex_a);
  CHECK(*here.known.check("ana", key_a) == Verdict::known);
  CHECK(*here.known.check("ana", key_b) == Verdict::known);
  CHECK(*here.known.check("ana maria", key_a) == Verdict::known);
  CHECK(*here.known.check("bert", key_b) == Verdict::added);
}

TEST_CASE("KnownPeers: a line whose key was broken trusts nobody") {
  const Folder here;
  here.put("ana aa\n");
  CHECK(here.known.check("ana", key_a).error().code == Errc::refused);
  CHECK_FALSE(here.known.find("ana")->has_value());
}

TEST_CASE("KnownPeers: names with spaces, signs and quotes are found again") {
  const Folder here;
  for (const char* name : {"#hash", "a  b", "50% off", "%41", "ana # bert", "b\u00fcro"}) {
    CAPTURE(name);
    CHECK(*here.known.check(name, key_a) == Verdict::added);
    CHECK(*here.known.check(name, key_a) == Verdict::known);
    CHECK(here.known.check(name, key_b).error().code == Errc::refused);
  }
  CHECK_FALSE(here.known.check("", key_a));
  CHECK_FALSE(here.known.check("short", "key"));
}

TEST_CASE(
    "KnownPeers: strangers who invent names do not shut out others, nor change who is known") {
  const Folder here;
  std::string text = "ana " + hex_a + "\n";
  for (int i = 1; i < 10'000; ++i)
    text += "name" + std::to_string(i) + " " + hex_b + "\n";
  here.put(text);
  CHECK(*here.known.check("bert", key_a) == Verdict::full);
  CHECK(*here.known.check("ana", key_a) == Verdict::known);
  CHECK(here.known.check("ana", key_b).error().code == Errc::refused);
  CHECK(*here.known.check("ana", key_b, true) == Verdict::replaced);
  CHECK(*here.known.forget("name1") == 1);
  CHECK(*here.known.check("bert", key_a) == Verdict::added);
}

TEST_CASE("KnownPeers: two at a time lose nothing, and only one key wins a name") {
  const Folder here;
  std::size_t added = 0;
  {
    std::vector<std::jthread> threads;
    for (const char each : {'1', '2', '3', '4'})
      threads.emplace_back([&here, each] {
        for (int i = 0; i < 20; ++i)
          CHECK(here.known.check(each + std::to_string(i), key_a));
      });
  }
  for (const char each : {'1', '2', '3', '4'})
    for (int i = 0; i < 20; ++i)
      added += *here.known.check(each + std::to_string(i), key_a) == Verdict::known ? 1 : 0;
  CHECK(added == 80);
  bool let[2] = {};
  {
    std::jthread one{[&] { let[0] = bool{here.known.check("ana", key_a)}; }};
    std::jthread two{[&] { let[1] = bool{here.known.check("ana", key_b)}; }};
  }
  CHECK(let[0] != let[1]);
}
