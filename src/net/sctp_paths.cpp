// Probes every interval; another way once the one in use is silent and the other is not.
#include "net/sctp_paths.hpp"

namespace netkit::net {

std::size_t SctpPaths::add(unsigned host) {
  paths_.push_back({.host = host, .heard = {}});
  return paths_.size() - 1;
}

/// A host's other addresses lead to the same interface as far as anybody knows.
void SctpPaths::keep_one(std::size_t path) {
  for (std::size_t i = 0; i < paths_.size(); ++i)
    if (i != path && paths_[i].host == paths_[path].host) paths_[i].dropped = true;
}

void SctpPaths::use(std::size_t path) {
  in_use_ = path;
  chosen_ = true;
}

void SctpPaths::heard(std::size_t path, Clock::time_point now) {
  Path& at = paths_[path];
  if (at.heard == Clock::time_point{} && !at.dropped) keep_one(path);
  at.heard = now;
}

bool SctpPaths::answered(std::size_t path, std::uint64_t nonce, Clock::time_point now) {
  if (nonce == 0 || paths_[path].nonce != nonce) return false;
  heard(path, now);
  return true;
}

void SctpPaths::follow(std::size_t path, Clock::time_point now) {
  if (chosen_ && path != in_use_ && silent(paths_[in_use_], now)) use(path);
}

bool SctpPaths::probes() const {
  if (!chosen_) return false;
  for (std::size_t i = 0; i < paths_.size(); ++i)
    if (i != in_use_ && !paths_[i].dropped) return true;
  return false;
}

std::vector<std::size_t> SctpPaths::tick(Clock::time_point now) {
  if (!probes() || now < next_probes_) return {};
  next_probes_ = now + settings_.probe_interval;
  if (silent(paths_[in_use_], now)) {
    std::size_t best = in_use_;
    for (std::size_t i = 0; i < paths_.size(); ++i)
      if (!paths_[i].dropped && paths_[i].heard > paths_[best].heard) best = i;
    if (!silent(paths_[best], now)) use(best);
  }
  std::vector<std::size_t> due;
  for (std::size_t i = 0; i < paths_.size(); ++i)
    if (!paths_[i].dropped) due.push_back(i);
  return due;
}

void SctpPaths::probed(std::size_t path, std::uint64_t nonce) {
  paths_[path].nonce = nonce;
}

}  // namespace netkit::net
