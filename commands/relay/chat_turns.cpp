// Rounds over the relays.
#include "commands/relay/chat_turns.hpp"

#include <algorithm>

#include "cli/exit_code.hpp"

namespace netkit::relay {
namespace {

/// What time can mend: a relay that is down, away, full or about to stop.
bool may_pass(const Error& error) {
  const cli::ExitCode code = cli::exit_code_of(error);
  return code == cli::exit_unreachable || code == cli::exit_timed_out || error.code == Errc::busy ||
         error.code == Errc::stopped;
}

}  // namespace

void ChatTurns::entered() {
  was_in_ = true;
  failed_in_round_ = 0;
  rounds_ = 0;
  hopeless_.assign(hopeless_.size(), false);
}

void ChatTurns::lost(Instant now) {
  lost_at_ = now;
  current_ = (current_ + 1) % hopeless_.size();
}

ChatTurns::Next ChatTurns::failed(const Error& error, Instant now) {
  hopeless_[current_] = !may_pass(error);
  current_ = (current_ + 1) % hopeless_.size();
  if (++failed_in_round_ < hopeless_.size()) return Next::at_once;
  failed_in_round_ = 0;
  ++rounds_;
  return is_over(now) ? Next::never : Next::after_pause;
}

bool ChatTurns::is_over(Instant now) const {
  if (std::find(hopeless_.begin(), hopeless_.end(), false) == hopeless_.end()) return true;
  if (patience_.rounds) return rounds_ > *patience_.rounds;
  if (!was_in_) return true;
  return !patience_.for_ever_after_loss && now - lost_at_ >= patience_.after_loss;
}

Error unreached(const Error& error) {
  if (!may_pass(error) || cli::exit_code_of(error) == cli::exit_unreachable) return error;
  return {std::make_error_code(std::errc::host_unreachable), error.attempt.str(),
          error.hint.empty() ? error.code.message() : error.hint.str()};
}

}  // namespace netkit::relay
