// The parts of a command's page. An option group that an earlier verb has word for word is named
// there and not repeated: the verbs of one command mostly share theirs.
#include "cli/manual.hpp"

#include <algorithm>
#include <initializer_list>
#include <vector>

#include "base/text.hpp"
#include "cli/globals.hpp"
#include "cli/help_parts.hpp"
#include "cli/packed_text.hpp"

namespace netkit::cli {
namespace {

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts)
    text += part;
  return text;
}

/// As a phrase within a sentence; a name in capitals stays.
std::string as_phrase(std::string_view summary) {
  std::string phrase{summary};
  const bool is_word = phrase.size() > 1 && !(phrase[1] >= 'A' && phrase[1] <= 'Z');
  if (is_word && phrase[0] >= 'A' && phrase[0] <= 'Z') phrase[0] |= 0x20;
  return phrase;
}

std::string as_sentence(std::string_view text) {
  return joined({text, text.empty() || text.ends_with('.') ? "" : "."});
}

std::string bold(std::string_view text) {
  return joined({"\\fB", to_roff(text), "\\fR"});
}

/// "-s, --shape round|square": names bold, values slanted.
std::string tag_of(const Option& option) {
  const std::string form = option_form(option);
  std::string tag;
  for (const std::string_view word : split(form, ' ')) {
    if (!tag.empty()) tag += ' ';
    const std::size_t name_end =
        word.starts_with('-') ? std::min(word.find_first_of("[,"), word.size()) : 0;
    if (name_end > 0)
      tag.append(bold(word.substr(0, name_end))).append(to_roff(word.substr(name_end)));
    else
      tag += joined({"\\fI", to_roff(word), "\\fR"});
  }
  return tag;
}

using Group = std::span<const Option* const>;

void append_options(RoffPage& page, Group group) {
  for (const Option* const option : group)
    page.item_of_roff(tag_of(*option), as_sentence(option_meaning(*option)));
}

/// One verb's declarations, as long as its part of the page is written.
struct Declared {
  explicit Declared(const Verb& verb) : action{verb.make()} { action->declare(options); }
  std::unique_ptr<Action> action;
  Options options;
};

/// Writes one command's page.
class CommandPage {
 public:
  CommandPage(const Command& command, Table table)
      : command_{command},
        table_{table},
        prose_{unpacked(command.manual)},
        page_{joined({"netkit-", command.name}), 1, as_phrase(command.summary)} {}

  std::string write();

 private:
  void append_synopsis();
  void append_verb(const Verb& verb);
  void append_group(const Verb& verb, Group group);
  void append_own_exits(const Verb& verb);
  void append_globals();
  void append_examples();
  void append_files(std::string_view own);
  void append_see_also();

  const Command& command_;
  const Table table_;
  const std::string prose_;
  RoffPage page_;
  std::vector<std::string> told_;         // Groups in words,
  std::vector<const Verb*> told_before_;  // and the verb of each.
  bool keeps_state_ = false;
};

std::string CommandPage::write() {
  append_synopsis();
  const bool alone = command_.has_no_verbs();
  const Verb& first = command_.verbs.front();
  const std::string_view prose = prose_;
  const std::size_t own = std::min(prose.find("\n# "), prose.size());
  page_.section("DESCRIPTION");
  if (alone || own == 0) page_.text(as_sentence(alone ? first.description : command_.summary));
  page_.text(prose.substr(0, own));
  page_.section(alone ? "OPTIONS" : "VERBS");
  for (const Verb& verb : command_.verbs)
    append_verb(verb);
  append_globals();
  page_.section("EXIT STATUS");
  append_exit_codes(page_, alone ? first.exits : std::span<const ExitNote>{});
  append_examples();
  page_.section("ENVIRONMENT");
  page_.item(joined({"`", config::variable_name(command_.name, "name"), "`"}),
             "The value of option `--name`, unless it is given; `netkit.toml`(5) tells more.");
  append_files(prose.substr(own));
  append_see_also();
  return page_.take();
}

void CommandPage::append_synopsis() {
  page_.section("SYNOPSIS");
  for (const Verb& verb : command_.verbs) {
    const Declared declared{verb};
    const std::string name = spoken(command_, verb);
    const std::string line = usage_line(command_, verb, declared.options);
    page_.line(joined({"`", name, "`", std::string_view{line}.substr(name.size())}));
    keeps_state_ = keeps_state_ || declared.options.find("state") != nullptr;
  }
}

void CommandPage::append_verb(const Verb& verb) {
  if (!command_.has_no_verbs()) {
    page_.subsection(spoken(command_, verb));
    page_.text(as_sentence(verb.summary));
    page_.text(verb.description);
  }
  const Declared declared{verb};
  const std::vector<const Option*> options = by_heading(declared.options);
  for (auto begin = options.begin(); begin != options.end();) {
    const auto end = std::find_if(begin, options.end(), [&](const Option* option) {
      return heading_of(*option) != heading_of(**begin);
    });
    append_group(verb, {begin, end});
    begin = end;
  }
  if (!command_.has_no_verbs()) append_own_exits(verb);
}

void CommandPage::append_group(const Verb& verb, Group group) {
  const std::string_view heading = heading_of(*group.front());
  std::string words{heading};
  for (const Option* const option : group)
    words += joined({"\n", option_form(*option), "\n", option_meaning(*option)});
  const auto earlier = std::ranges::find(told_, words);
  // A single option costs no more than to be looked up.
  if (earlier != told_.end() && group.size() > 1) {
    const Verb& before = *told_before_[static_cast<std::size_t>(earlier - told_.begin())];
    page_.text(joined({heading, ": as of `", spoken(command_, before), "` above."}));
    return;
  }
  told_.push_back(std::move(words));
  told_before_.push_back(&verb);
  if (heading != "Arguments" && heading != "Options") page_.text(joined({heading, ":"}));
  append_options(page_, group);
}

void CommandPage::append_own_exits(const Verb& verb) {
  std::string text;
  for (const ExitNote& note : verb.exits)
    text +=
        joined({text.empty() ? "Exit status " : "; ", std::to_string(note.code), ": ", note.when});
  page_.text(as_sentence(text));
}

void CommandPage::append_globals() {
  Globals globals;
  Options options;
  declare_globals(options, globals);
  std::string text = "Told by `netkit`(1):";
  for (const Option& option : options.all())
    text += joined({&option == &options.all().front() ? " `" : ", `", option_form(option), "`"});
  page_.section("GLOBAL OPTIONS");
  page_.text(as_sentence(text));
}

void CommandPage::append_examples() {
  bool any = false;
  const Example* last = nullptr;
  for (const Verb& verb : command_.verbs) {
    // Two verbs may be one: `netkit shutdown-server` and its serve.
    if (verb.examples.empty() || verb.examples.data() == last) continue;
    last = verb.examples.data();
    if (!any) page_.section("EXAMPLES");
    any = true;
    for (const Example& example : verb.examples)
      page_.item_of_roff(bold(example.line), example.what);
  }
}

void CommandPage::append_files(std::string_view own) {
  const std::string_view name = command_.name;
  page_.section("FILES");
  page_.item("`/etc/netkit/netkit.toml`, `~/.config/netkit/netkit.toml`",
             joined({"The configuration: sections [", name, "]",
                     command_.has_no_verbs() ? "." : joined({" and [", name, ".VERB]."})}));
  if (keeps_state_)
    page_.item("`STATE`",
               joined({"The folder of `--state`, mode 0700. By default `$STATE_DIRECTORY`, else "
                       "`$XDG_STATE_HOME/netkit/",
                       name, "` (`~/.local/state/netkit/", name, "`), of root `/var/lib/netkit/",
                       name, "`."}));
  // A section FILES of its own goes on with this one.
  constexpr std::string_view heading = "\n# FILES\n";
  page_.text(own.substr(own.starts_with(heading) ? heading.size() : 0));
}

void CommandPage::append_see_also() {
  std::string names = "`netkit`(1), ";
  for (const Command& each : table_) {
    const std::string page = joined({"`netkit-", each.name, "`(1)"});
    if (prose_.find(page) != std::string::npos) names += page + ", ";
  }
  page_.section("SEE ALSO");
  page_.text(names + "`netkit.toml`(5), `netkit-wire`(7)");
}

}  // namespace

std::string command_page(const Command& command, Table table) {
  return CommandPage{command, table}.write();
}

void append_commands(RoffPage& page, Table table) {
  for (const Command& command : table)
    page.item(joined({"`netkit-", command.name, "`(1)"}), as_sentence(command.summary));
}

void append_global_options(RoffPage& page) {
  Globals globals;
  Options options;
  declare_globals(options, globals);
  append_options(page, by_heading(options));
}

void append_exit_codes(RoffPage& page, std::span<const ExitNote> own) {
  for (const ExitNote& note : exit_notes(own))
    page.item_of_roff(bold(std::to_string(note.code)), note.when);
}

}  // namespace netkit::cli
