// A roster that several sites share by Redis: whom this daemon sees is written there, whom the
// others see is read, each once a second, on a thread of its own.
#pragma once

#include <asio/io_context.hpp>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "commands/presence/porter.hpp"
#include "store/redis.hpp"

namespace netkit::presence {

// netkit:presence:daemons         set of the keys (hex) of daemons
// netkit:presence:KEYHEX          hash, gone 10 s after its daemon: "version", counted up with each
//                                 change, and by the key (hex) of each peer the body of an `entry`

class RedisRoster : public std::enable_shared_from_this<RedisRoster> {
 public:
  /// Begins. A Redis that is away is waited for; an error is one of the address alone, or what it
  /// answered to the first connection. `porter` and `log` outlive it.
  static Result<std::shared_ptr<RedisRoster>> open(asio::io_context& io, Porter& porter,
                                                   log::Logger& log, std::string own_key,
                                                   store::RedisAddress address);
  /// Takes this daemon's entries out of Redis. Before the porter ends, on its thread.
  void stop();

  RedisRoster(asio::io_context& io, Porter& porter, log::Logger& log, std::string own_key);
  ~RedisRoster();

 private:
  class Teller;
  /// The body of an entry by the hex key of its peer; empty: it is forgotten.
  using Changes = std::map<std::string, std::string>;
  /// What another daemon's hash held when it was read last.
  struct Other {
    std::string version;
    std::unordered_map<std::string, std::string> entries;
  };

  void run(store::Redis redis);
  Status exchange(store::Redis& redis);
  Status write(store::Redis& redis);
  Status read(store::Redis& redis);
  Status read_other(store::Redis& redis, const std::string& daemon);
  void tell_hall(const std::string& daemon, Changes changes);
  void part(const std::string& daemon);
  void begin_anew();

  asio::io_context& io_;
  Porter& porter_;
  log::Logger& log_;
  const std::string own_key_;  // Hex.
  std::unique_ptr<Teller> teller_;

  std::mutex mutex_;  // Guards the next three.
  std::condition_variable woken_;
  Changes changes_;
  bool stopping_ = false;

  // The thread's own.
  std::map<std::string, Other> others_;
  std::uint64_t version_ = 0;
  bool whole_ = false;  // Redis has all that was told to it.
  bool away_ = false;
  std::thread thread_;
};

}  // namespace netkit::presence
