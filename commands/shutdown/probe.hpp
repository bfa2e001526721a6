// Whether anything still answers at an address: ICMP echo where the system allows it, and TCP on
// the ports that the host's agent reported. The last doubt before a host is called down.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "commands/shutdown/book.hpp"

namespace netkit::shutdown {

class Prober {
 public:
  using Done = std::function<void(const Probe& probe, bool alive)>;

  Prober(asio::io_context& main, Done done) : main_{main}, done_{std::move(done)} {}
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;

  /// Calls `done` within about a second of the probe's turn; 500 run at a time.
  void probe(Probe probe);

 private:
  asio::awaitable<void> run(Probe probe);
  void start_next();

  asio::io_context& main_;
  const Done done_;
  std::deque<Probe> waiting_;
  std::size_t running_ = 0;
};

/// The addresses of this machine's interfaces, looked up once a second at most.
class OwnAddresses {
 public:
  /// Loopback included.
  bool has(std::string_view address);

 private:
  void look_up();

  std::set<std::string, std::less<>> addresses_;
  std::chrono::steady_clock::time_point next_{};
};

}  // namespace netkit::shutdown
