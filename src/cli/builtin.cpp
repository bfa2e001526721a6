// `netkit help` and `netkit completion`.
#include "cli/builtin.hpp"

#include <array>

#include "base/text.hpp"
#include "cli/globals.hpp"
#include "cli/help.hpp"
#include "cli/locate.hpp"
#include "cli/shells.hpp"

namespace netkit::cli {
namespace {

class HelpAction final : public Action {
 public:
  void declare(Options& options) override {
    options.positionals("COMMAND", words_, "The command, and a verb of it, to explain");
  }

  Status run(Context& context) override {
    Globals unused;
    Options options;
    Result<Located> located = locate(context.table, words_);
    if (!located) return located.error();
    if (!located->command) {
      declare_globals(options, unused);
      return context.out.bytes(help_all(context.table, options));
    }
    if (!located->verb) return context.out.bytes(help_command(*located->command));
    const std::unique_ptr<Action> action = located->verb->make();
    action->declare(options);
    declare_globals(options, unused);
    return context.out.bytes(help_verb(*located->command, *located->verb, options));
  }

 private:
  std::vector<std::string> words_;
};

enum class Shell { bash, zsh, fish };

class CompletionAction final : public Action {
 public:
  void declare(Options& options) override {
    Option& shell = options.choice(
        "SHELL", shell_, {{"bash", Shell::bash}, {"zsh", Shell::zsh}, {"fish", Shell::fish}},
        "bash, zsh or fish");
    shell.positional = shell.required = true;
    shell.defaults.clear();
  }

  Status run(Context& context) override {
    switch (shell_) {
      case Shell::bash: return context.out.bytes(bash_completion());
      case Shell::zsh: return context.out.bytes(zsh_completion());
      case Shell::fish: return context.out.bytes(fish_completion());
    }
    return Error{Errc::usage, "complete for that shell"};
  }

 private:
  Shell shell_ = Shell::bash;
};

constexpr std::array<Example, 2> help_examples{{
    {"netkit help echo", "what the verbs of echo are"},
    {"netkit help echo ping", "all options of one verb"},
}};
constexpr std::array<Verb, 1> help_verbs{{{
    .name = "",
    .summary = "Explain a command",
    .description = "Prints what --help of that command prints.",
    .examples = help_examples,
    .exits = {},
    .make = make_action<HelpAction>,
}}};

constexpr std::array<Example, 2> completion_examples{{
    {"source <(netkit completion bash)", "Tab completion in this shell"},
    {"netkit completion zsh > ~/.zfunc/_netkit", "for every zsh to come, if ~/.zfunc is in $fpath"},
}};
constexpr std::array<Verb, 1> completion_verbs{{{
    .name = "",
    .summary = "Print a shell's completion script",
    .description = "Prints the script that makes Tab complete commands, verbs, options, endpoints "
                   "and file names. The script asks netkit itself at each Tab, so it never lags "
                   "behind the version that is installed.",
    .examples = completion_examples,
    .exits = {},
    .make = make_action<CompletionAction>,
}}};

}  // namespace

const Command help_builtin{"help", "Explain a command", help_verbs};
const Command completion_builtin{"completion", "Print a shell's completion script",
                                 completion_verbs};

}  // namespace netkit::cli
