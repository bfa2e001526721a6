// Tests that what the pages and --help show as commands can be typed: each resolves to a command
// and a verb, takes only options that are declared, and values that these read.
#include <doctest/doctest.h>
#include <optional>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "cli/globals.hpp"
#include "cli/locate.hpp"
#include "cli/packed_text.hpp"
#include "cli/parse.hpp"
#include "commands/manual/manual.hpp"
#include "commands/table.hpp"

using namespace netkit;

namespace {

using Words = std::vector<std::string>;

/// Takes a shell's line apart as far as examples go: quotes, pipes, lists, substitutions. What a
/// redirection names is left out.
class ShellLine {
 public:
  explicit ShellLine(std::string_view line) : line_{line} {}

  std::vector<Words> commands() {
    for (; at_ < line_.size(); ++at_)
      take(line_[at_]);
    end_command();
    return commands_;
  }

 private:
  void take(char letter) {
    if (quote_ != '\0' && letter == quote_) {
      quote_ = '\0';
    } else if (quote_ == '\0' && (letter == '\'' || letter == '"')) {
      quote_ = letter;
      begun_ = true;
    } else if (quote_ == '\0' && (letter == ' ' || letter == '\n')) {
      end_word();
    } else if (quote_ == '\0' && std::string_view{"|;&()"}.find(letter) != std::string_view::npos) {
      end_command();
    } else if (quote_ == '\0' && (letter == '<' || letter == '>')) {
      end_word();
      redirected_ = true;
    } else {
      word_ += letter;
      begun_ = true;
    }
  }
  void end_word() {
    if (begun_ && !redirected_) words_.push_back(word_);
    if (begun_) redirected_ = false;
    word_.clear();
    begun_ = false;
  }
  void end_command() {
    end_word();
    redirected_ = false;
    if (!words_.empty()) commands_.push_back(std::move(words_));
    words_.clear();
  }

  std::string_view line_;
  std::size_t at_ = 0;
  char quote_ = '\0';
  bool begun_ = false;
  bool redirected_ = false;
  std::string word_;
  Words words_;
  std::vector<Words> commands_;
};

/// What stands behind "netkit" in each command of the line that has it.
std::vector<Words> netkit_words(std::string_view line) {
  std::vector<Words> found;
  for (const Words& words : ShellLine{line}.commands())
    for (auto at = words.begin(); at != words.end(); ++at)
      if (*at == "netkit") {
        found.emplace_back(at + 1, words.end());
        break;
      }
  return found;
}

/// Whether netkit would take these words, up to the point where it would begin to run.
/// `values`: also whether it could read what the options are given.
Status try_words(const Words& words, bool values) {
  const Result<cli::Located> located = cli::locate(commands::table(), words);
  if (!located) return located.error();
  if (!located->command) return Error{Errc::usage, "find a command"};
  const bool of_all_verbs = located->rest == Words{"--print-config"} || located->rest.empty();
  if (!located->verb) return of_all_verbs ? Status{ok} : Errc::usage;
  cli::Globals globals;
  cli::Options options;
  const std::unique_ptr<cli::Action> action = located->verb->make();
  action->declare(options);
  cli::declare_globals(options, globals);
  const Result<config::Options> given = cli::parse_words(options, located->rest);
  if (!given) return given.error();
  if (!values) return ok;
  for (const auto& [name, texts] : *given)
    if (Status read = options.find(name)->assign(texts); !read) return read;
  for (const cli::Option& option : options.all())
    if (option.required && !given->contains(option.name))
      return Error{Errc::usage, "go on without " + option.name};
  return ok;
}

/// What a line says wrongly; empty if nothing. At least one command of it is netkit's.
std::string complaint(std::string_view line, bool values) {
  const std::vector<Words> all = netkit_words(line);
  if (all.empty()) return "no command of netkit's";
  for (const Words& words : all)
    if (const Status tried = try_words(words, values); !tried) return tried.error().message();
  return {};
}

/// What stands between backticks.
std::vector<std::string_view> quoted(std::string_view markup) {
  std::vector<std::string_view> found;
  const std::vector<std::string_view> parts = split(markup, '`');
  for (std::size_t i = 1; i < parts.size(); i += 2)
    found.push_back(parts[i]);
  return found;
}

/// Complaints about all commands in a text, which may have placeholders for values.
std::string complaints(std::string_view markup) {
  std::string all;
  for (const std::string_view each : quoted(markup)) {
    const bool is_command = each.starts_with("netkit ") || each.find(" netkit ") != each.npos;
    if (!is_command) continue;
    if (const std::string wrong = complaint(each, false); !wrong.empty())
      all.append(each).append(": ").append(wrong) += '\n';
  }
  return all;
}

}  // namespace

TEST_CASE("examples: each line of every verb's can be typed") {
  for (const cli::Command& command : commands::table())
    for (const cli::Verb& verb : command.verbs) {
      CHECK_MESSAGE(!verb.examples.empty(), command.name, " ", verb.name);
      for (const cli::Example& example : verb.examples) {
        // What is done with files that a server keeps, or with what we print, needs none of ours.
        const bool by_others = example.line.starts_with("echo ") ||
                               example.line.starts_with("tail -F ~/") ||
                               example.line.starts_with("fail2ban-regex ");
        CHECK_MESSAGE((by_others || complaint(example.line, true) == ""), example.line);
      }
    }
}

TEST_CASE("examples: so can the commands within the texts of the pages") {
  for (const cli::Command& command : commands::table())
    CHECK(complaints(cli::unpacked(command.manual)) == "");
  for (const std::string_view page : {manual::overview_page, manual::toml_page, manual::wire_page})
    CHECK(complaints(cli::unpacked(page)) == "");
}

TEST_CASE("examples: a line that cannot be typed is told") {
  CHECK(complaint("netkit echo serve --nope", true) != "");
  CHECK(complaint("netkit ecko", true) != "");
  CHECK(complaint("true | netkit echo ping --count many", true) != "");
  CHECK(complaint("netkit completion", true) != "");
  CHECK(complaint("echo hello", true) != "");
  CHECK(complaint("x=$(netkit auth wohami)", true) != "");
  CHECK(complaints("as `netkit echo serve --nope` does") != "");
}

TEST_CASE("examples: quotes, pipes and substitutions are seen through") {
  CHECK(netkit_words("sudo x | netkit a 'b  c' \"d\" > netkit | netkit e") ==
        std::vector<Words>{{"a", "b  c", "d"}, {"e"}});
  CHECK(netkit_words("T=$(netkit a) <(netkit b)") == std::vector<Words>{{"a"}, {"b"}});
}
