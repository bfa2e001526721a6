// The row of man in the command table, and which page is printed by which name.
#include "commands/manual/manual.hpp"

#include <array>

#include "base/text.hpp"
#include "cli/events.hpp"
#include "cli/manual.hpp"
#include "cli/packed_text.hpp"
#include "commands/table.hpp"

namespace netkit::manual {
namespace {

/// netkit(1): what is written by hand, and between its parts what the table has.
std::string overview(cli::Table table) {
  cli::RoffPage page{"netkit", 1, "the network tools of a small fleet or LAN in one file"};
  const std::string text = cli::unpacked(overview_page);
  int part = 0;
  for (const std::string_view each : split(text, '@')) {
    if (part == 1) cli::append_commands(page, table);
    if (part == 2) cli::append_global_options(page);
    if (part == 3) cli::append_exit_codes(page, {});
    if (part == 4) page.text(cli::unpacked(cli::common_events));
    page.text(each);
    ++part;
  }
  return page.take();
}

std::string written(std::string_view name, int section, std::string_view summary,
                    std::string_view packed) {
  cli::RoffPage page{name, section, summary};
  page.text(cli::unpacked(packed));
  return page.take();
}

class ManAction final : public cli::Action {
 public:
  void declare(cli::Options& options) override {
    options.positional("PAGE", page_, "A command, netkit.toml or netkit-wire (default: netkit)")
        .completes([](const cli::Typed&) -> std::vector<std::string> {
          const std::vector<std::string_view> names = page_names(commands::table());
          return {names.begin(), names.end()};
        });
  }

  Status run(cli::Context& context) override {
    const std::string name = page_.value_or("netkit");
    const std::optional<std::string> page = page_of(name, context.table);
    if (page) return context.out.bytes(*page);
    const std::string meant = did_you_mean(name, page_names(context.table));
    return Error{Errc::not_found, "print a page '" + escape_for_display(name) + "'",
                 meant.empty() ? "netkit --list names the commands" : meant};
  }

 private:
  std::optional<std::string> page_;
};

constexpr std::array<cli::Example, 3> examples{{
    {"netkit man filesrv | man -l -", "reads the page of a command"},
    {"netkit man netkit-wire | man -l -", "how to write clients of one's own"},
    {"netkit man echo > /usr/local/share/man/man1/netkit-echo.1", "keeps it for man(1)"},
}};
constexpr std::array<cli::ExitNote, 1> exits{{{5, "there is no such page"}}};

constexpr std::array<cli::Verb, 1> verbs{{
    {.name = "",
     .summary = "Print a manual page",
     .description =
         "Prints netkit(1), or the page of a command, netkit.toml(5) or netkit-wire(7), as roff "
         "with the macros of man(7); `netkit man filesrv | man -l -` shows it. What is told of "
         "options is made from the declarations that parse them.",
     .examples = examples,
     .exits = exits,
     .make = cli::make_action<ManAction>},
}};

}  // namespace

std::vector<std::string_view> page_names(cli::Table table) {
  std::vector<std::string_view> names{"netkit", "netkit.toml", "netkit-wire"};
  for (const cli::Command& each : table)
    names.push_back(each.name);
  return names;
}

std::optional<std::string> page_of(std::string_view name, cli::Table table) {
  if (name == "netkit") return overview(table);
  if (name == "netkit.toml") return written(name, 5, "the configuration file of netkit", toml_page);
  if (name == "netkit-wire")
    return written(name, 7, "what netkit programs say to each other", wire_page);
  if (name.starts_with("netkit-")) name.remove_prefix(7);
  const cli::Command* const found = cli::find(table, name);
  if (!found) return std::nullopt;
  return cli::command_page(*found, table);
}

constinit const cli::Command command{"man", "Print a manual page", verbs};

}  // namespace netkit::manual
