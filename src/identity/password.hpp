// Passwords: the form in which they are compared, the hashes that are kept of them, and what a hash
// may cost. The auth service uses it; nothing here keeps, prints or logs a password.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "identity/secret.hpp"

namespace netkit::identity {

/// What one Argon2id hash costs (RFC 9106: m, t and p).
struct HashParameters {
  std::uint32_t memory_kib = 64 * 1024;
  std::uint32_t passes = 3;
  std::uint32_t lanes = 1;
  friend bool operator==(const HashParameters&, const HashParameters&) = default;
};

/// The least that is allowed for new hashes (OWASP Password Storage Cheat Sheet).
inline constexpr HashParameters floor_parameters{19 * 1024, 2, 1};
/// The most that is computed for any hash, new or stored: a stored one is somebody's claim.
inline constexpr HashParameters ceiling_parameters{1024 * 1024, 64, 16};
/// Memory times passes of one hash, at most: this many GiB are filled in 6 to 12 s.
inline constexpr std::uint64_t work_kib_max = std::uint64_t{8} * 1024 * 1024;

/// Errc::usage below the floor, above the ceiling or when memory times passes is above
/// work_kib_max: such a hash could not be verified again.
Status check_parameters(const HashParameters& parameters);

/// Bytes after normalisation.
inline constexpr std::size_t password_size_min = 8;
inline constexpr std::size_t password_size_max = 1024;

/// The form of a typed password that is hashed: NFC (Unicode Standard Annex 15), so that an accent
/// is the same however the keyboard sends it. Errc::not_utf8; Errc::usage if it is too short, too
/// long (refused unread beyond three times the maximum), has more than 30 combining marks in a row
/// or has a control character below U+0020 or U+007F.
Result<Secret> normal_password(std::string_view typed);

/// The same, for new passwords only: Errc::refused, with the reason in words, for one that guessers
/// try first: common ones and short common words (whatever the case, usual swaps such as 0 for o,
/// and digits or signs at its end), the user's name or its reverse, repetitions, sequences and
/// keyboard walks.
Result<Secret> new_password(std::string_view typed, std::string_view user);

/// Secrets mixed into every hash (argon2's secret input K): the first one hashes, all of them
/// verify. None by default. Each has a key id, the first 8 base64 characters of its SHA-256, which
/// stands in the PHC string; it tells peppers apart and lets guesses at one be tested, so a pepper
/// has to be random.
class Peppers {
 public:
  /// A secret a line, 16 to 1,024 bytes each; at most 8; empty lines and white space at both ends
  /// of a line do not count. Errc::usage otherwise, and for a text without any.
  static Result<Peppers> parse(std::string_view file_text);

  bool empty() const { return entries_.empty(); }
  /// Empty if there is none.
  std::string_view current_id() const;
  const Secret* current() const;
  /// Null if there is none of this id.
  const Secret* find(std::string_view id) const;

 private:
  struct Entry {
    std::string id;
    Secret secret;
  };
  std::vector<Entry> entries_;
};

/// `$argon2id$v=19$m=65536,t=3,p=1[,keyid=...]$salt$tag` (the PHC string format; 16 random bytes of
/// salt, 32 of tag). Takes milliseconds to seconds and the memory: to be called on a HashPool's
/// thread. The floor is not enforced here, the ceiling is (Errc::usage); not_enough_memory if the
/// system has none left.
Result<std::string> hash_password(const Secret& password, const HashParameters& parameters,
                                  const Peppers& peppers);

struct Verdict {
  bool match = false;
  /// Of another algorithm, with a lower parameter, shorter salt or tag, or another pepper than now:
  /// to be hashed again when it matches.
  bool outdated = false;
};

/// Computes and compares any form that check_encoded() allows, with its errors; Errc::not_found if
/// its pepper is not among these. Costs what the stored hash costs: call it on a HashPool's thread.
/// Forms other than Argon2id know no pepper. bcrypt sees the first 72 bytes, as everywhere.
Result<Verdict> verify_password(std::string_view encoded, const Secret& password,
                                const HashParameters& now, const Peppers& peppers);

/// Whether verify_password() would compute this stored form: `$argon2id$` (v=19) within
/// ceiling_parameters and work_kib_max, bcrypt `$2a$ $2b$ $2y$` (cost 4 to 14), `$5$ $6$` (1,000 to
/// 1,000,000 rounds), yescrypt `$y$` (at most 1 GiB). Errc::too_large for a cost above that,
/// without computing it; Errc::malformed for anything else.
Status check_encoded(std::string_view encoded);

/// A fixed hash of nobody's password that costs what hash_password() costs: verified, and its
/// verdict thrown away, for users that do not exist. Computes nothing itself.
std::string decoy(const HashParameters& parameters, const Peppers& peppers);

struct Tuned {
  HashParameters parameters;
  std::chrono::nanoseconds took;  ///< One hash with them, the median of three.
};

/// Parameters whose hash takes about `target` on this machine: at `memory_kib_max` with as many
/// passes as fit; with less memory, down to the floor, if two passes take longer. `took` shows how
/// near they come. Errc::usage for a target of nothing or above 10 s, and as check_parameters().
/// Takes some 10 to 20 targets; hashes on the calling thread.
Result<Tuned> tune(std::chrono::nanoseconds target, std::uint32_t memory_kib_max,
                   std::uint32_t lanes);

}  // namespace netkit::identity
