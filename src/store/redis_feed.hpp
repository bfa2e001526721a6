// What is published on one channel of a Redis server, heard on a thread of its own that reconnects
// for as long as it lives. For stores that several servers share.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include "base/file.hpp"
#include "store/redis_address.hpp"
#include "store/redis_link.hpp"

namespace netkit::store {

class RedisFeed {
 public:
  /// Both are called on the feed's thread and must be quick: whoever is slow is hung up on by
  /// Redis, and starts over.
  struct Hearer {
    /// From here on all messages are heard; before, any number may have been missed.
    std::function<void()> began;
    std::function<void(std::string_view)> message;
  };

  RedisFeed(RedisAddress address, std::string channel, Hearer hearer);
  RedisFeed(const RedisFeed&) = delete;
  RedisFeed& operator=(const RedisFeed&) = delete;
  /// Ends the thread at once, save while the system looks up a host name.
  ~RedisFeed();

  /// Calls `began` again soon. From any thread.
  void begin_anew();

 private:
  using Clock = RedisLink::Clock;

  void run();
  Status listen(RedisLink& link);
  void hear(const RedisReply& said);
  bool pause(Clock::duration length);
  void take_wake();

  RedisAddress address_;
  std::string channel_;
  Hearer hearer_;
  FileDescriptor wake_;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> anew_ = false;
  bool subscribed_ = false;
  std::thread thread_;  ///< Last: it uses the rest.
};

}  // namespace netkit::store
