// Which commands an event asks for, and how they are run.
#include "commands/presence/reactions.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/hex.hpp"
#include "base/text.hpp"
#include "net/process.hpp"
#include "net/spawn.hpp"

namespace netkit::presence {
namespace {

constexpr std::string_view any_change = "change";
constexpr std::array<std::string_view, 7> events{"online", "away",      "suspect", "offline",
                                                 "left",   "forgotten", any_change};
constexpr std::size_t output_size_max = 64 * 1024;

}  // namespace

Status read_value(std::string_view text, Reaction& reaction) {
  const std::size_t equals = text.find('=');
  const std::string_view event = text.substr(0, equals);
  if (equals == std::string_view::npos || equals + 1 == text.size())
    return Error{Errc::usage, "react as '" + escape_for_display(text) + "' says",
                 "expected EVENT=COMMAND, such as online='notify-send \"$PEER_NAME\"'"};
  if (std::ranges::find(events, event) == events.end()) {
    const std::string near = did_you_mean(event, events);
    return Error{
        Errc::usage, "react to '" + escape_for_display(event) + "'",
        near.empty() ? "events are online, away, suspect, offline, left, forgotten, change" : near};
  }
  reaction.event = event;
  reaction.command = text.substr(equals + 1);
  return ok;
}

std::string show_value(const Reaction& reaction) {
  return reaction.event + "=" + reaction.command;
}

void Reactions::react(std::string_view event, const Entry& entry, std::optional<State> before) {
  for (const Reaction& reaction : reactions_) {
    if (reaction.event != event && reaction.event != any_change) continue;
    if (waiting_.size() >= waiting_max) {
      waiting_.pop_front();
      context_.log.warn("reaction", {{"dropped", "more changes than commands can follow"}});
    }
    Job job;
    job.command = reaction.command;
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
    waiting_.push_back(std::move(job));
  }
  start_more();
}

void Reactions::start_more() {
  while (running_ < running_max && !waiting_.empty()) {
    Job job = std::move(waiting_.front());
    waiting_.pop_front();
    ++running_;
    asio::co_spawn(io_, run(shared_from_this(), std::move(job)), net::rethrow);
  }
  if (running_ == 0) idle_.cancel();
}

asio::awaitable<void> Reactions::run(std::shared_ptr<Reactions> self, Job job) {
  net::Launch launch;
  launch.arguments = {"/bin/sh", "-c", job.command};
  launch.environment = std::move(job.environment);
  launch.output_size_max = output_size_max;
  const Result<net::ProcessEnd> end = co_await net::run_process(std::move(launch), {});
  const std::string command = escape_for_display(job.command);
  if (!end)
    self->context_.log.warn("reaction", {{"command", command}, {"error", end.error().message()}});
  else if (!end->output.empty())
    self->context_.terminal.say(end->output);
  if (end && !end->succeeded())
    self->context_.log.warn("reaction", {{"command", command}, {"end", net::to_text(*end)}});
  --self->running_;
  self->start_more();
}

asio::awaitable<void> Reactions::finish() {
  while (running_ > 0) {
    idle_.expires_at(std::chrono::steady_clock::time_point::max());
    std::error_code woken;
    co_await idle_.async_wait(net::into(woken));
  }
}

}  // namespace netkit::presence
