// `netkit peer` for a person: lines are edited at the bottom of the terminal; messages, and who
// comes and goes, appear above.
#pragma once

#include <string>

#include "cli/prompt.hpp"
#include "commands/presence/peer_desk.hpp"

namespace netkit::presence {

class PeerTerminal final : public PeerDesk {
 public:
  PeerTerminal(const cli::Context& context, cli::Prompt::Wish wish);

  asio::awaitable<Status> run(Member& member) override;
  Status heard(const Heard& message) override;
  void arrived(const HeardFile& file) override;
  void changed(const Entry& now, std::optional<State> before) override;
  void source(const Circle::Source& source) override;

 private:
  cli::LineEditor::Events editor_events();
  void take_line(const std::string& line);
  void interrupt(bool empty);
  void leave(const Status& outcome);
  void tell(std::string_view sentence);
  void greet();

  void show(const std::vector<std::string>& lines) override { prompt_.print(lines); }
  void show_list(const std::vector<const Entry*>& entries) override;
  void delivered(const Recipient& to, std::string_view text) override;
  void failed(const Error& why) override { tell(why.message()); }
  void quit() override;
  void progressed() override;

  const bool colour_;
  const bool out_is_screen_;
  cli::Prompt prompt_;
  bool greeted_ = false;
  bool about_to_leave_ = false;  // ^C was pressed.
  bool quitting_ = false;
  bool ended_ = false;
};

}  // namespace netkit::presence
