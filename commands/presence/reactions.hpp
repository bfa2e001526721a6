// The commands of `peer watch --on EVENT=CMD`: which change of a peer is followed by which, and
// what they are told of it. cli/reactions.hpp runs them.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "cli/command.hpp"
#include "cli/reactions.hpp"
#include "commands/presence/roster.hpp"

namespace netkit::presence {

/// Its event is a state as to_text() has it, "forgotten", or "change" for each of them.
struct Reaction : cli::Reaction {};
Status read_value(std::string_view text, Reaction& reaction);

class PeerReactions {
 public:
  /// `context` and `io` outlive it.
  PeerReactions(const cli::Context& context, asio::io_context& io, std::vector<Reaction> wanted);

  /// Starts what is to be done about `event`.
  //   PEER_EVENT, PEER_NAME, PEER_STATE, PEER_BEFORE (empty: it is new), PEER_ADDRESS, PEER_PORT,
  //   PEER_KEY
  // They do not begin with NETKIT_, since NETKIT_PEER_NAME is the option --name of this command,
  // which such a script may well call.
  void react(std::string_view event, const Entry& entry, std::optional<State> before);
  /// Until all have ended.
  asio::awaitable<void> finish() { return commands_->finish(); }

 private:
  const cli::Context& context_;
  const std::vector<Reaction> wanted_;
  const std::shared_ptr<cli::Reactions> commands_;
};

}  // namespace netkit::presence
