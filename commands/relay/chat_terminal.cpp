// The terminal's events; what is typed and shown is in chat_terminal_talk.cpp.
#include "commands/relay/chat_terminal.hpp"

#include <unistd.h>

#include "base/text.hpp"
#include "net/spawn.hpp"

namespace netkit::relay {

ChatTerminal::ChatTerminal(const cli::Context& context, TerminalWish wish)
    : context_{context},
      wish_{std::move(wish)},
      out_is_screen_{isatty(STDOUT_FILENO) == 1},
      prompt_{context.terminal, wish_.prompt} {}

asio::awaitable<Status> ChatTerminal::run(ChatClient& client) {
  client_ = &client;
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  entered_wait_.emplace(executor, std::chrono::steady_clock::time_point::max());
  std::error_code woken;
  if (!entered_) co_await entered_wait_->async_wait(net::into(woken));
  if (Status opened = prompt_.open(executor, editor_events()); !opened) co_return opened;
  show_prompt();
  co_return co_await prompt_.read_keys([this] { return client_->ending(); });
}

cli::LineEditor::Events ChatTerminal::editor_events() {
  cli::LineEditor::Events events;
  events.line = [this](const std::string& line) { take_line(line); };
  events.interrupt = [this](bool empty) { interrupt(empty); };
  events.end = [this] { leave(ok); };
  events.complete = [this](std::string_view before) {
    return completions(before, nicks_, known_rooms_);
  };
  return events;
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
  prompt_.print(lines);
}

void ChatTerminal::tell(std::string_view sentence) {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
  show({notice_line(static_cast<std::uint64_t>(ms), sentence, look())});
}

void ChatTerminal::show_prompt() {
  prompt_.set_text(one_line(room_) + "> ");
}

ChatLook ChatTerminal::look() const {
  return {.colour = wish_.colour, .rooms = client_ && client_->machine().rooms().size() > 1};
}

}  // namespace netkit::relay
