// How much of one kind somebody may have under way at a time: the counted uses of one session's
// tickets, which the clerk takes one by one. Pure; decides nothing but that.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace netkit::auth {

/// Safe from any thread.
class InFlight {
 public:
  /// Its place is free again when the last copy goes, which may be after the InFlight has gone.
  using Permit = std::shared_ptr<const void>;

  explicit InFlight(std::size_t max) : max_{max} {}

  /// None while `key` has `max` already.
  Permit take(std::string_view key);

 private:
  struct Counts {
    std::mutex mutex;
    std::unordered_map<std::string, std::size_t> of;  // Those above 0.
  };

  const std::size_t max_;
  const std::shared_ptr<Counts> counts_ = std::make_shared<Counts>();
};

}  // namespace netkit::auth
