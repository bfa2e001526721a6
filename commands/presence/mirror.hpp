// The roster as others tell it: by a daemon, or by what we hear ourselves while there is none.
// Pure; says what is new of what it is told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "commands/presence/protocol.hpp"
#include "commands/presence/roster.hpp"

namespace netkit::presence {

class Mirror {
 public:
  static constexpr std::size_t entries_max = 20'000;

  /// The daemon of that key (32 bytes) begins to tell, in the run of it that `instance` names, 0
  /// if it does not say; what to subscribe after: 0 for its whole roster.
  std::uint64_t follow(std::string_view daemon_key, std::uint64_t instance);
  /// No daemon tells any more: what is known stays until it is told anew, by whomever.
  void unfollow();

  struct Change {
    const Entry* now = nullptr;   ///< Until the next change; nullptr: it shows as before.
    std::optional<State> before;  ///< nullopt: new here.
  };
  Change take(Entry entry);
  /// The entry of who is not known any more, if it was.
  std::optional<Entry> forget(const Roster::Forgotten& forgotten);
  /// The roster was told up to there; those that a whole one did not name, who are gone.
  std::vector<Entry> end(const RosterEnd& end);

  /// By name, then number.
  std::vector<const Entry*> all() const;
  /// Those called so, as Roster::called().
  std::vector<const Entry*> called(std::string_view name) const;
  const Entry* find(std::string_view key) const;
  std::size_t size() const { return held_.size(); }

 private:
  struct Held {
    Entry entry;
    std::uint64_t telling = 0;  // In which telling it was told last.
  };

  std::map<std::string, Held, std::less<>> held_;  // By key.
  std::string daemon_key_;
  std::uint64_t instance_ = 0;
  std::uint64_t told_ = 0;     // The version of that daemon's roster that we know.
  std::uint64_t telling_ = 0;  // Counts the calls of follow().
  bool following_ = false;
  bool whole_ = false;  // The daemon tells its whole roster: until its end.
};

}  // namespace netkit::presence
