// The bundles that a relay can still give to others, in the order they came, bounded. A link is a
// place in it. What there is no room for goes from the log that has most, its oldest first: who
// floods loses his own words, not the others'.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <utility>

#include "commands/relay/bundle.hpp"

namespace netkit::relay {

class Backlog {
 public:
  Backlog(std::size_t records_max, std::size_t bytes_max)
      : records_max_{records_max}, bytes_max_{bytes_max} {}

  /// The first bundle at that arrival number or after it, which becomes its own; nullptr at the
  /// end.
  const Bundle* next(std::uint64_t& arrival) const {
    const auto found = bundles_.lower_bound(arrival);
    arrival = found == bundles_.end() ? end_ : found->first;
    return found == bundles_.end() ? nullptr : &found->second;
  }
  std::size_t records() const { return records_; }

  void push(Bundle bundle) {
    weigh(shares_[bundle.log], bundle, 1).arrivals.push_back(end_);
    bundles_.emplace_hint(bundles_.end(), end_++, std::move(bundle));
  }
  /// There is more than there may be; the newest bundle stays in any case.
  bool is_over() const {
    return bundles_.size() > 1 && (records_ > records_max_ || bytes_ > bytes_max_);
  }
  /// Takes one out, which is the oldest of its log.
  Bundle pop() {
    std::uint64_t arrival = shares_.at(weights_.rbegin()->second).arrivals.front();
    if (arrival + 1 == end_) arrival = bundles_.begin()->first;
    const auto found = bundles_.find(arrival);
    Bundle bundle = std::move(found->second);
    bundles_.erase(found);
    Share& share = weigh(shares_.at(bundle.log), bundle, -1);
    share.arrivals.pop_front();
    if (share.arrivals.empty()) {
      weights_.erase({share.weight, bundle.log});
      shares_.erase(bundle.log);
    }
    return bundle;
  }

 private:
  /// What one log has here.
  struct Share {
    std::int64_t weight = 0;
    std::deque<std::uint64_t> arrivals;
  };

  Share& weigh(Share& share, const Bundle& bundle, int sign) {
    const std::size_t records = bundle.last - bundle.first + 1;
    const std::size_t bytes = bundle.bytes->size();
    records_ += sign > 0 ? records : -records;
    bytes_ += sign > 0 ? bytes : -bytes;
    weights_.erase({share.weight, bundle.log});
    // A share of the one bound counts as much as the same share of the other.
    share.weight +=
        sign * static_cast<std::int64_t>(
                   records * (bytes_max_ / std::max<std::size_t>(records_max_, 1)) + bytes);
    weights_.emplace(share.weight, bundle.log);
    return share;
  }

  std::size_t records_max_;
  std::size_t bytes_max_;
  std::map<std::uint64_t, Bundle> bundles_;  // By arrival.
  std::map<LogId, Share> shares_;
  std::set<std::pair<std::int64_t, LogId>> weights_;
  std::uint64_t end_ = 0;
  std::size_t records_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace netkit::relay
