// What a peer does that somebody or something types into: commands carried out, texts sent to
// others, their fate told. The terminal's and the pipe's face share it.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "commands/presence/member.hpp"
#include "commands/presence/peer_words.hpp"
#include "commands/presence/recipient.hpp"

namespace netkit::presence {

class PeerDesk : public Face {
 protected:
  explicit PeerDesk(const cli::Context& context) : context_{context} {}

  /// A line as it was typed. What it leads to is told by those below, now or later.
  void perform(std::string_view line);
  /// Until nothing is under way any more.
  asio::awaitable<void> settled();
  bool is_settled() const { return !asking_ && member_->outbox().is_empty(); }
  /// Of everybody but ourselves, as they are shown.
  std::vector<std::string> names() const;

  /// Lines that were asked for.
  virtual void show(const std::vector<std::string>& lines) = 0;
  virtual void show_list(const std::vector<const Entry*>& entries) = 0;
  virtual void delivered(const Recipient& to, std::string_view text) = 0;
  virtual void failed(const Error& why) = 0;
  virtual void quit() = 0;
  /// After something that was under way has been told of.
  virtual void progressed() {}

  const cli::Context& context_;
  Member* member_ = nullptr;

 private:
  void perform(const PeerRequest& request);
  void say(std::string_view name, std::string_view text);
  Result<Recipient> recipient(std::string_view name) const;
  asio::awaitable<void> ask_why(std::string name);
  void told();

  Recipient last_;  // To whom it was written last; without a key nobody.
  bool asking_ = false;
  std::optional<asio::steady_timer> settled_;
};

}  // namespace netkit::presence
