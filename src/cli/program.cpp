// The order of things between argv and a running command.
#include "cli/program.hpp"

#include <algorithm>
#include <deque>
#include <memory>
#include <unistd.h>

#include "base/text.hpp"
#include "cli/complete.hpp"
#include "cli/help.hpp"
#include "cli/parse.hpp"
#include "cli/paths.hpp"
#include "cli/version.hpp"
#include "log/file_sink.hpp"

namespace netkit::cli {
namespace {

/// One verb's action with all its options, the global ones included.
struct Declared {
  Declared(const Verb& verb, Globals& globals) : action{verb.make()} {
    action->declare(options);
    declare_globals(options, globals);
  }
  std::unique_ptr<Action> action;
  Options options;
};

/// What the value is called tells it: whoever has that may act for somebody.
bool is_secret(const Option& option) {
  return option.value_name == "TOKEN" || option.value_name == "CODE";
}

config::Section section_of(const Command& command, const Verb& verb, const Options& options) {
  config::Section section{command.name, verb.name, {}};
  for (const Option& option : options.all())
    if (!option.positional && !option.command_line_only)
      section.keys.push_back({.name = option.name,
                              .repeats = option.repeats,
                              .flag = option.flag,
                              .secret = is_secret(option),
                              .defaults = option.defaults});
  return section;
}

Status assign(const Option& option, const std::vector<std::string>& values,
              const std::string& source) {
  Status assigned = option.assign(values);
  if (assigned) return ok;
  const Error& error = assigned.error();
  return Error{error.code, error.attempt + " for " + source, error.hint};
}

/// Hands the values of all sources to the variables that the options are bound to.
Status assign_all(const Options& options, const config::Settings& settings,
                  const config::Options& given) {
  for (const config::Setting& setting : settings) {
    if (setting.origin.kind == config::Origin::default_) continue;
    const Option* option = options.find(setting.key.name);
    const bool typed = setting.origin.kind == config::Origin::option;
    const std::string source = typed ? "--" + option->name : setting.origin.where;
    if (Status done = assign(*option, setting.values, source); !done) return done;
  }
  for (const Option& option : options.all()) {
    const auto values = given.find(option.name);
    const bool outside = option.positional || option.command_line_only;
    const std::string source = option.positional ? option.name : "--" + option.name;
    const auto is_set = [&](const config::Setting& each) {
      return each.key.name == option.name && each.origin.kind != config::Origin::default_;
    };
    if (values != given.end() && outside) {
      if (Status done = assign(option, values->second, source); !done) return done;
    } else if (option.required && values == given.end() && !given.contains("print-config") &&
               std::ranges::none_of(settings, is_set)) {
      return Error{Errc::usage, "go on without " + source, "see --help"};
    }
  }
  return ok;
}

log::Style style_of(const Globals& globals, const Terminal& terminal,
                    const config::Environment& environment) {
  const auto stream = environment.find("JOURNAL_STREAM");
  const auto no_color = environment.find("NO_COLOR");
  log::Style style;
  if (globals.log_format == LogFormat::json) style.format = log::Format::json;
  style.journal = !globals.log_file && stream != environment.end() &&
                  log::is_journal(STDERR_FILENO, stream->second);
  style.colour = !globals.log_file && !style.journal &&
                 terminal.shows_colour(globals.colour,
                                       no_color != environment.end() && !no_color->second.empty());
  return style;
}

bool has_word(const std::vector<std::string>& words, std::string_view wanted) {
  return std::find(words.begin(), words.end(), wanted) != words.end();
}

}  // namespace

Program::Program(Table table, std::vector<std::string> arguments, config::Environment environment)
    : table_{table}, environment_{std::move(environment)} {
  if (arguments.empty()) return;
  words_.assign(arguments.begin() + 1, arguments.end());
  const std::string own = command_in_name(table_, arguments.front());
  // Completion of a link's words is that of the command's.
  const bool completes = !words_.empty() && words_.front() == "__complete";
  if (!own.empty()) words_.insert(words_.begin() + (completes ? 1 : 0), own);
}

std::string Program::name() const {
  return located_.command ? "netkit " + std::string{located_.command->name} : "netkit";
}

Status Program::run() {
  Output plain{STDOUT_FILENO, false};
  if (!words_.empty() && words_.front() == "__complete")
    return print_completions(table_, {words_.begin() + 1, words_.end()}, environment_, plain);
  Result<Located> located = locate(table_, words_);
  if (!located) {
    // That what is said names the command where it is known.
    if (located.error().code != Errc::unknown_command)
      for (const std::string& each : words_)
        if (!located_.command) located_.command = find(table_, each);
    return located.error();
  }
  located_ = std::move(*located);
  if (!located_.command) return run_without_command(plain);
  if (located_.verb) return run_verb();
  if (has_word(located_.rest, "--print-config")) return print_all_verbs();
  if (has_word(located_.rest, "--help") || has_word(located_.rest, "-h"))
    return plain.bytes(help_command(*located_.command));
  return Error{Errc::usage, "go on without a verb",
               "see netkit " + std::string{located_.command->name} + " --help"};
}

Status Program::run_without_command(Output& out) {
  bool version = false;
  bool list = false;
  Options options;
  declare_globals(options, globals_);
  options.flag("version", version, "Show version and features and exit");
  options.flag("list", list, "List the commands, one a line");
  Result<config::Options> given = parse_words(options, located_.rest);
  if (!given) return given.error();
  if (Status done = assign_all(options, {}, *given); !done) return done;
  if (given->contains("version")) return out.bytes(version_text());
  if (given->contains("list")) {
    for (const Command& command : table_)
      if (Status written = out.line(command.name); !written) return written;
    return ok;
  }
  Options globals;
  declare_globals(globals, globals_);
  if (globals_.help) return out.bytes(help_all(table_, globals));
  return Error{Errc::usage, "go on without a command", "see netkit --help"};
}

Result<config::Settings> Program::resolve(const Options& own, const config::Options& given) const {
  Result<std::vector<config::File>> files =
      config::read_files(environment_, globals_.config_path.value_or(""));
  if (!files) {
    const Error& error = files.error();
    if (error.code == Errc::usage) return error;
    return Error{Errc::usage, error.attempt, error.code.message()};
  }
  // A file may have sections for every command; without one, only this command's keys matter.
  config::Schema schema;
  std::deque<Declared> declared;
  Globals unused;
  for (const Command& command : table_) {
    if (files->empty() && &command != located_.command) continue;
    for (const Verb& verb : command.verbs) {
      declared.emplace_back(verb, unused);
      schema.sections.push_back(section_of(command, verb, declared.back().options));
    }
  }
  config::Sources sources{std::move(*files), environment_, {}};
  for (const auto& [name, values] : given) {
    const Option* const option = own.find(name);
    if (option && !option->positional && !option->command_line_only) sources.options[name] = values;
  }
  Result<config::Settings> settings =
      config::resolve(schema, located_.command->name, located_.verb->name, sources);
  if (!settings) return settings.error();
  // The keys borrow their names from declarations that end here; `own` has the same and lives on.
  for (config::Setting& setting : *settings)
    setting.key.name = own.find(setting.key.name)->name;
  return settings;
}

/// All values of all sources to the variables that `options` is bound to.
Status Program::gather(const Options& options, const config::Options& given) {
  if (const auto path = given.find("config"); path != given.end())
    globals_.config_path = path->second.back();
  Result<config::Settings> settings = resolve(options, given);
  if (!settings) return settings.error();
  for (const Option& option : options.all())
    option.reset();
  return assign_all(options, *settings, given);
}

Status Program::run_verb() {
  Declared declared{*located_.verb, globals_};
  const Options& options = declared.options;
  Result<config::Options> given = parse_words(options, located_.rest);
  if (!given) return given.error();
  Output plain{STDOUT_FILENO, false};
  if (given->contains("help"))
    return plain.bytes(help_verb(*located_.command, *located_.verb, options));
  if (Status gathered = gather(options, *given); !gathered) return gathered;
  if (globals_.print_config) {
    Result<config::Settings> settings = resolve(options, *given);
    if (!settings) return settings.error();
    return plain.bytes(config::print(located_.command->name, located_.verb->name, *settings));
  }
  // A daemon that reads it again has left the folder it was started in.
  if (const auto path = given->find("config"); path != given->end())
    path->second.back() = absolute_path(path->second.back());
  return start(*declared.action, [&]() -> Status {
    // Tried on others first: an error must leave the values that are in use as they are.
    Globals unused;
    Declared trial{*located_.verb, unused};
    if (Status tried = gather(trial.options, *given); !tried) return tried;
    return gather(options, *given);
  });
}

/// `netkit COMMAND --print-config`: a section a verb, each as that verb would see it.
Status Program::print_all_verbs() {
  for (const Verb& verb : located_.command->verbs) {
    located_.verb = &verb;
    if (&verb != &located_.command->verbs.front())
      if (Status written = Output{STDOUT_FILENO, false}.bytes("\n"); !written) return written;
    if (Status printed = run_verb(); !printed) return printed;
  }
  return ok;
}

Status Program::start(Action& action, const std::function<Status()>& reload) {
  Terminal terminal{STDIN_FILENO, STDERR_FILENO};
  Output out{STDOUT_FILENO, globals_.json};
  log::StderrSink to_stderr;
  std::unique_ptr<log::FileSink> to_file;
  if (globals_.log_file) {
    auto opened = log::FileSink::open(absolute_path(*globals_.log_file),
                                      {.size_max = globals_.log_size_max.bytes});
    if (!opened) return opened.error();
    to_file = std::move(*opened);
  }
  log::LoggerOptions options;
  options.level = globals_.level();
  options.style = style_of(globals_, terminal, environment_);
  log::Sink& sink = to_file ? static_cast<log::Sink&>(*to_file) : to_stderr;
  log::Logger log{std::string{located_.command->name}, sink, std::move(options)};
  Context context{*located_.command, table_,        log,      out,   terminal,
                  environment_,      to_file.get(), globals_, reload};
  Status ended = action.run(context);
  // Under --log-file nobody may be looking at stderr, where main() says it as well.
  if (!ended && to_file) log.error("failed", {{"error", ended.error().message()}});
  return ended;
}

}  // namespace netkit::cli
