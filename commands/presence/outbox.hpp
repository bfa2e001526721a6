// What a running peer says to others: one conversation with each at a time, texts in the order they
// were given, bounded. Used by the interactive peer; `peer send` has one conversation only.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "commands/presence/known_peers.hpp"
#include "commands/presence/own_words.hpp"
#include "commands/presence/recipient.hpp"
#include "commands/presence/talk_client.hpp"
#include "log/logger.hpp"

namespace netkit::presence {

class Outbox : public std::enable_shared_from_this<Outbox> {
 public:
  using Done = std::function<void(const Status& delivered)>;
  static constexpr std::size_t waiting_max = 1024;  ///< Texts, to all together.

  /// `log` and `words` outlive it.
  Outbox(asio::io_context& context, log::Logger& log, OwnWords& words, KnownPeers known,
         std::chrono::nanoseconds answer_limit);

  /// Sends `text` to that peer, which has a key; `done` is told once what became of it. Errors, and
  /// then it is not called: those of check_text(), Errc::usage for oneself, Errc::busy while too
  /// many wait.
  Status say(Recipient to, std::string text, Done done);

  bool has_room() const { return waiting_ < waiting_max; }
  bool is_empty() const { return waiting_ == 0; }
  /// Until one of the texts that wait has been dealt with; at once if there is none.
  asio::awaitable<void> progress();

 private:
  struct Text {
    std::string text;
    Done done;
  };
  struct Conversation {
    Recipient with;
    std::deque<Text> texts;
    bool under_way = false;
  };

  static asio::awaitable<void> talk(std::shared_ptr<Outbox> self, std::string key);
  SendPlan plan(const Conversation& with) const;

  asio::io_context& context_;
  log::Logger& log_;
  OwnWords& words_;
  const KnownPeers known_;
  const std::chrono::nanoseconds answer_limit_;
  std::map<std::string, Conversation> conversations_;  // By key.
  std::size_t waiting_ = 0;
  asio::steady_timer progress_;
};

}  // namespace netkit::presence
