// `netkit filesrv menu`: the original's numbered menu for somebody at a terminal. Lines are edited
// at the bottom, answers appear above; a server that goes is noticed at once.
#include <algorithm>
#include <asio/co_spawn.hpp>
#include <deque>
#include <unistd.h>

#include "base/text.hpp"
#include "cli/exit_code.hpp"
#include "cli/globals.hpp"
#include "cli/prompt.hpp"
#include "commands/filesrv/client.hpp"
#include "commands/filesrv/fetch.hpp"
#include "commands/filesrv/filesrv.hpp"
#include "commands/filesrv/human.hpp"
#include "commands/filesrv/menu_words.hpp"
#include "transfer/glob.hpp"
#include "transfer/path.hpp"

namespace netkit::filesrv {
namespace {

/// Choices that are typed while another is being answered.
constexpr std::size_t choices_max = 16;
/// What a person may want to read; more are counted.
constexpr std::size_t entries_shown_max = 10'000;

/// A conversation: one coroutine asks and reads, and keys are read beside it. While nothing is
/// asked it waits for the server's end; a choice wakes it by the answer to a ping.
class Menu : public std::enable_shared_from_this<Menu> {
 public:
  Menu(cli::Context& context, cli::Prompt::Wish wish, Duration answer_limit)
      : context_{context},
        out_is_screen_{isatty(STDOUT_FILENO) == 1},
        answer_limit_{answer_limit},
        prompt_{context.terminal, std::move(wish)} {}

  asio::awaitable<Status> run(FilesClient& client);

 private:
  cli::LineEditor::Events editor_events();
  std::vector<std::string> completions(std::string_view before) const;
  void take_line(const std::string& line);
  void interrupt(bool empty);
  void leave(const Status& outcome);
  void wake();
  asio::awaitable<Status> converse();
  asio::awaitable<Status> wait_for_choice();
  asio::awaitable<Status> act(MenuWords::Step step);
  asio::awaitable<Status> list(std::string folder);
  asio::awaitable<Status> put_question(transfer::Question what);
  asio::awaitable<Status> get(std::string name);
  Result<FetchWish> wish_for(const std::string& name) const;
  Status show(const std::vector<std::string>& lines);
  void tell(std::string_view attempt, const Error& why);
  Status outcome_of(std::string_view attempt, const Status& done);

  cli::Context& context_;
  const bool out_is_screen_;
  const Duration answer_limit_;
  cli::Prompt prompt_;
  FilesClient* client_ = nullptr;  // Until ended_.
  MenuWords words_;
  std::deque<MenuWords::Step> choices_;
  std::vector<std::string> names_;  // Of the last list, as they were shown.
  bool waiting_ = false;            // For a choice: nobody else writes to the server.
  bool about_to_leave_ = false;     // ^C was pressed.
  bool ended_ = false;
  Status outcome_ = ok;
};

asio::awaitable<Status> Menu::run(FilesClient& client) {
  client_ = &client;
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  if (Status opened = prompt_.open(executor, editor_events()); !opened) co_return opened;
  prompt_.print(MenuWords::menu());
  prompt_.set_text(words_.prompt());
  // It lives as long as keys are read, which may be until there is no executor any more.
  const auto over = [self = shared_from_this()](std::exception_ptr thrown, const Status& ended) {
    if (thrown) std::rethrow_exception(thrown);
    if (!ended) self->leave(ended);
  };
  asio::co_spawn(executor, prompt_.read_keys([this] { return ended_; }), over);
  Status done = co_await converse();
  if (ended_) co_return outcome_;
  ended_ = true;
  co_return done;
}

asio::awaitable<Status> Menu::converse() {
  for (;;) {
    if (Status heard = co_await wait_for_choice(); !heard) co_return heard;
    while (!choices_.empty() && !ended_) {
      MenuWords::Step step = std::move(choices_.front());
      choices_.pop_front();
      if (Status acted = co_await act(std::move(step)); !acted) co_return acted;
    }
    if (ended_) co_return ok;
  }
}

/// Until something is chosen, or the server goes.
asio::awaitable<Status> Menu::wait_for_choice() {
  if (!choices_.empty() || ended_) co_return ok;
  waiting_ = true;
  client_->stream().expire_never();
  for (;;) {
    if (Status waited = co_await client_->stream().readable(); !waited) co_return waited;
    const Result<transfer::Piece> piece = co_await client_->next();
    if (!piece) co_return Error{piece.error().code, "go on", "the server is gone"};
    if (piece->frame.type == wire::frame_type::pong) co_return ok;
    client_->stream().expire_never();
  }
}

/// The pong wakes the one who waits, and shows that the server is there.
void Menu::wake() {
  if (!std::exchange(waiting_, false)) return;
  std::string bytes;
  wire::append_frame(bytes, {.type = wire::frame_type::ping, .body = {}});
  client_->stream().expire_in(answer_limit_);
  // So little is taken at once, or never: then the limit ends the wait.
  static_cast<void>(client_->stream().try_write(bytes));
}

cli::LineEditor::Events Menu::editor_events() {
  cli::LineEditor::Events events;
  events.line = [this](const std::string& line) { take_line(line); };
  events.interrupt = [this](bool empty) { interrupt(empty); };
  events.end = [this] { leave(ok); };
  events.complete = [this](std::string_view before) { return completions(before); };
  return events;
}

std::vector<std::string> Menu::completions(std::string_view before) const {
  std::vector<std::string> found;
  std::string_view typed = before;
  if (!words_.asks_name()) {
    const std::size_t space = before.find(' ');
    if (space == std::string_view::npos) return found;
    typed = before.substr(space + 1);
  }
  // A name may have spaces: the words of it that are there already stay.
  const std::size_t last = typed.rfind(' ');
  const std::size_t there = last == std::string_view::npos ? 0 : last + 1;
  for (const std::string& each : names_)
    if (each.starts_with(typed)) found.push_back(each.substr(there));
  return found;
}

void Menu::take_line(const std::string& line) {
  if (ended_) return;
  about_to_leave_ = false;
  MenuWords::Step step = words_.take(line);
  prompt_.set_text(words_.prompt());
  if (!step.say.empty()) prompt_.print(step.say);
  if (step.choice == Choice::none) return;
  prompt_.remember(line);
  if (step.choice == Choice::quit) return leave(ok);
  if (choices_.size() >= choices_max) return prompt_.print({"wait: much is asked already"});
  choices_.push_back(std::move(step));
  wake();
}

void Menu::interrupt(bool empty) {
  if (words_.forget()) return prompt_.set_text(words_.prompt());
  if (!empty) return;
  if (std::exchange(about_to_leave_, true)) return leave(Errc::interrupted);
  prompt_.print({"^C again leaves"});
}

void Menu::leave(const Status& outcome) {
  if (std::exchange(ended_, true)) return;
  outcome_ = outcome;
  // What is under way ends; of a file NAME.part stays.
  client_->stream().interrupt();
}

asio::awaitable<Status> Menu::act(MenuWords::Step step) {
  switch (step.choice) {
    case Choice::list: return list(std::move(step.name));
    case Choice::get: return get(std::move(step.name));
    case Choice::time: return put_question(transfer::Question::time);
    default: return put_question(transfer::Question::info);
  }
}

/// Answers are what somebody may want to keep, where stdout is no screen.
Status Menu::show(const std::vector<std::string>& lines) {
  if (out_is_screen_) {
    prompt_.print(lines);
    return ok;
  }
  for (const std::string& line : lines)
    if (Status printed = context_.out.line(line); !printed) return printed;
  return ok;
}

void Menu::tell(std::string_view attempt, const Error& why) {
  const bool says = !why.attempt.empty();
  prompt_.print({says ? why.message() : Error{why.code, std::string{attempt}, why.hint}.message()});
}

/// What the server refuses is shown; an error of the connection ends the conversation.
Status Menu::outcome_of(std::string_view attempt, const Status& done) {
  if (done || ended_) return done;
  const Error& why = done.error();
  const cli::ExitCode exit = cli::exit_code_of(why);
  const bool lost = exit == cli::exit_unreachable || exit == cli::exit_timed_out;
  if (lost || why.code == Errc::unexpected || why.code == Errc::malformed) return done;
  tell(attempt, why);
  return ok;
}

asio::awaitable<Status> Menu::list(std::string folder) {
  Result<std::string> path = transfer::path_of_text(folder);
  if (!path) {
    tell("list that", path.error());
    co_return ok;
  }
  std::string request;
  append(request, client_->new_stream(), transfer::List{false, std::move(*path)});
  std::vector<transfer::Entry> entries;
  std::uint64_t more = 0;
  const auto hear = [&](const transfer::Answer& answer) -> Status {
    if (const auto* const failed = std::get_if<transfer::Failed>(&answer))
      return outcome_of("list", error_of_json(failed->json));
    const auto* const entry = std::get_if<transfer::Entry>(&answer);
    if (entry && entries.size() < entries_shown_max)
      entries.push_back(*entry);
    else if (entry)
      ++more;
    return ok;
  };
  Status asked = co_await ask(*client_, request, hear);
  if (!asked) co_return outcome_of("list", asked);
  std::ranges::sort(entries, {}, &transfer::Entry::path);
  std::vector<std::string> lines;
  names_.clear();
  for (const transfer::Entry& each : entries) {
    const std::string_view below = each.below_base();
    lines.push_back(
        listing_line(each.facts, escape_for_display(below.empty() ? each.path : below)));
    names_.push_back(escape_for_display(each.path));
  }
  if (more > 0) lines.push_back("and " + std::to_string(more) + " more: netkit filesrv ls");
  if (lines.empty()) prompt_.print({"there are no files"});
  co_return show(lines);
}

asio::awaitable<Status> Menu::put_question(transfer::Question what) {
  std::string request;
  append(request, client_->new_stream(), transfer::Ask{what});
  const auto hear = [this](const transfer::Answer& answer) -> Status {
    const auto* const text = std::get_if<transfer::Text>(&answer);
    if (!text) return Error{Errc::unexpected, "understand the server"};
    std::vector<std::string> lines;
    for (const std::string_view line : split(trim(text->text), '\n'))
      lines.push_back(escape_for_display(line));
    return show(lines);
  };
  const Status asked = co_await ask(*client_, request, hear);
  co_return outcome_of("ask the server", asked);
}

Result<FetchWish> Menu::wish_for(const std::string& name) const {
  Result<std::string> path = transfer::path_of_text(name);
  if (!path) return path.error();
  if (path->empty()) return Error{Errc::usage, "fetch all there is", "name a file"};
  FetchWish wish;
  const bool several = transfer::has_wildcards(*path);
  if (!several) wish.name = transfer::split_path(*path).name;
  wish.paths.push_back(std::move(*path));
  wish.resume = true;
  Result<transfer::Root> here = transfer::Root::open(".");
  if (!here) return here.error();
  if (!several && here->look(wish.name))
    return Error{std::make_error_code(std::errc::file_exists), "fetch it into this folder"};
  wish.folder.emplace(std::move(*here));
  return wish;
}

asio::awaitable<Status> Menu::get(std::string name) {
  Result<FetchWish> wish = wish_for(name);
  if (!wish) {
    tell("fetch it", wish.error());
    co_return ok;
  }
  Fetch fetch{context_, std::move(*wish)};
  prompt_.print({"fetching " + escape_for_display(name)});
  if (Status fetched = co_await fetch.run(*client_); !fetched)
    co_return outcome_of("fetch it", fetched);
  if (Status kept = fetch.finish(); !kept) co_return outcome_of("fetch it", kept);
  prompt_.print({"it is here, and whole"});
  co_return ok;
}

class MenuAction final : public cli::Action {
 public:
  void declare(cli::Options& options) override {
    cli::declare_client(options, files_.client);
    cli::declare_token(options, files_.client);
  }

  Status run(cli::Context& context) override {
    if (!context.terminal.interactive())
      return Error{Errc::usage, "show a menu without a terminal",
                   "for scripts: netkit filesrv ls, get, time, info"};
    return cli::with_log_above(context, [this](const cli::Context& above, cli::AbovePrompt* log) {
      return talk(above, log);
    });
  }

 private:
  Status talk(const cli::Context& above, cli::AbovePrompt* log) const {
    // No bar is drawn over the line that is being edited.
    cli::Globals quiet = above.globals;
    quiet.quiet = true;
    cli::Context own{above.command,     above.table,    above.log, above.out,   above.terminal,
                     above.environment, above.log_file, quiet,     above.reload};
    const cli::Prompt::Wish wish{.history = cli::typed_lines_path(above, "filesrv"), .log = log};
    return with_files(own, files_, [&](FilesClient& client) {
      return converse(std::make_shared<Menu>(own, wish, files_.client.answer_limit), client);
    });
  }

  static asio::awaitable<Status> converse(std::shared_ptr<Menu> menu, FilesClient& client) {
    co_return co_await menu->run(client);
  }

  FilesOptions files_;
};

}  // namespace

std::unique_ptr<cli::Action> make_menu() {
  return std::make_unique<MenuAction>();
}

}  // namespace netkit::filesrv
