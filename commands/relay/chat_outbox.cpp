// Numbering, acknowledging, forgetting.
#include "commands/relay/chat_outbox.hpp"

#include <algorithm>

namespace netkit::relay {
namespace {

std::size_t size_of(const ChatOutbox::Message& message) {
  return sizeof message + message.where.size() + message.text.size();
}

}  // namespace

const ChatOutbox::Message& ChatOutbox::add(bool direct, std::string_view where,
                                           std::string_view text) {
  kept_.push_back({++last_, direct, std::string{where}, std::string{text}});
  kept_size_ += size_of(kept_.back());
  drop_old();
  return kept_.back();
}

void ChatOutbox::acknowledge(std::uint64_t number) {
  acknowledged_ = std::max(acknowledged_, std::min(number, last_));
  drop_old();
}

void ChatOutbox::above(std::uint64_t known, const std::function<void(const Message&)>& send) const {
  for (const Message& message : kept_)
    if (message.number > known) send(message);
}

void ChatOutbox::drop_old() {
  while (!kept_.empty() && kept_.front().number <= acknowledged_ &&
         (kept_.size() > kept_max || kept_size_ > kept_size_max)) {
    kept_size_ -= size_of(kept_.front());
    kept_.pop_front();
  }
}

}  // namespace netkit::relay
