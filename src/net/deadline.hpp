// One deadline for whatever an object is waiting for. Moving it is a store and a comparison, so
// that it can follow every message; the timer behind it is set again only when it fires early.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>

namespace netkit::net {

class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  /// `on_passed` runs on `executor`, an io_context's, never after this object has gone.
  Deadline(const asio::any_io_executor& executor, std::function<void()> on_passed);
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  void expire_in(std::chrono::nanoseconds limit);
  void expire_never();
  /// True once it has passed; stays so until the next expire_in() or expire_never().
  bool passed() const { return passed_; }

 private:
  struct Timer;
  void fired();

  asio::io_context& context_;  // A reference, as an executor that fits all would be large.
  std::function<void()> on_passed_;
  Clock::time_point at_ = Clock::time_point::max();
  Clock::time_point armed_for_ = Clock::time_point::max();
  std::shared_ptr<Timer> timer_;  // None until the first limit: most idle peers never need one.
  bool passed_ = false;
};

}  // namespace netkit::net
