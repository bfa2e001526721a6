// `netkit peer` for scripts: lines of stdin are commands, stdout has the messages that come in and
// the answers, and it ends once all that was to be said has its fate.
#pragma once

#include <cstddef>

#include "commands/presence/peer_desk.hpp"

namespace netkit::presence {

class PeerPipe final : public PeerDesk {
 public:
  explicit PeerPipe(const cli::Context& context) : PeerDesk{context} {}

  asio::awaitable<Status> run(Member& member) override;
  Status heard(const Heard& message) override;
  void arrived(const HeardFile& file) override;
  /// Lines may be left that nobody read.
  Status interrupted() override { return Errc::interrupted; }
  void changed(const Entry&, std::optional<State>) override {}
  void source(const Circle::Source&) override {}

 private:
  void show(const std::vector<std::string>& lines) override;
  void show_list(const std::vector<const Entry*>& entries) override;
  void delivered(const Recipient& to, std::string_view text) override;
  void failed(const Error& why) override;
  void quit() override { quitting_ = true; }
  bool print(const Status& printed);

  Error worst_;
  std::size_t failures_ = 0;
  bool quitting_ = false;
};

}  // namespace netkit::presence
