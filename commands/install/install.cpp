// `netkit install`: lays all objects down or takes them away, goes on after a failure, and says
// each path. Its row in the command table.
#include "commands/install/install.hpp"

#include <array>
#include <unistd.h>

#include "base/text.hpp"
#include "cli/exit_code.hpp"
#include "commands/install/folders.hpp"
#include "commands/install/lay.hpp"
#include "commands/install/objects.hpp"
#include "commands/install/program_file.hpp"

namespace netkit::install {
namespace {

class InstallAction final : public cli::Action {
 public:
  void declare(cli::Options& options) override {
    options.value("prefix", prefix_, "DIR", "Below which folder")
        .completes(cli::Complete::directory);
    options.value("root", root_, "DIR", "Take this folder for /: to build packages and images")
        .completes(cli::Complete::directory);
    options.flag("symlinks", links_, "A link a command, too: `relay` for `netkit relay`");
    options.flag("uninstall", uninstall_, "Take away what is as it was laid down");
    options.flag("dry-run", dry_, "Say what would be done, and do nothing");
  }

  Status run(cli::Context& context) override;

 private:
  Status lay_down(cli::Context& context, std::vector<Object> all);
  Status take_all(cli::Context& context, const std::vector<Object>& all);
  Folders make_folders(cli::Context& context, const Folders& wanted);
  bool make_base(cli::Context& context);
  Status show(cli::Context& context, std::string_view path, const Result<Change>& change);
  void fail(cli::Context& context, const Error& error);

  std::string prefix_ = "/usr/local";
  std::string root_;
  bool links_ = false;
  bool uninstall_ = false;
  bool dry_ = false;
  std::string base_;    ///< Root and prefix, without a slash at the end.
  std::string closed_;  ///< The folder that nothing can be written into.
  Status worst_ = ok;
};

std::string folder_of(std::string_view path) {
  return std::string{path.substr(0, path.rfind('/'))};
}

bool is_forbidden(const Error& error) {
  return error.code == std::errc::permission_denied ||
         error.code == std::errc::operation_not_permitted;
}

Status InstallAction::run(cli::Context& context) {
  const std::string prefix = tidy_path(prefix_);
  if (!root_.empty()) base_ = tidy_path(root_);
  base_ += prefix;
  Result<std::string> program = program_bytes();
  if (!program) return program.error();
  // Links are taken away whether or not they are named now: where they led is gone.
  std::vector<Object> all =
      objects(context.table, prefix, *std::move(program), links_ || uninstall_);
  const Status shown = uninstall_ ? take_all(context, all) : lay_down(context, std::move(all));
  return shown ? worst_ : shown;
}

Status InstallAction::lay_down(cli::Context& context, std::vector<Object> all) {
  const Folders wanted = folders_of(all);
  Folders made = listed_folders(base_, wanted);
  if (!dry_ && !make_base(context)) return ok;
  made.merge(make_folders(context, wanted));
  // First: what follows may be cut short.
  if (!made.empty()) all.insert(all.begin(), list_of(made));
  for (const Object& each : all) {
    const std::string path = base_ + "/" + each.path;
    const std::string folder = folder_of(path);
    // What stands in the way of a whole folder has been said.
    if (folder == closed_ || (!dry_ && ::access(folder.c_str(), F_OK) != 0)) continue;
    if (Status shown = show(context, path, lay(path, each, dry_)); !shown) return shown;
  }
  return ok;
}

Status InstallAction::take_all(cli::Context& context, const std::vector<Object>& all) {
  const Folders made = listed_folders(base_, folders_of(all));
  for (const Object& each : all) {
    const std::string path = base_ + "/" + each.path;
    if (Status shown = show(context, path, take_away(path, each, dry_)); !shown) return shown;
  }
  const Object list = list_of(made);
  const std::string path = base_ + "/" + list.path;
  if (Status shown = show(context, path, take_away(path, list, dry_)); !shown) return shown;
  if (!dry_) remove_empty(base_, made);
  return ok;
}

/// The prefix itself, with its parents: they are the caller's, and stay.
bool InstallAction::make_base(cli::Context& context) {
  for (auto slash = base_.find('/', 1); !base_.empty(); slash = base_.find('/', slash + 1)) {
    const Result<bool> made = make_folder(base_.substr(0, slash), false);
    if (!made) fail(context, made.error());
    if (!made) return false;
    if (slash == base_.npos) break;
  }
  return true;
}

Folders InstallAction::make_folders(cli::Context& context, const Folders& wanted) {
  Folders made;
  std::string missing = " ";  // Below it nothing else can be made, which is said once.
  for (const std::string& each : wanted) {
    if (each.starts_with(missing + "/")) continue;
    const Result<bool> done = make_folder(base_ + "/" + each, dry_);
    if (!done) {
      fail(context, done.error());
      missing = each;
    } else if (*done) {
      made.insert(each);
    }
  }
  return made;
}

Status InstallAction::show(cli::Context& context, std::string_view path,
                           const Result<Change>& change) {
  if (!change) {
    // The same for all that belongs there.
    if (is_forbidden(change.error())) closed_ = folder_of(path);
    fail(context, change.error());
    return ok;
  }
  if (*change == Change::absent) return ok;
  const std::string shown = escape_for_display(path);
  if (*change == Change::kept)
    context.log.warn("kept", {{"path", path}, {"hint", "it is not what this netkit lays down"}});
  if (!context.out.json()) return context.out.line(std::string{to_text(*change)} + "\t" + shown);
  return context.out.object(JsonObject{}.add("action", to_text(*change)).add("path", shown));
}

/// Says all but the worst, which main says with the exit code it has.
void InstallAction::fail(cli::Context& context, const Error& error) {
  Error told = error;
  if (is_forbidden(told) && told.hint.empty())
    told.hint = std::string{"it takes root: sudo netkit install"};
  const bool worse = worst_ || cli::exit_code_of(told) > cli::exit_code_of(worst_.error());
  Status said = worse ? std::move(worst_) : Status{told};
  if (worse) worst_ = std::move(told);
  if (!said) context.terminal.say("netkit install: " + said.error().message() + "\n");
}

constexpr std::array<cli::Example, 3> examples{{
    {"sudo netkit install", "into /usr/local: program, completions, manual pages, units"},
    {"netkit install --prefix ~/.local --symlinks", "for one user; `relay` is `netkit relay` then"},
    {"sudo netkit install --uninstall --dry-run", "what would go, and what somebody changed"},
}};
constexpr std::array<cli::Verb, 1> verbs{{{
    .name = "",
    .summary = "Install this file: program, completions, manual pages, units",
    .description =
        "Lays down what is in this one file below --prefix and prints a line a path: created, "
        "replaced or unchanged. Each file is replaced as a whole or not at all. --uninstall takes "
        "the same files away, and folders that were made for them; what somebody changed is kept.",
    .examples = examples,
    .exits = {},
    .make = cli::make_action<InstallAction>,
}}};

}  // namespace

constinit const cli::Command install_command{
    "install", "Install this file: program, completions, units", verbs};

}  // namespace netkit::install
