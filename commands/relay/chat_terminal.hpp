// Chat for a person: lines are edited at the bottom of the terminal, what is said appears above.
#pragma once

#include <asio/posix/stream_descriptor.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <map>
#include <optional>
#include <set>

#include "cli/line_editor.hpp"
#include "commands/relay/chat_client.hpp"
#include "commands/relay/chat_words.hpp"
#include "commands/relay/requests.hpp"
#include "log/sink.hpp"

namespace netkit::relay {

/// Log lines above the line that is being edited, if there is one; else where they always go.
class AbovePrompt final : public log::Sink {
 public:
  bool write(std::string_view line) noexcept override;
  void use(cli::LineEditor* editor) { editor_ = editor; }

 private:
  log::StderrSink to_stderr_;
  cli::LineEditor* editor_ = nullptr;
};

struct TerminalWish {
  bool events = false;  ///< With JSON; a person is told anyway.
  bool colour = false;
  std::string history;  ///< The file of what was typed; empty: none is kept.
  AbovePrompt* log = nullptr;
};

class ChatTerminal final : public ChatFace {
 public:
  ChatTerminal(const cli::Context& context, TerminalWish wish);
  ~ChatTerminal() override;

  asio::awaitable<Status> run(ChatClient& client) override;
  void heard(ChatClient& client) override;
  void lost(const net::Endpoint& relay, const Error& why) override;
  void entered(const ChatWelcome& welcome) override;
  void said(const Said& said, bool own) override;
  void event(const Event& event) override;
  void refused(std::uint64_t number, const Error& why) override;
  void answer(int tag, const Result<wire::Json>& answer) override;

 private:
  /// What was asked, and of which room.
  struct Asked {
    Ask what = Ask::help;
    std::string room;
    bool quietly = false;  ///< For completion alone.
  };

  Status open_editor();
  asio::awaitable<Status> read_keys();
  asio::awaitable<void> follow_signals();
  cli::LineEditor::Events editor_events();
  void take_line(const std::string& line);
  void take_command(const std::string& line);
  void say(std::string_view text);
  void ask(Asked asked, JsonObject request);
  void perform(const Request& request);
  void show_answer(const Asked& asked, const wire::Json& answer);
  void interrupt(bool empty);
  void suspend();
  void leave(Status outcome);

  void show(const std::vector<std::string>& lines);
  void tell(std::string_view sentence);
  void show_prompt();
  ChatLook look() const;
  void load_typed();
  void save_typed();

  const cli::Context& context_;
  const TerminalWish wish_;
  const bool out_is_screen_;
  ChatClient* client_ = nullptr;
  std::unique_ptr<cli::LineEditor> editor_;
  std::optional<asio::posix::stream_descriptor> keys_;
  std::optional<asio::signal_set> signals_;
  std::optional<asio::steady_timer> entered_wait_;
  std::string room_;
  std::string nick_;
  std::set<std::string> nicks_;
  std::set<std::string> known_rooms_;
  std::vector<std::string> typed_;
  std::map<int, Asked> asked_;
  int last_tag_ = 0;
  Status failed_ = ok;
  bool entered_ = false;
  bool about_to_leave_ = false;
};

}  // namespace netkit::relay
