// Which key each peer's name had the first time, in a text file a person can edit: trust on first
// use, as for hosts. Used by whoever talks to peers, to send as well as to listen.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "log/logger.hpp"

namespace netkit::presence {

// STATE/known_peers, one line a key: NAME KEYHEX, then perhaps a comment after "#". Spaces, "%" and
// "#" in a name are written %20, %25 and %23; a name with plain spaces is read as well. A name on
// several lines has several keys; names are one as identity::name_key() says, so that "Ana" cannot
// pass for "ana". Comments and lines that are none of these are kept.
class KnownPeers {
 public:
  /// The folder must exist.
  explicit KnownPeers(const std::string& state) : path_{state + "/known_peers"} {}

  /// `full`: trusted as a first use, but not kept, as the file has 10,000 names.
  enum class Verdict { known, added, replaced, full };

  /// Compares `key` (32 bytes) with the lines of `name`. A name without a line gets one: `added`.
  /// With another key than before it is Errc::refused and says what to do, unless `accept_new`:
  /// then the key takes the place of those before. Several processes may do this at a time;
  /// Errc::busy if one of them keeps the file locked for 2 s.
  Result<Verdict> check(std::string_view name, std::string_view key, bool accept_new = false) const;

  /// The first key of `name`, if it is known.
  Result<std::optional<std::string>> find(std::string_view name) const;

  /// Drops the lines of `name`, so that the next key is trusted again; how many there were.
  Result<std::size_t> forget(std::string_view name) const;

  const std::string& path() const { return path_; }

 private:
  Result<std::string> read() const;

  std::string path_;
};

/// KnownPeers::check(), with a line of that level in the log about who is trusted from now on.
Status trust(const KnownPeers& known, log::Logger& log, log::Level level, std::string_view name,
             std::string_view key, bool accept_new = false);

}  // namespace netkit::presence
