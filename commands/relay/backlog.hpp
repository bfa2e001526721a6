// The bundles that a relay can still give to others, in the order they came, bounded. A link is a
// place in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>

#include "commands/relay/bundle.hpp"

namespace netkit::relay {

class Backlog {
 public:
  Backlog(std::size_t records_max, std::size_t bytes_max)
      : records_max_{records_max}, bytes_max_{bytes_max} {}

  /// Arrival numbers: begin() is the oldest bundle that is still here, end() the next to come.
  std::uint64_t begin() const { return begin_; }
  std::uint64_t end() const { return begin_ + bundles_.size(); }
  const Bundle& at(std::uint64_t arrival) const { return bundles_[arrival - begin_]; }
  std::size_t records() const { return records_; }

  void push(Bundle bundle) {
    records_ += bundle.last - bundle.first + 1;
    bytes_ += bundle.bytes->size();
    bundles_.push_back(std::move(bundle));
  }
  /// There is more than there may be; the newest bundle stays in any case.
  bool is_over() const {
    return bundles_.size() > 1 && (records_ > records_max_ || bytes_ > bytes_max_);
  }
  /// Takes the oldest one out.
  Bundle pop() {
    Bundle bundle = std::move(bundles_.front());
    bundles_.pop_front();
    ++begin_;
    records_ -= bundle.last - bundle.first + 1;
    bytes_ -= bundle.bytes->size();
    return bundle;
  }

 private:
  std::size_t records_max_;
  std::size_t bytes_max_;
  std::deque<Bundle> bundles_;
  std::uint64_t begin_ = 0;
  std::size_t records_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace netkit::relay
