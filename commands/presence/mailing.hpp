// Messages and files on their way to one peer: to where it is at the time, again if that is wanted,
// in the order in which they were given. For `netkit peer send`.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "cli/client.hpp"
#include "cli/command.hpp"
#include "cli/transfer_bar.hpp"
#include "commands/presence/announcement.hpp"
#include "commands/presence/known_peers.hpp"
#include "commands/presence/recipient.hpp"
#include "commands/presence/talk_client.hpp"
#include "identity/key_pair.hpp"

namespace netkit::presence {

struct MailingPlan {
  const identity::KeyPair* pair = nullptr;  ///< Ours; outlives the mailing.
  Announcement own;                         ///< Name and instance.
  std::string state;                        ///< The folder of known_peers.
  bool accept_new_key = false;
  /// How long a message is kept for who is not here or not reached; empty: not at all, 0: for ever.
  std::optional<std::chrono::nanoseconds> wait;
  std::uint64_t retries = 0;  ///< Without `wait`.
  std::chrono::nanoseconds answer_limit{};
  /// Where it goes, at present.
  std::function<Result<Recipient>()> find;
};

class Mailing {
 public:
  /// `context` and `io` outlive it.
  Mailing(const cli::Context& context, asio::io_context& io, MailingPlan plan)
      : context_{context}, plan_{std::move(plan)}, known_{plan_.state}, change_{io} {}

  /// Until all of `texts`, which check_text() takes, then of `parcels` are delivered. Tells each
  /// delivery. A file that is refused does not keep the others; the worst outcome is returned.
  asio::awaitable<Status> send(std::vector<std::string> texts, std::vector<Parcel> parcels = {});
  /// Who is here has changed: what waits for somebody looks again.
  void look_again() { change_.cancel(); }

 private:
  Status meet(const Recipient& to, const Announcement& peer);
  SendPlan plan_for(std::vector<std::string> texts, std::vector<Parcel> parcels);
  asio::awaitable<Status> send_once(SendPlan& plan, const Recipient& to);
  Status take_out(SendPlan& plan, SendReport report, const Recipient& to);
  Status delivered(const Recipient& to, const Announcement& peer);
  Status delivered(const Recipient& to, const Announcement& peer, const Parcel& parcel);
  Status conclude(Status outcome);
  asio::awaitable<bool> pause(const Error& why, std::chrono::steady_clock::time_point until);

  const cli::Context& context_;
  const MailingPlan plan_;
  const KnownPeers known_;
  cli::BackOff back_off_;
  asio::steady_timer change_;
  std::uint64_t sequence_ = 0;
  std::optional<cli::TransferBar> bar_;
  std::vector<Error> failures_;  // Of files, for good.
};

}  // namespace netkit::presence
