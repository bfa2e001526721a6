// What a relay keeps beyond its memory, and with whom it shares it: the database in its state, or a
// Redis. Ties them to the hub; both have threads of their own.
#pragma once

#include <asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>

#include "cli/store_choice.hpp"
#include "commands/relay/history_store.hpp"
#include "commands/relay/hub.hpp"
#include "commands/relay/redis_mesh.hpp"

namespace netkit::relay {

class Keeping {
 public:
  /// Errc::usage for a store that is none, or cannot do what `ack` promises.
  static Status check(const cli::StoreChoice& choice, Ack ack);

  /// Gives the hub what was kept before, and takes what is new from it from now on. Until stop(),
  /// `hub` and `main` must be there.
  static Result<std::unique_ptr<Keeping>> open(const cli::StoreChoice& choice,
                                               const std::string& state, Hub& hub,
                                               asio::io_context& main, log::Logger& log);
  /// Writes what waits.
  void stop();
  /// For `relay status`.
  std::string state() const;

 private:
  Keeping(Hub& hub, asio::io_context& main, log::Logger& log) : hub_{hub}, main_{main}, log_{log} {}
  Status open_history(const std::string& path);
  Status open_redis(const cli::StoreChoice& choice);
  void take_from_hub();

  Hub& hub_;
  asio::io_context& main_;
  log::Logger& log_;
  std::unique_ptr<HistoryStore> history_;
  std::unique_ptr<RedisMesh> redis_;
};

}  // namespace netkit::relay
