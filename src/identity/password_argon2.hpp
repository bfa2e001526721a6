// Argon2id by its reference library, and the memory it computes in: a thread that hashes again and
// again keeps one block. password.cpp and the hash pool use it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "identity/password.hpp"
#include "identity/secret.hpp"

namespace netkit::identity {

/// The inputs of RFC 9106, 3.1; views hold for the call.
struct Argon2Input {
  std::string_view password;
  std::string_view salt;
  std::string_view secret;  ///< K, the pepper.
  std::string_view data;    ///< X, associated data.
  HashParameters parameters;
  std::size_t tag_size = 32;
};

/// The tag; not_enough_memory, Errc::usage for parameters that Argon2 does not have.
Result<Secret> argon2id(const Argon2Input& input);

/// While it lives, the calling thread keeps the memory of its last hash for the next of the same
/// size: page faults are a tenth of a hash. Argon2 wipes that memory at the end of each hash. Made,
/// used and destroyed on one thread, one at a time.
class KeptHashMemory {
 public:
  KeptHashMemory();
  ~KeptHashMemory();
  KeptHashMemory(const KeptHashMemory&) = delete;
  KeptHashMemory& operator=(const KeptHashMemory&) = delete;

  /// Bytes kept at the moment.
  std::size_t size() const;
  /// Gives the memory back to the system; the next hash takes new.
  void release();
};

}  // namespace netkit::identity
