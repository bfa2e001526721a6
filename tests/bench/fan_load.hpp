// Many clients of one channel in one thread on epoll: says a text only while few are under way, and
// checks that every receiver gets each one once and in its sender's order. For fan.cpp only; any
// failure ends the program, for half a measurement is worth nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <vector>

#include "fan_dialect.hpp"
#include "latency.hpp"

namespace netkit::bench {

struct FanPlan {
  sockaddr_in near{};
  sockaddr_in far{};  ///< Where those connect who only hear.
  std::size_t senders = 1;
  std::size_t receivers = 10;  ///< Besides the senders, unless `all_hear`.
  bool all_hear = false;       ///< The senders hear as well, and there are no others.
  std::size_t text_size = 64;
  std::size_t window = 1024;  ///< Texts under way, over all senders.
  double rate = 0;            ///< Texts a second at fixed times instead; 0: as fast as it goes.
  std::size_t sources = 1;    ///< Connect from 127.0.0.1, 127.0.0.2, … in turn; 1: do not bind.
};

struct FanMeasurement {
  Latencies latencies;  ///< Of deliveries, from when the text was due.
  std::uint64_t texts = 0;
  std::uint64_t deliveries = 0;
  double seconds = 0;  ///< From the first text to its last delivery.
};

class FanLoad {
 public:
  FanLoad(const FanPlan& plan, const FanDialect& dialect);
  FanLoad(const FanLoad&) = delete;
  FanLoad& operator=(const FanLoad&) = delete;
  ~FanLoad();

  /// Returns once all are let in and, unless `idle`, everyone has heard a trial text, which
  /// shows that every subscription is known everywhere.
  void open(bool idle);
  /// Keeps the load up for this long, then waits for what is still under way, which is never more
  /// than `window` texts, nor than the plan's.
  FanMeasurement run(double seconds, std::size_t window);
  /// Answers the server and drops texts until stdin has something or ends. Trial texts that come
  /// late are dropped so as well.
  void hold();

 private:
  struct Client;
  struct Hearing;
  struct UnderWay {
    std::uint32_t left = 0;  // Deliveries that are missing.
    std::int64_t due_ns = 0;
  };

  void begin(Client& client, std::size_t index);
  void handle(Client& client, std::uint32_t events);
  void read(Client& client);
  void flush(Client& client);
  void watch(const Client& client, int operation);
  void heard(Client& client, std::string_view text);
  void say(Client& client, std::int64_t due_ns);
  void say_trial();
  bool all_heard_trial() const;
  void say_what_fits();
  void say_what_is_due();
  void turn(int limit_ms);
  std::size_t hearers(const Client& sender) const;

  const FanPlan plan_;
  const FanDialect& dialect_;
  std::vector<Client> clients_;
  std::vector<UnderWay> under_way_;  // A ring of window_ for each sender.
  std::vector<char> scratch_;
  std::string text_;
  FanMeasurement done_;
  std::size_t open_ = 0;
  std::size_t window_ = 0;       // Of this run.
  std::size_t outstanding_ = 0;  // Texts that not everyone has heard.
  std::size_t next_sender_ = 0;
  std::uint32_t trial_ = 0;
  std::int64_t now_ns_ = 0;
  std::int64_t next_due_ns_ = 0;
  std::int64_t deadline_ns_ = 0;
  bool discarding_ = false;
  int epoll_ = -1;
  int timer_ = -1;
};

}  // namespace netkit::bench
