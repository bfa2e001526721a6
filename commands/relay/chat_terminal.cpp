// The terminal's keys, signals and lines; what is typed and shown is in chat_terminal_talk.cpp.
#include "commands/relay/chat_terminal.hpp"

#include <algorithm>
#include <csignal>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.hpp"
#include "base/text.hpp"
#include "net/spawn.hpp"

namespace netkit::relay {
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

ChatTerminal::ChatTerminal(const cli::Context& context, TerminalWish wish)
    : context_{context}, wish_{std::move(wish)}, out_is_screen_{isatty(STDOUT_FILENO) == 1} {}

bool AbovePrompt::write(std::string_view line) noexcept {
  if (!editor_) return to_stderr_.write(line);
  editor_->print({std::string{line.substr(0, line.find('\n'))}});
  return true;
}

ChatTerminal::~ChatTerminal() {
  if (wish_.log) wish_.log->use(nullptr);
  save_typed();
}

asio::awaitable<Status> ChatTerminal::run(ChatClient& client) {
  client_ = &client;
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  entered_wait_.emplace(executor, std::chrono::steady_clock::time_point::max());
  std::error_code woken;
  if (!entered_) co_await entered_wait_->async_wait(net::into(woken));
  keys_.emplace(executor);
  signals_.emplace(executor, SIGWINCH, SIGCONT);
  std::error_code failed;
  keys_->assign(open_keys(context_.terminal.input()), failed);
  if (failed) co_return Error{failed, "read the terminal"};
  if (Status opened = open_editor(); !opened) co_return opened;
  asio::co_spawn(executor, follow_signals(), net::rethrow);
  co_return co_await read_keys();
}

Status ChatTerminal::open_editor() {
  auto editor = cli::LineEditor::open(context_.terminal.input(), STDERR_FILENO, editor_events());
  if (!editor) return editor.error();
  editor_ = std::move(*editor);
  if (wish_.log) wish_.log->use(editor_.get());
  load_typed();
  show_prompt();
  return ok;
}

cli::LineEditor::Events ChatTerminal::editor_events() {
  cli::LineEditor::Events events;
  events.line = [this](const std::string& line) { take_line(line); };
  events.interrupt = [this](bool empty) { interrupt(empty); };
  events.end = [this] { leave(ok); };
  events.suspend = [this] { suspend(); };
  events.complete = [this](std::string_view before) {
    return completions(before, nicks_, known_rooms_);
  };
  return events;
}

asio::awaitable<Status> ChatTerminal::read_keys() {
  asio::steady_timer half_key{co_await asio::this_coro::executor};
  std::vector<char> bytes(4096);
  while (!client_->ending()) {
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

asio::awaitable<void> ChatTerminal::follow_signals() {
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

void ChatTerminal::suspend() {
  editor_->release();
  std::signal(SIGTSTP, SIG_DFL);
  ::kill(0, SIGTSTP);
  editor_->take();
}

void ChatTerminal::interrupt(bool empty) {
  if (std::exchange(about_to_leave_, true) && empty) return leave(Errc::interrupted);
  if (empty) tell("^C again leaves");
}

void ChatTerminal::leave(Status outcome) {
  client_->end(std::move(outcome));
}

void ChatTerminal::heard(ChatClient& client) {
  if (!failed_) client.end(std::move(failed_));
}

void ChatTerminal::show(const std::vector<std::string>& lines) {
  if (editor_) return editor_->print(lines);
  for (const std::string& each : lines)
    context_.terminal.say(each + "\n");
}

void ChatTerminal::tell(std::string_view sentence) {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
  show({notice_line(static_cast<std::uint64_t>(ms), sentence, look())});
}

void ChatTerminal::show_prompt() {
  if (editor_) editor_->set_prompt(one_line(room_) + "> ");
}

ChatLook ChatTerminal::look() const {
  return {.colour = wish_.colour, .rooms = client_ && client_->machine().rooms().size() > 1};
}

void ChatTerminal::load_typed() {
  if (wish_.history.empty()) return;
  const Result<std::string> kept = read_file(wish_.history, typed_file_size_max);
  if (!kept) return;
  for (const std::string_view line : split(*kept, '\n'))
    if (!line.empty()) typed_.emplace_back(line);
  for (const std::string& line : typed_)
    editor_->remember(line);
}

/// What cannot be kept is not missed.
void ChatTerminal::save_typed() {
  if (wish_.history.empty() || !editor_) return;
  const std::size_t spare =
      typed_.size() - std::min(typed_.size(), cli::LineEditor::remembered_max);
  typed_.erase(typed_.begin(), typed_.begin() + static_cast<std::ptrdiff_t>(spare));
  static_cast<void>(write_file_atomically(wish_.history, join(typed_, "\n") + "\n", 0600));
}

}  // namespace netkit::relay
