// Which commands an event asks for, and their environment.
#include "commands/presence/reactions.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/hex.hpp"
#include "base/text.hpp"

namespace netkit::presence {
namespace {

constexpr std::string_view any_change = "change";
constexpr std::array<std::string_view, 7> events{"online", "away",      "suspect", "offline",
                                                 "left",   "forgotten", any_change};

}  // namespace

Status read_value(std::string_view text, Reaction& reaction) {
  if (Status read = cli::read_value(text, static_cast<cli::Reaction&>(reaction)); !read)
    return read;
  if (std::ranges::find(events, reaction.event) != events.end()) return ok;
  const std::string near = did_you_mean(reaction.event, events);
  return Error{
      Errc::usage, "react to '" + escape_for_display(reaction.event) + "'",
      near.empty() ? "events are online, away, suspect, offline, left, forgotten, change" : near};
}

PeerReactions::PeerReactions(const cli::Context& context, asio::io_context& io,
                             std::vector<Reaction> wanted)
    : context_{context},
      wanted_{std::move(wanted)},
      commands_{std::make_shared<cli::Reactions>(
          io, context.log, std::chrono::nanoseconds{0},
          [&context](const std::string&, const std::string& output) {
            context.terminal.say(output);
          })} {}

void PeerReactions::react(std::string_view event, const Entry& entry, std::optional<State> before) {
  for (const Reaction& each : wanted_) {
    if (each.event != event && each.event != any_change) continue;
    cli::Reactions::Job job;
    job.command = each.command;
    for (const auto& [name, value] : context_.environment)
      if (!name.starts_with("PEER_")) job.environment.push_back(name + "=" + value);
    const auto add = [&](std::string_view name, std::string_view value) {
      job.environment.push_back("PEER_" + std::string{name} + "=" + std::string{value});
    };
    add("EVENT", event);
    add("NAME", shown_name(entry));
    add("STATE", to_text(entry.state));
    add("BEFORE", before ? to_text(*before) : "");
    add("ADDRESS", entry.addresses.empty() ? "" : entry.addresses.front().to_string());
    add("PORT", std::to_string(entry.said.tcp_port));
    add("KEY", to_hex(entry.said.key));
    commands_->start(std::move(job));
  }
}

}  // namespace netkit::presence
