// Bundles of one log, gone through once.
#include "commands/relay/excerpt.hpp"

#include <algorithm>

namespace netkit::relay {

Stretch Stretch::cut(std::uint64_t count_max) const {
  return {from, from + std::min(to - from, count_max - 1)};
}

std::string to_text(const Stretch& stretch) {
  return std::to_string(stretch.from) + ".." + std::to_string(stretch.to);
}

std::uint64_t count_held(const std::vector<Bundle>& bundles, const Stretch& stretch) {
  std::uint64_t held = 0;
  std::uint64_t next = stretch.from;
  for (const Bundle& each : bundles) {
    const std::uint64_t first = std::max(each.first, next);
    const std::uint64_t last = std::min(each.last, stretch.to);
    if (last < first) continue;
    held += last - first + 1;
    next = last + 1;
  }
  return held;
}

Excerpt excerpt_of(const std::vector<Bundle>& bundles, const Stretch& stretch, std::size_t size_max,
                   const std::function<std::string(const Record&, RecordId)>& show) {
  Excerpt excerpt;
  std::uint64_t next = stretch.from;
  for (const Bundle& bundle : bundles) {
    std::string_view rest = bundle.records();
    for (std::uint64_t seq = bundle.first; seq <= std::min(bundle.last, stretch.to); ++seq) {
      const auto decoded = decode_record(rest);
      if (!decoded) break;  // Its relay signed what nobody can read.
      rest.remove_prefix(decoded->used);
      if (seq < next) continue;
      next = seq + 1;
      const std::string json = show(*decoded->message, {bundle.log, seq});
      if (json.size() > size_max) continue;
      if (excerpt.messages.size() + json.size() > size_max) {
        excerpt.end = seq;
        return excerpt;
      }
      ++excerpt.held;
      if (json.empty()) continue;
      ++excerpt.shown;
      excerpt.messages.append(excerpt.messages.empty() ? "" : ",").append(json);
    }
  }
  excerpt.end = stretch.to + 1;
  return excerpt;
}

}  // namespace netkit::relay
