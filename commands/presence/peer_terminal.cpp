// What happens, above the prompt.
#include "commands/presence/peer_terminal.hpp"

#include <unistd.h>

#include "base/text.hpp"
#include "cli/spoken.hpp"
#include "commands/presence/porter.hpp"
#include "commands/presence/with_circle.hpp"

namespace netkit::presence {
namespace {

/// More than these are counted, not named.
constexpr std::size_t names_told_max = 10;

}  // namespace

PeerTerminal::PeerTerminal(const cli::Context& context, cli::Prompt::Wish wish)
    : PeerDesk{context},
      colour_{cli::shows_colour(context)},
      out_is_screen_{::isatty(STDOUT_FILENO) == 1},
      prompt_{context.terminal, std::move(wish)} {}

asio::awaitable<Status> PeerTerminal::run(Member& member) {
  member_ = &member;
  if (Status whole = co_await member.circle().complete(); !whole) co_return whole;
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  if (Status opened = prompt_.open(executor, editor_events()); !opened) co_return opened;
  greet();
  prompt_.set_text(cli::one_line(member.words().name()) + "> ");
  co_return co_await prompt_.read_keys([this] { return ended_; });
}

void PeerTerminal::greet() {
  greeted_ = true;
  source(member_->circle().source());
  const std::vector<std::string> here = names();
  std::string who = "nobody else is here";
  if (here.size() > names_told_max)
    who = std::to_string(here.size()) + " others are here; /list shows them";
  else if (!here.empty())
    who = join(here, ", ") + (here.size() == 1 ? " is here" : " are here");
  tell(cli::one_line(who) + "; /help lists commands");
}

cli::LineEditor::Events PeerTerminal::editor_events() {
  cli::LineEditor::Events events;
  events.line = [this](const std::string& line) { take_line(line); };
  events.interrupt = [this](bool empty) { interrupt(empty); };
  events.end = [this] { quit(); };
  events.complete = [this](std::string_view before) { return completions(before, names()); };
  return events;
}

void PeerTerminal::take_line(const std::string& line) {
  about_to_leave_ = false;
  if (trim(line).empty()) return;
  prompt_.remember(line);
  perform(line);
}

void PeerTerminal::interrupt(bool empty) {
  if (std::exchange(about_to_leave_, true) && empty) return leave(Errc::interrupted);
  if (empty) tell("^C again leaves");
}

/// What is under way is waited for, but not against the will of who sits there.
void PeerTerminal::quit() {
  if (is_settled() || quitting_) return leave(ok);
  quitting_ = true;
  tell("leaving once all is delivered; /quit again leaves without");
}

void PeerTerminal::progressed() {
  if (quitting_ && is_settled()) leave(ok);
}

void PeerTerminal::leave(const Status& outcome) {
  ended_ = true;
  member_->end(outcome);
}

void PeerTerminal::tell(std::string_view sentence) {
  prompt_.print({notice_line(moment().wall_ms, sentence, colour_)});
}

Status PeerTerminal::heard(const Heard& message) {
  if (out_is_screen_) {
    prompt_.print(message_lines(message, colour_));
    return ok;
  }
  Status printed = context_.out.json() ? context_.out.object(message_object(message))
                                       : context_.out.line(message_line(message));
  if (!printed) leave(printed);
  return printed;
}

void PeerTerminal::arrived(const HeardFile& file) {
  if (out_is_screen_) return tell(file_line(file));
  const Status printed = context_.out.json() ? context_.out.object(file_object(file))
                                             : context_.out.line(file_line(file));
  if (!printed) leave(printed);
}

void PeerTerminal::changed(const Entry& now, std::optional<State> before) {
  if (!greeted_) return;
  const std::string sentence = sentence_of(now, before);
  if (!sentence.empty()) tell(sentence);
}

void PeerTerminal::source(const Circle::Source& source) {
  if (!greeted_) return;
  const std::string said = remark(source);
  tell(said.empty()
           ? "the presence daemon at " + cli::one_line(source.daemon) + " tells who is here"
           : said);
}

void PeerTerminal::show_list(const std::vector<const Entry*>& entries) {
  const std::string table = table_text(entries);
  std::vector<std::string> lines;
  for (const std::string_view line : split(trim(table), '\n'))
    lines.emplace_back(line);
  show(lines);
}

void PeerTerminal::delivered(const Recipient& to, std::string_view text) {
  show(own_message_lines(member_->words().name(), to.shown, moment().wall_ms, text, colour_));
}

}  // namespace netkit::presence
