// The connections of services that asked about sessions: each is told when one of those it asked
// about has ended or changed. Used by the office, which ends sessions, and by the frame dialect.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "net/outlet.hpp"

namespace netkit::auth {

/// What one connection asked about. Touched on that connection's thread alone.
class Asked {
 public:
  void add(std::string_view session);
  bool has(std::string_view session) const;

 private:
  bool everything_ = false;  // It asked about more than is worth remembering.
  std::unordered_set<std::string> sessions_;
};

/// Safe from any thread.
class Followers {
 public:
  /// From now on tell() reaches that connection: to be called before the first look at a session.
  void add(std::shared_ptr<net::Outlet> outlet, std::shared_ptr<const Asked> asked);
  void remove(const std::shared_ptr<net::Outlet>& outlet);
  /// Sends `changed` to those that asked about it; after it is gone from the index.
  void tell(std::string_view session) const;

 private:
  struct Follower {
    std::shared_ptr<net::Outlet> outlet;
    std::shared_ptr<const Asked> asked;
  };

  mutable std::mutex mutex_;
  std::vector<Follower> followers_;
};

}  // namespace netkit::auth
