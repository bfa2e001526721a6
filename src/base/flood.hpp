// How fast somebody may talk: a bucket of tokens that refills. Used by servers; reads no clock.
#pragma once

#include <algorithm>
#include <chrono>

namespace netkit {

class Flood {
 public:
  /// `rate` messages a second, `burst` at once; a rate of 0 is no limit.
  Flood(double rate, double burst) : rate_{rate}, burst_{burst}, left_{burst} {}

  bool limits() const { return rate_ != 0; }
  /// One message was taken.
  void take(std::chrono::nanoseconds now) {
    if (rate_ == 0) return;
    refill(now);
    left_ -= 1;
  }
  /// How long none is to be taken; 0: go on.
  std::chrono::nanoseconds wait(std::chrono::nanoseconds now) {
    if (rate_ == 0) return {};
    refill(now);
    if (left_ >= 0) return {};
    return std::chrono::nanoseconds{static_cast<std::int64_t>(-left_ / rate_ * 1e9) + 1};
  }
  /// Nothing was taken for so long that a new one would be the same.
  bool is_full(std::chrono::nanoseconds now) const {
    return left_ + std::chrono::duration<double>(now - then_).count() * rate_ >= burst_;
  }

 private:
  void refill(std::chrono::nanoseconds now) {
    const double passed_s = std::chrono::duration<double>(now - then_).count();
    then_ = std::max(then_, now);
    if (passed_s > 0) left_ = std::min(burst_, left_ + passed_s * rate_);
  }

  double rate_;
  double burst_;
  double left_;
  std::chrono::nanoseconds then_{0};
};

}  // namespace netkit
