// Chat for a person: lines are edited at the bottom of the terminal, what is said appears above.
#pragma once

#include <asio/steady_timer.hpp>
#include <map>
#include <optional>
#include <set>

#include "cli/prompt.hpp"
#include "commands/relay/chat_client.hpp"
#include "commands/relay/chat_words.hpp"
#include "commands/relay/requests.hpp"

namespace netkit::relay {

struct TerminalWish {
  bool events = false;  ///< With JSON; a person is told anyway.
  bool colour = false;
  cli::Prompt::Wish prompt = {};
};

class ChatTerminal final : public ChatFace {
 public:
  ChatTerminal(const cli::Context& context, TerminalWish wish);

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

  cli::LineEditor::Events editor_events();
  void take_line(const std::string& line);
  void take_command(const std::string& line);
  void say(std::string_view text);
  void ask(Asked asked, JsonObject request);
  void perform(const Request& request);
  void show_answer(const Asked& asked, const wire::Json& answer);
  void interrupt(bool empty);
  void leave(Status outcome);

  void show(const std::vector<std::string>& lines);
  void tell(std::string_view sentence);
  void show_prompt();
  ChatLook look() const;

  const cli::Context& context_;
  const TerminalWish wish_;
  const bool out_is_screen_;
  ChatClient* client_ = nullptr;
  cli::Prompt prompt_;
  std::optional<asio::steady_timer> entered_wait_;
  std::string room_;
  std::string nick_;
  std::set<std::string> nicks_;
  std::set<std::string> known_rooms_;
  std::map<int, Asked> asked_;
  int last_tag_ = 0;
  Status failed_ = ok;
  bool entered_ = false;
  bool about_to_leave_ = false;
};

}  // namespace netkit::relay
