// What a client is shown of records that it asked for by their numbers in a relay's log. Pure; used
// by the hub, which decides who may see what.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "commands/relay/bundle.hpp"
#include "commands/relay/said.hpp"

namespace netkit::relay {

/// Numbers from..to of a log.
struct Stretch {
  std::uint64_t from = 0;
  std::uint64_t to = 0;  ///< Not less than from.

  /// As much of it as one answer has, from its beginning on.
  Stretch cut(std::uint64_t count_max) const;
  std::uint64_t count() const { return to - from + 1; }
};

/// "812..848".
std::string to_text(const Stretch& stretch);

/// How many of those the bundles of one log hold; they are in order, but may overlap.
std::uint64_t count_held(const std::vector<Bundle>& bundles, const Stretch& stretch);

struct Excerpt {
  std::string messages;     ///< What `show` made of them, separated by commas.
  std::uint64_t shown = 0;  ///< How many those are.
  std::uint64_t held = 0;   ///< Records that were there.
  std::uint64_t end = 0;    ///< It goes up to the one before this.
};

/// `show` gives the JSON of a record, or nothing if it is not to be seen. What does not fit into
/// `size_max` bytes is behind the end; one that never would counts as not held. The bundles are in
/// order, too.
Excerpt excerpt_of(const std::vector<Bundle>& bundles, const Stretch& stretch, std::size_t size_max,
                   const std::function<std::string(const Record&, RecordId)>& show);

}  // namespace netkit::relay
