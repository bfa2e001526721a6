// Conversations, as long as there is something to say.
#include "commands/presence/outbox.hpp"

#include <algorithm>
#include <asio/co_spawn.hpp>

#include "commands/presence/message.hpp"
#include "commands/presence/porter.hpp"
#include "net/spawn.hpp"

namespace netkit::presence {
namespace {

/// Said in one conversation; the next ones wait for the next.
constexpr std::size_t texts_at_once_max = 256;

}  // namespace

Outbox::Outbox(asio::io_context& context, log::Logger& log, OwnWords& words, KnownPeers known,
               std::chrono::nanoseconds answer_limit)
    : context_{context},
      log_{log},
      words_{words},
      known_{std::move(known)},
      answer_limit_{answer_limit},
      progress_{context, std::chrono::steady_clock::time_point::max()} {}

Status Outbox::say(Recipient to, std::string text, Done done) {
  if (Status fits = check_text(text); !fits) return fits;
  if (to.key == words_.key()) return Error{Errc::usage, "write to " + to.shown, "that is you"};
  if (!has_room())
    return Error{Errc::busy, "write to " + to.shown,
                 std::to_string(waiting_) + " texts wait already"};
  const std::string key = to.key;
  Conversation& conversation = conversations_[key];
  conversation.with = std::move(to);
  conversation.texts.push_back({std::move(text), std::move(done)});
  ++waiting_;
  if (!std::exchange(conversation.under_way, true))
    asio::co_spawn(context_, talk(shared_from_this(), key), net::rethrow);
  return ok;
}

SendPlan Outbox::plan(const Conversation& conversation) const {
  const Recipient& to = conversation.with;
  SendPlan plan;
  plan.addresses = to.addresses;
  plan.port = to.port;
  plan.key = to.key;
  plan.certificate = to.certificate;
  plan.pair = &words_.pair();
  plan.own = words_.next();
  // By the name it is shown by: that is who the text was meant for.
  plan.meet = [this, name = to.shown](const Announcement& peer) {
    return trust(known_, log_, log::Level::info, name, peer.key);
  };
  const std::size_t count = std::min(conversation.texts.size(), texts_at_once_max);
  for (std::size_t i = 0; i < count; ++i)
    plan.texts.push_back(conversation.texts[i].text);
  plan.time_ms = moment().wall_ms;
  plan.answer_limit = answer_limit_;
  return plan;
}

asio::awaitable<void> Outbox::talk(std::shared_ptr<Outbox> self, std::string key) {
  Conversation& conversation = self->conversations_[key];
  while (!conversation.texts.empty()) {
    const SendPlan plan = self->plan(conversation);
    const SendReport report = co_await send_messages(plan);
    for (const Status& delivered : report.texts) {
      const Done done = std::move(conversation.texts.front().done);
      conversation.texts.pop_front();
      --self->waiting_;
      if (done) done(delivered);
    }
    self->progress_.cancel();
  }
  self->conversations_.erase(key);
}

asio::awaitable<void> Outbox::progress() {
  std::error_code woken;
  if (waiting_ > 0) co_await progress_.async_wait(net::into(woken));
}

}  // namespace netkit::presence
