// The table of who may register, and the window of tries.
#include "commands/auth/registration.hpp"

#include <algorithm>

namespace netkit::auth {
namespace {

constexpr std::size_t sources_max = 10'000;

Error refusal(std::string hint) {
  return {Errc::refused, "register", std::move(hint)};
}

}  // namespace

Result<Registration> may_register(RegistrationMode mode, Standing standing, bool shows_code) {
  Registration registration;
  registration.first_administrates = standing != Standing::remote;
  if (standing == Standing::admin_socket) return registration;
  switch (mode) {
    case RegistrationMode::open: return registration;
    case RegistrationMode::automatic:
      if (standing == Standing::local) return registration;
      break;
    case RegistrationMode::invite: break;
    case RegistrationMode::closed:
      return refusal("nobody registers here; ask an administrator for an account");
  }
  if (!shows_code)
    return refusal("it takes an invitation; ask an administrator for a code: netkit auth invite");
  registration.needs_code = true;
  return registration;
}

Time RegistrationLimit::take(std::string_view source, Time now) {
  if (source.empty()) return 0;
  auto found = sources_.find(source);
  if (found == sources_.end()) {
    if (sources_.size() >= sources_max) {
      sources_.erase(turns_.front());
      turns_.pop_front();
    }
    found = sources_.try_emplace(std::string{source}).first;
    found->second.turn = turns_.insert(turns_.end(), found->first);
  }
  turns_.splice(turns_.end(), turns_, found->second.turn);
  std::vector<Time>& tries = found->second.tries;
  // Tries that are yet to come were counted before the clock was set back.
  for (Time& each : tries)
    each = std::min(each, now);
  std::erase_if(tries, [&](Time each) { return now - each >= registrations_window_s; });
  if (tries.size() >= registrations_max) return tries.front() + registrations_window_s - now;
  tries.push_back(now);
  return 0;
}

}  // namespace netkit::auth
