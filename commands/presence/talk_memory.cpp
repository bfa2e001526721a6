// The ring of ids a key, and which key is forgotten for a new one.
#include "commands/presence/talk_memory.hpp"

#include <algorithm>

namespace netkit::presence {

TalkMemory::Sender& TalkMemory::sender(const std::string& key) {
  auto found = senders_.find(key);
  if (found == senders_.end()) {
    if (senders_.size() >= keys_max)
      senders_.erase(std::ranges::min_element(senders_, {},
                                              [](const auto& each) { return each.second.used; }));
    found = senders_.emplace(key, Sender{Flood{rate_, burst_}}).first;
  }
  found->second.used = ++uses_;
  return found->second;
}

bool TalkMemory::holds(const std::string& key, std::uint64_t id) const {
  const auto found = senders_.find(key);
  return found != senders_.end() &&
         std::ranges::find(found->second.ids, id) != found->second.ids.end();
}

void TalkMemory::add(const std::string& key, std::uint64_t id) {
  Sender& from = sender(key);
  if (from.ids.size() < ids_max) {
    from.ids.push_back(id);
    return;
  }
  from.ids[from.oldest] = id;
  from.oldest = (from.oldest + 1) % ids_max;
}

std::chrono::nanoseconds TalkMemory::wait(const std::string& key, std::chrono::nanoseconds now) {
  return sender(key).flood.wait(now);
}

void TalkMemory::take(const std::string& key, std::chrono::nanoseconds now) {
  sender(key).flood.take(now);
}

}  // namespace netkit::presence
