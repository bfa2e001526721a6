// A question is asked and answered on the thread on which its connection is told of changes, so
// that no change falls between an answer and its being remembered.
#include "commands/auth/followers.hpp"

#include "access/protocol.hpp"

namespace netkit::auth {
namespace {

/// As many as a guard remembers.
constexpr std::size_t sessions_max = 100'000;

}  // namespace

void Asked::add(std::string_view session) {
  if (everything_) return;
  if (sessions_.size() < sessions_max) {
    sessions_.emplace(session);
    return;
  }
  everything_ = true;
  sessions_.clear();
}

bool Asked::has(std::string_view session) const {
  return everything_ || sessions_.contains(std::string{session});
}

void Followers::add(std::shared_ptr<net::Outlet> outlet, std::shared_ptr<const Asked> asked) {
  const std::lock_guard lock{mutex_};
  followers_.push_back({std::move(outlet), std::move(asked)});
}

void Followers::remove(const std::shared_ptr<net::Outlet>& outlet) {
  const std::lock_guard lock{mutex_};
  std::erase_if(followers_, [&](const Follower& each) { return each.outlet == outlet; });
}

void Followers::tell(std::string_view session) const {
  std::vector<Follower> followers;
  {
    const std::lock_guard lock{mutex_};
    followers = followers_;
  }
  for (const Follower& each : followers)
    each.outlet->run([asked = each.asked, id = std::string{session}](net::Connection& connection) {
      if (!asked->has(id)) return;
      std::string frame;
      access::append_changed(frame, id);
      if (!connection.post(frame)) connection.stream().abort();
    });
}

}  // namespace netkit::auth
