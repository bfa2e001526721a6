// The vector that grows behind what comes, and repeats by sender and number.
#include "commands/relay/chat_seen.hpp"

#include <algorithm>

namespace netkit::relay {
namespace {

constexpr std::uint64_t remembered = 64;

}  // namespace

void ChatSeen::begin(const Vector& have) {
  for (const auto& [log, seq] : have)
    if (seq > 0) settle({log, seq});
}

bool ChatSeen::take(const Said& said, Instant now) {
  unsettled_.push_back({now, said.id});
  while (unsettled_.size() > unsettled_max || now - unsettled_.front().at > settle_limit) {
    settle(unsettled_.front().id);
    unsettled_.pop_front();
  }
  // A relay that numbers nothing makes no promise about repeats either.
  return said.number == 0 || is_new(voice_of(said), said.number);
}

void ChatSeen::forget(std::string_view room) {
  for (Voices* const voices : {&voices_, &older_voices_})
    std::erase_if(*voices, [&](const auto& entry) { return entry.first.first == room; });
}

const Vector& ChatSeen::resume_at(Instant lost) {
  while (!unsettled_.empty() && lost - unsettled_.front().at > settle_limit) {
    settle(unsettled_.front().id);
    unsettled_.pop_front();
  }
  return settled_;
}

void ChatSeen::resumed(Instant now) {
  for (Arrival& arrival : unsettled_)
    arrival.at = now;
}

ChatSeen::Voice& ChatSeen::voice_of(const Said& said) {
  const Voices::key_type key{said.room, said.sender};
  if (const auto found = voices_.find(key); found != voices_.end()) return found->second;
  if (voices_.size() >= voices_max) {
    older_voices_ = std::move(voices_);
    voices_.clear();
  }
  Voice voice;
  if (const auto found = older_voices_.find(key); found != older_voices_.end())
    voice = found->second;
  return voices_.emplace(key, voice).first->second;
}

bool ChatSeen::is_new(Voice& voice, std::uint64_t number) {
  if (number > voice.last) {
    const std::uint64_t step = number - voice.last;
    voice.before = step > remembered || voice.last == 0 ? 0
                   : step == remembered                 ? std::uint64_t{1} << (remembered - 1)
                                        : voice.before << step | std::uint64_t{1} << (step - 1);
    voice.last = number;
    return true;
  }
  if (number == voice.last || voice.last - number > remembered) return false;
  const std::uint64_t bit = std::uint64_t{1} << (voice.last - number - 1);
  const bool is_repeat = (voice.before & bit) != 0;
  voice.before |= bit;
  return !is_repeat;
}

void ChatSeen::settle(const RecordId& id) {
  if (settled_.size() >= logs_max && !settled_.contains(id.log)) return;
  std::uint64_t& seq = settled_[id.log];
  seq = std::max(seq, id.seq);
}

}  // namespace netkit::relay
