// What an agent must remember of the orders it has started, in its state folder: a file an order
// and boot, so that no order is carried out twice. The child process makes them; see net/process.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "commands/shutdown/protocol.hpp"

namespace netkit::shutdown {

/// STATE/started-BOOT-ORDER: empty, or why the command failed.
class Claims {
 public:
  struct Claim {
    OrderId order = 0;
    std::string failure;  ///< Empty: not known to have failed.
  };

  Claims(std::string state, const Id& boot) : state_{std::move(state)}, boot_{boot} {}

  std::string path(OrderId order) const;
  /// The claims of this boot. Those of other boots are removed.
  Result<std::vector<Claim>> load() const;
  /// What an order's claim says; empty if it says nothing.
  std::string failure(OrderId order) const;
  Status keep_failure(OrderId order, std::string_view why) const;

 private:
  std::string state_;
  Id boot_;
};

}  // namespace netkit::shutdown
