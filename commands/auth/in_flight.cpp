// Counts by key; a permit gives its count back.
#include "commands/auth/in_flight.hpp"

namespace netkit::auth {

InFlight::Permit InFlight::take(std::string_view key) {
  std::string name{key};
  const std::lock_guard lock{counts_->mutex};
  std::size_t& count = counts_->of[name];  // Not left at 0: max_ is at least 1.
  if (count >= max_) return nullptr;
  ++count;
  const auto give_back = [counts = counts_, name = std::move(name)](const void*) {
    const std::lock_guard again{counts->mutex};
    const auto found = counts->of.find(name);
    if (--found->second == 0) counts->of.erase(found);
  };
  return {static_cast<const void*>(this), give_back};
}

}  // namespace netkit::auth
