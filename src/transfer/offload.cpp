// Asio's pool starts its threads as it is made, and they inherit which signals are blocked.
#include "transfer/offload.hpp"

#include <algorithm>

#include "base/signals_blocked.hpp"

namespace netkit::transfer {
namespace {

/// `count`; with signals blocked to the end of the expression that starts the threads.
unsigned with_signals_blocked(unsigned count, const SignalsBlocked& = {}) {
  return std::max(1u, count);
}

}  // namespace

Offload::Offload(unsigned threads) : pool_{with_signals_blocked(threads)} {}

Offload::~Offload() {
  pool_.stop();
  pool_.join();
}

}  // namespace netkit::transfer
