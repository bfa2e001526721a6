// Who may register: the server's mode, where the peer stands and whether it shows a code; and how
// often one source may try. Pure; the office asks, and the vault checks the code itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "commands/auth/vault.hpp"

namespace netkit::auth {

/// Automatic: open for peers on this machine, by invitation for others.
enum class RegistrationMode : std::uint8_t { automatic, open, invite, closed };

/// Where a request comes from.
enum class Standing : std::uint8_t {
  remote,
  local,         ///< Loopback or a unix socket.
  admin_socket,  ///< Is an administrator without an account.
};

struct Registration {
  /// The code that is shown must be good and is used up; else it is not looked at.
  bool needs_code = false;
  /// Gets the scope "admin" if nobody has it: Vault::add_account's `first_administrates`.
  bool first_administrates = false;
};

/// How this registration goes on. Errc::refused with a hint for who may not.
Result<Registration> may_register(RegistrationMode mode, Standing standing, bool shows_code);

inline constexpr std::size_t registrations_max = 10;
inline constexpr Time registrations_window_s = 60 * 60;

/// At most registrations_max tries, good or bad, in any hour from one source. All tries count: each
/// costs a hash and may tell whether a name is taken. Not for several threads; forgotten with the
/// process.
class RegistrationLimit {
 public:
  /// 0: counted, go on. Else the seconds after which the next try is taken. `source`:
  /// source_block(); an empty one is never held up.
  Time take(std::string_view source, Time now);

  /// Sources that are remembered; beyond 10,000 the one that tried longest ago goes.
  std::size_t size() const { return sources_.size(); }

 private:
  struct Source {
    std::vector<Time> tries;
    std::list<std::string>::iterator turn;
  };

  std::map<std::string, Source, std::less<>> sources_;
  std::list<std::string> turns_;  ///< The source that tried last stands at the end.
};

}  // namespace netkit::auth
