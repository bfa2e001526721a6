// Sentences to words, events to numbers.
#include "log/event_counts.hpp"

#include <algorithm>

#include "base/units.hpp"

namespace netkit::log {
namespace {

struct Known {
  std::string_view sentence;
  std::string_view word;
};

/// What `reason` and `error` end in: netkit's own failures (base/error.cpp), what the system says
/// of connections, and why servers turn peers away.
constexpr Known known[] = {
    {"closed", "closed"},
    {"stopped", "stopped"},
    {"not a valid message", "malformed"},
    {"larger than the limit", "too_large"},
    {"not valid UTF-8", "not_utf8"},
    {"protocol version not supported", "wrong_version"},
    {"unexpected message", "unexpected"},
    {"timed out", "timed_out"},
    {"the other side closed the connection", "closed"},
    {"host name not found", "name_not_found"},
    {"refused", "refused"},
    {"not found", "not_found"},
    {"not the expected answer", "mismatch"},
    {"busy", "busy"},
    {"denied by --allow or --deny", "denied"},
    {"as many connections as allowed", "connections_max"},
    {"the drain limit has passed", "drain_limit"},
    {"a datagram from such a port may be forged to start a loop", "loop"},
    {"wrong user or password", "password"},
    {"Connection reset by peer", "reset"},
    {"Broken pipe", "broken_pipe"},
    {"Connection timed out", "timed_out"},
    {"Connection refused", "connection_refused"},
    {"No space left on device", "no_space"},
};

constexpr std::string_view other = "other";

/// "SENTENCE", "cannot ...: SENTENCE" and either with " (HINT)" behind it (base/result.hpp).
bool says(std::string_view text, std::string_view sentence) {
  for (std::size_t at = text.find(sentence); at != text.npos; at = text.find(sentence, at + 1)) {
    const std::string_view before = text.substr(0, at);
    const std::string_view behind = text.substr(at + sentence.size());
    if ((before.empty() || before.ends_with(": ")) && (behind.empty() || behind.starts_with(" (")))
      return true;
  }
  return false;
}

bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= 24 &&
         std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
}

const std::string_view* text_of(const Event& event, std::string_view key) {
  for (const Field& field : event.fields)
    if (field.key == key) return std::get_if<std::string_view>(&field.value);
  return nullptr;
}

std::string_view word_of(std::string_view sentence) {
  for (const Known& each : known)
    if (says(sentence, each.sentence)) return each.word;
  return other;
}

}  // namespace

std::string_view reason_word(const Event& event) {
  if (const auto* const state = text_of(event, "state")) return is_word(*state) ? *state : other;
  for (const std::string_view key : {"reason", "error"})
    if (const auto* const sentence = text_of(event, key)) return word_of(*sentence);
  return {};
}

void EventCounts::add(const Event& event) {
  Pair pair{event.name, reason_word(event)};
  const std::lock_guard held{mutex_};
  auto found = counts_.find(pair);
  if (found == counts_.end()) {
    if (counts_.size() >= pairs_max) pair.second = other;
    // Names are ours and few; should they not be, they share the last place.
    if (counts_.size() >= 2 * pairs_max && !counts_.contains(pair)) pair.first = other;
    found = counts_.try_emplace(std::move(pair)).first;
  }
  ++found->second;
  for (const Field& field : event.fields) {
    const auto* const lasted = std::get_if<Duration>(&field.value);
    if (field.key != "duration" || !lasted) continue;
    const double lasted_s = seconds(*lasted);
    const auto bucket = std::ranges::lower_bound(bounds_s, lasted_s) - bounds_s.begin();
    ++durations_.buckets[static_cast<std::size_t>(bucket)];
    ++durations_.count;
    durations_.sum_s += lasted_s;
  }
}

std::vector<EventCounts::Count> EventCounts::counts() const {
  std::vector<Count> all;
  const std::lock_guard held{mutex_};
  for (const auto& [pair, count] : counts_)
    all.push_back({pair.first, pair.second, count});
  return all;
}

EventCounts::Durations EventCounts::durations() const {
  const std::lock_guard held{mutex_};
  return durations_;
}

}  // namespace netkit::log
