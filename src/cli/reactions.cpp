// The queue and the processes.
#include "cli/reactions.hpp"

#include <algorithm>
#include <asio/post.hpp>
#include <utility>

#include "base/text.hpp"
#include "net/spawn.hpp"

namespace netkit::cli {
namespace {

constexpr std::size_t output_size_max = 64 * 1024;
/// Between SIGTERM and SIGKILL.
constexpr std::chrono::seconds grace{2};

bool is_event_byte(char c) {
  return (c >= 'a' && c <= 'z') || c == '_' || c == '-';
}

}  // namespace

Status read_value(std::string_view text, Reaction& reaction) {
  const std::size_t equals = text.find('=');
  const std::string_view event = text.substr(0, equals);
  if (equals == std::string_view::npos || equals + 1 == text.size() || event.empty() ||
      !std::ranges::all_of(event, is_event_byte))
    return Error{Errc::usage, "react as '" + escape_for_display(text) + "' says",
                 "expected EVENT=COMMAND, such as online='notify-send \"$PEER_NAME\"'"};
  reaction.event = event;
  reaction.command = text.substr(equals + 1);
  return ok;
}

std::string show_value(const Reaction& reaction) {
  return reaction.event + "=" + reaction.command;
}

void Reactions::start(Job job) {
  {
    const std::lock_guard held{mutex_};
    if (waiting_.size() >= waiting_max) {
      waiting_.pop_front();
      ++dropped_;
    }
    waiting_.push_back(std::move(job));
    if (std::exchange(posted_, true)) return;
  }
  asio::post(io_, [self = shared_from_this()] { self->start_more(); });
}

std::size_t Reactions::waiting() const {
  const std::lock_guard held{mutex_};
  return waiting_.size();
}

std::optional<Reactions::Job> Reactions::take() {
  const std::lock_guard held{mutex_};
  if (running_ >= running_max) return std::nullopt;  // The end of one of them asks again.
  if (waiting_.empty()) {
    posted_ = false;
    return std::nullopt;
  }
  std::optional<Job> job{std::move(waiting_.front())};
  waiting_.pop_front();
  return job;
}

void Reactions::tell_dropped() {
  std::unique_lock held{mutex_};
  const std::uint64_t dropped = std::exchange(dropped_, 0);
  held.unlock();
  if (dropped > 0)
    log_.warn(event_name, {{"dropped", dropped}, {"hint", "more events than commands can follow"}});
}

void Reactions::start_more() {
  tell_dropped();
  while (std::optional<Job> job = take()) {
    ++running_;
    asio::co_spawn(io_, run(shared_from_this(), std::move(*job)), net::rethrow);
  }
  if (running_ == 0) idle_.cancel();
}

asio::awaitable<void> Reactions::run(std::shared_ptr<Reactions> self, Job job) {
  net::Launch launch;
  launch.arguments = {"/bin/sh", "-c", job.command};
  launch.environment = std::move(job.environment);
  launch.input = std::move(job.input);
  launch.output_size_max = output_size_max;
  launch.grace = grace;
  Result<net::ProcessEnd> end = Errc::stopped;
  Result<net::Process> process = net::Process::start(self->io_.get_executor(), launch);
  Status begun = process ? Status{ok} : Status{process.error()};
  if (begun) begun = co_await process->begun();
  if (begun) {
    self->processes_.insert(&*process);
    end = co_await process->ended(self->limit_);
    self->processes_.erase(&*process);
  } else {
    end = begun.error();
  }
  self->tell_end(job.command, end);
  --self->running_;
  self->start_more();
}

void Reactions::tell_end(const std::string& command, const Result<net::ProcessEnd>& end) {
  const std::string shown = escape_for_display(command);
  if (!end)
    log_.warn(event_name, {{"command", shown}, {"error", end.error().message()}});
  else if (!end->output.empty())
    say_(shown, end->output);
  if (end && !end->succeeded())
    log_.warn(event_name, {{"command", shown}, {"end", net::to_text(*end)}});
}

asio::awaitable<void> Reactions::finish() {
  while (running_ > 0 || waiting() > 0) {
    idle_.expires_at(std::chrono::steady_clock::time_point::max());
    std::error_code woken;
    co_await idle_.async_wait(net::into(woken));
  }
}

void Reactions::give_up() {
  for (net::Process* const each : processes_)
    each->kill();
  {
    const std::lock_guard held{mutex_};
    dropped_ += waiting_.size();
    waiting_.clear();
  }
  tell_dropped();
}

}  // namespace netkit::cli
