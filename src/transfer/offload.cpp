// Asio's pool starts its threads as it is made, and they inherit which signals are blocked.
#include "transfer/offload.hpp"

#include <algorithm>
#include <csignal>
#include <cstddef>

namespace netkit::transfer {
namespace {

/// Blocks every signal for the calling thread, and the threads it starts, while it lives.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

  /// `count`, as long as it lives: to the end of the expression that starts the threads.
  std::size_t threads(unsigned count) const { return std::max(1u, count); }

 private:
  sigset_t before_{};
};

}  // namespace

Offload::Offload(unsigned threads) : pool_{SignalsBlocked{}.threads(threads)} {}

Offload::~Offload() {
  pool_.stop();
  pool_.join();
}

}  // namespace netkit::transfer
