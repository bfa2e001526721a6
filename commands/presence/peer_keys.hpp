// Who we are as a peer: the key, the number of this run and the lock of a name, kept in the state
// folder. For the verbs of `netkit peer` that are somebody; no daemon uses it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/file.hpp"
#include "base/result.hpp"
#include "config/resolve.hpp"
#include "identity/kept_key.hpp"

namespace netkit::presence {

/// What --name says, or USER@HOST, in NFC. Errc::usage for a name that others could not show or
/// tell from another: over 64 bytes, with a ':' (the text follows it) or a number behind as those
/// of clashing names have.
Result<std::string> own_name(const config::Environment& environment,
                             const std::optional<std::string>& given);

// STATE/NAME.key       the seed of the key, hex (identity/kept_key)
// STATE/NAME.instance  the number of the last run, decimal
// STATE/NAME.lock      locked by a peer that runs
// NAME is identity::name_key() of the name, so that "Ana" and "ana" are one person, with all bytes
// but ASCII letters, digits, "-", "_", "@" and inner dots as %XX.
class PeerKeys {
 public:
  /// Loads the key of that name, which is made if there is none; `state` exists. Errors as
  /// KeptKey::load_or_make().
  static Result<PeerKeys> open(const std::string& state, const std::string& name);

  const std::string& name() const { return name_; }
  const identity::KeptKey& key() const { return key_; }

  /// Held for as long as this lives. Errc::busy if a peer of that name runs on this machine.
  Status hold();
  /// For a run that begins: microseconds since 1970, but above all those before it, whatever the
  /// clock says. It is kept before it is returned. Only under hold().
  Result<std::uint64_t> next_instance(std::uint64_t now_us) const;
  /// Both, by the wall clock.
  Result<std::uint64_t> begin_run();

 private:
  PeerKeys(std::string name, std::string path, identity::KeptKey key)
      : name_{std::move(name)}, path_{std::move(path)}, key_{std::move(key)} {}

  std::string name_;
  std::string path_;  // Without what follows the name.
  identity::KeptKey key_;
  FileDescriptor lock_;
};

}  // namespace netkit::presence
