// The terminal of a person who types while other things happen: lines are edited at the bottom,
// what happens appears above them. Reads keys, obeys the terminal's signals, keeps what was typed.
// Used by chat and peer; knows nothing of what they say.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/signal_set.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "cli/command.hpp"
#include "cli/line_editor.hpp"
#include "log/sink.hpp"

namespace netkit::cli {

/// Log lines above the line that is being edited, if there is one; else where they always go.
class AbovePrompt final : public log::Sink {
 public:
  bool write(std::string_view line) noexcept override;
  void use(LineEditor* editor) { editor_ = editor; }

 private:
  log::StderrSink to_stderr_;
  LineEditor* editor_ = nullptr;
};

/// Whether this person's terminal and wishes allow for colours.
bool shows_colour(const Context& context);

/// Where the lines typed into `command` are kept; empty if nothing can be.
std::string typed_lines_path(const Context& context, std::string_view command);

/// Runs `talk` with a context whose log does not break the line being typed, if AbovePrompt is told
/// of the editor. With --log-file the context is the same one, and there is no AbovePrompt.
Status with_log_above(const Context& context,
                      const std::function<Status(const Context&, AbovePrompt*)>& talk);

class Prompt {
 public:
  struct Wish {
    std::string history;         ///< The file of typed_lines_path(); empty: none is kept.
    AbovePrompt* log = nullptr;  ///< Outlives this; may be none.
  };

  /// `terminal` must outlive it. Takes nothing yet.
  Prompt(const Terminal& terminal, Wish wish) : terminal_{terminal}, wish_{std::move(wish)} {}
  /// The terminal is as it was. Must not outlive the executor's context.
  ~Prompt();
  Prompt(const Prompt&) = delete;
  Prompt& operator=(const Prompt&) = delete;

  /// Takes the terminal. Suspending is done here, whatever `events` has for it.
  Status open(const asio::any_io_executor& executor, LineEditor::Events events);

  /// Hands over what is typed until `ended` says so, which is asked after each piece. Errc::
  /// interrupted if the terminal goes.
  asio::awaitable<Status> read_keys(std::function<bool()> ended);

  /// Above the line being edited; before open(), on stderr.
  void print(const std::vector<std::string>& lines);
  void set_text(std::string_view prompt);
  /// A line to come back to by the arrow keys, now and the next time.
  void remember(const std::string& line);

 private:
  asio::awaitable<void> follow_signals();
  void suspend();
  void load_typed();
  void save_typed();

  const Terminal& terminal_;
  const Wish wish_;
  std::unique_ptr<LineEditor> editor_;
  std::optional<asio::posix::stream_descriptor> keys_;
  std::optional<asio::signal_set> signals_;
  std::vector<std::string> typed_;
};

}  // namespace netkit::cli
