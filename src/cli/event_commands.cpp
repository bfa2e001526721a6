// From an event to the environment and input of a command.
#include "cli/event_commands.hpp"

#include "base/text.hpp"
#include "base/units.hpp"
#include "base/utf8.hpp"

namespace netkit::cli {
namespace {

/// What commands may take when the server has ended already: `stop` is an event, too.
constexpr std::chrono::seconds ending_limit{5};

struct AsText {
  std::string operator()(std::string_view text) const {
    return std::string{utf8_prefix(text, log::value_size_max)};
  }
  std::string operator()(bool yes) const { return yes ? "true" : "false"; }
  std::string operator()(double number) const { return netkit::to_text(number); }
  std::string operator()(Duration duration) const { return to_fixed_text(seconds(duration)); }
  template <typename T>
  std::string operator()(T number) const {
    return std::to_string(number);
  }
};

bool is_ours(std::string_view variable) {
  return variable.starts_with("EVENT_") || variable == "NETKIT_EVENT";
}

}  // namespace

std::vector<std::string> event_environment(const log::Event& event) {
  std::vector<std::string> variables{"NETKIT_EVENT=" + std::string{event.name}};
  for (const log::Field& field : event.fields) {
    std::string variable = "EVENT_";
    for (const char c : field.key)
      variable += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    variables.push_back(variable + "=" + std::visit(AsText{}, field.value));
  }
  return variables;
}

EventCommands::EventCommands(log::Logger& log, const config::Environment& environment,
                             std::vector<Reaction> wanted)
    : wanted_{std::move(wanted)},
      reactions_{std::make_shared<Reactions>(
          io_, log, reaction_limit, [&log](const std::string& command, const std::string& output) {
            log.info(Reactions::event_name, {{"command", command}, {"output", output}});
          })} {
  for (const auto& [name, value] : environment)
    if (!is_ours(name)) environment_.push_back(name + "=" + value);
  thread_ = std::thread{[this] { run(); }};
}

void EventCommands::run() {
  io_.run();
  guard_.reset();
  io_.restart();
  io_.run_for(ending_limit);
  reactions_->give_up();
}

void EventCommands::hear(const log::Event& event) {
  if (ended_ || event.name == Reactions::event_name) return;
  Reactions::Job job;
  for (const Reaction& each : wanted_) {
    const bool any = each.event == all_events && event.level >= log::Level::info;
    if (!any && each.event != event.name) continue;
    if (job.input.empty()) {
      job.environment = environment_;
      for (std::string& variable : event_environment(event))
        job.environment.push_back(std::move(variable));
      log::append_line(job.input, {.format = log::Format::json}, event);
    }
    job.command = each.command;
    reactions_->start(job);
  }
}

void EventCommands::end() {
  if (!thread_.joinable()) return;
  ended_ = true;
  io_.stop();
  thread_.join();
}

}  // namespace netkit::cli
