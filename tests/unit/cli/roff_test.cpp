// Tests of roff: that no text is taken for a request or an escape, and what the markup becomes.
#include "cli/roff.hpp"

#include <algorithm>
#include <doctest/doctest.h>

#include "base/text.hpp"

using namespace netkit;
using namespace netkit::cli;

namespace {

const std::string head = ".TH A\\-B 1 2026-11-22 \"netkit " NETKIT_VERSION
                         "\" \"netkit manual\"\n.SH NAME\na\\-b \\- does it\n";

std::string page_of(std::string_view markup) {
  RoffPage page{"a-b", 1, "does it"};
  page.section("S");
  page.text(markup);
  std::string text = page.take();
  const std::string before = head + ".SH S\n";
  REQUIRE(text.starts_with(before));
  return text.substr(before.size());
}

}  // namespace

TEST_CASE("to_roff: what roff would change or obey is escaped") {
  CHECK(to_roff("plain words") == "plain words");
  CHECK(to_roff("--no-tls") == "\\-\\-no\\-tls");
  CHECK(to_roff("\\n") == "\\en");
  CHECK(to_roff("\\\\") == "\\e\\e");
  CHECK(to_roff("it's \"so\"") == "it\\(aqs \\(dqso\\(dq");
  CHECK(to_roff("`a` ^b ~c") == "\\(gaa\\(ga \\(hab \\(tic");
  CHECK(to_roff(".so /etc/passwd") == "\\&.so /etc/passwd");
  CHECK(to_roff("'br") == "\\(aqbr");
  CHECK(to_roff("a.b") == "a.b");
  CHECK(to_roff("") == "");
}

TEST_CASE("to_roff: line ends, controls, stray bytes and other scripts leave plain ASCII") {
  CHECK(to_roff("a\n.so b\tc") == "a .so b c");
  CHECK(to_roff("\x1b[2J\x7f") == "\\[uFFFD][2J\\[uFFFD]");
  CHECK(to_roff("\xff\xc3") == "\\[uFFFD]\\[uFFFD]");
  CHECK(to_roff("\u00b5s \u2026") == "\\[u00B5]s \\[u2026]");
  CHECK(to_roff("\U0001F600") == "\\[u01F600]");
  CHECK(to_roff("\u202e") == "\\[uFFFD]");
}

TEST_CASE("RoffPage: paragraphs, bold, items, headings and lines as they are") {
  CHECK(page_of("One `two -x` three.\n\nFour.") == "One \\fBtwo \\-x\\fR three.\n.PP\nFour.\n");
  CHECK(page_of("`-x` :: Does so.") == ".TP\n\\fB\\-x\\fR\nDoes so.\n");
  CHECK(page_of("A.\n# B C\nD.\n## E\nF.") == "A.\n.SH B C\nD.\n.SS E\nF.\n");
  CHECK(page_of("A:\n x  | y\n   .z\nB.") == "A:\n.PP\n.nf\nx  | y\n  \\&.z\n.fi\n.PP\nB.\n");
  CHECK(page_of("left `open") == "left \\fBopen\\fR\n");
  CHECK(page_of("") == "");
}

TEST_CASE("RoffPage: however lines break, none begins a request and none is long") {
  std::string words;
  for (int i = 0; i < 200; ++i)
    words += i % 2 ? " ..." : " 'ab\\c";
  for (const std::string& text : {words, " " + words, "`tag` ::" + words}) {
    RoffPage page{"a-b", 1, "does it"};
    page.section("S");
    page.text(text);
    page.item(words, words);
    const std::string roff = page.take();
    for (const std::string_view line : split(roff, '\n')) {
      CHECK_MESSAGE(line.size() <= 80, line);
      if (!line.starts_with('.')) continue;
      const std::string_view request = line.substr(0, line.find(' '));
      const bool ours = request == ".TH" || request == ".SH" || request == ".TP" ||
                        request == ".PP" || request == ".nf" || request == ".fi";
      CHECK_MESSAGE(ours, line);
    }
    CHECK(std::ranges::all_of(
        roff, [](char byte) { return byte == '\n' || (byte >= ' ' && byte < 0x7f); }));
  }
}

TEST_CASE("RoffPage: a line that stands as it is goes on behind a backslash") {
  const std::string long_word(60, 'x');
  CHECK(page_of(" " + long_word + " " + long_word) ==
        ".nf\n" + long_word + " \\\n" + long_word + "\n.fi\n");
}
