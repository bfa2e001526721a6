// The terminal's keys, signals and lines.
#include "cli/prompt.hpp"

#include <algorithm>
#include <asio/steady_timer.hpp>
#include <csignal>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.hpp"
#include "base/text.hpp"
#include "cli/globals.hpp"
#include "cli/paths.hpp"
#include "net/spawn.hpp"

namespace netkit::cli {
namespace {

constexpr std::size_t typed_file_size_max = 4 * 1024 * 1024;
/// How long the rest of a key's sequence may take; then it was the escape key alone.
constexpr std::chrono::milliseconds key_limit{100};

/// An open file of its own: what Asio makes non-blocking is not our output and not the shell's.
int open_keys(int input) {
  const char* const name = ttyname(input);
  const int keys = name ? ::open(name, O_RDONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK) : -1;
  return keys >= 0 ? keys : fcntl(input, F_DUPFD_CLOEXEC, 0);
}

}  // namespace

bool AbovePrompt::write(std::string_view line) noexcept {
  if (!editor_) return to_stderr_.write(line);
  editor_->print({std::string{line.substr(0, line.find('\n'))}});
  return true;
}

bool shows_colour(const Context& context) {
  const auto no_color = context.environment.find("NO_COLOR");
  const bool unwanted = no_color != context.environment.end() && !no_color->second.empty();
  return context.terminal.shows_colour(context.globals.colour, unwanted);
}

std::string typed_lines_path(const Context& context, std::string_view command) {
  const std::string folder = state_directory(context.environment, command, geteuid() == 0);
  if (folder.empty() || !make_private_directory(folder)) return {};
  return folder + "/typed";
}

Status with_log_above(const Context& context,
                      const std::function<Status(const Context&, AbovePrompt*)>& talk) {
  if (context.log_file) return talk(context, nullptr);
  AbovePrompt above;
  log::LoggerOptions options;
  options.level = context.log.level();
  options.style.colour = shows_colour(context);
  if (context.globals.log_format == LogFormat::json) options.style.format = log::Format::json;
  log::Logger log{std::string{context.command.name}, above, std::move(options)};
  const Context own{context.command,  context.table,    log,
                    context.out,      context.terminal, context.environment,
                    context.log_file, context.globals,  context.reload};
  return talk(own, &above);
}

Prompt::~Prompt() {
  if (wish_.log) wish_.log->use(nullptr);
  save_typed();
}

Status Prompt::open(const asio::any_io_executor& executor, LineEditor::Events events) {
  keys_.emplace(executor);
  std::error_code failed;
  keys_->assign(open_keys(terminal_.input()), failed);
  if (failed) return Error{failed, "read the terminal"};
  events.suspend = [this] { suspend(); };
  auto editor = LineEditor::open(terminal_.input(), STDERR_FILENO, std::move(events));
  if (!editor) return editor.error();
  editor_ = std::move(*editor);
  if (wish_.log) wish_.log->use(editor_.get());
  load_typed();
  signals_.emplace(executor, SIGWINCH, SIGCONT);
  asio::co_spawn(executor, follow_signals(), net::rethrow);
  return ok;
}

asio::awaitable<Status> Prompt::read_keys(std::function<bool()> ended) {
  asio::steady_timer half_key{co_await asio::this_coro::executor};
  std::vector<char> bytes(4096);
  while (!ended()) {
    std::error_code failed;
    const std::size_t count =
        co_await keys_->async_read_some(asio::buffer(bytes), net::into(failed));
    if (failed == asio::error::eof || failed == std::errc::io_error) co_return Errc::interrupted;
    if (failed) co_return Error{failed, "read the terminal"};
    half_key.cancel();
    if (!editor_->type({bytes.data(), count})) continue;
    half_key.expires_after(key_limit);
    half_key.async_wait([this](std::error_code cancelled) {
      if (!cancelled) editor_->give_up_key();
    });
  }
  co_return ok;
}

asio::awaitable<void> Prompt::follow_signals() {
  for (;;) {
    std::error_code failed;
    const int signal = co_await signals_->async_wait(net::into(failed));
    if (failed) co_return;
    if (signal == SIGCONT) {
      // Whoever had the terminal meanwhile may have set it otherwise.
      editor_->release();
      editor_->take();
    } else {
      editor_->redraw();
    }
  }
}

void Prompt::suspend() {
  editor_->release();
  std::signal(SIGTSTP, SIG_DFL);
  ::kill(0, SIGTSTP);
  editor_->take();
}

void Prompt::print(const std::vector<std::string>& lines) {
  if (editor_) return editor_->print(lines);
  for (const std::string& each : lines)
    terminal_.say(each + "\n");
}

void Prompt::set_text(std::string_view prompt) {
  if (editor_) editor_->set_prompt(prompt);
}

void Prompt::remember(const std::string& line) {
  if (editor_) editor_->remember(line);
  typed_.push_back(line);
}

void Prompt::load_typed() {
  if (wish_.history.empty()) return;
  const Result<std::string> kept = read_file(wish_.history, typed_file_size_max);
  if (!kept) return;
  for (const std::string_view line : split(*kept, '\n'))
    if (!line.empty()) remember(std::string{line});
}

/// What cannot be kept is not missed.
void Prompt::save_typed() {
  if (wish_.history.empty() || !editor_) return;
  const std::size_t spare = typed_.size() - std::min(typed_.size(), LineEditor::remembered_max);
  typed_.erase(typed_.begin(), typed_.begin() + static_cast<std::ptrdiff_t>(spare));
  static_cast<void>(write_file_atomically(wish_.history, join(typed_, "\n") + "\n", 0600));
}

}  // namespace netkit::cli
