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
  refused_.erase(refused_.begin(), refused_.upper_bound(acknowledged_));
  while (refused_.erase(acknowledged_ + 1) > 0)
    ++acknowledged_;
  drop_old();
}

bool ChatOutbox::refuse(std::uint64_t number) {
  if (number <= acknowledged_ || number > last_) return false;
  const auto found = std::lower_bound(
      kept_.begin(), kept_.end(), number,
      [](const Message& message, std::uint64_t wanted) { return message.number < wanted; });
  if (found == kept_.end() || found->number != number) return false;
  kept_size_ -= size_of(*found);
  kept_.erase(found);
  refused_.insert(number);
  acknowledge(acknowledged_);
  return true;
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
