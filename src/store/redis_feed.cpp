// The subscription's thread: subscribe, hear, notice a silent server, start over.
#include "store/redis_feed.hpp"

#include <algorithm>
#include <array>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "store/redis.hpp"

namespace netkit::store {
namespace {

using Kind = RedisReply::Kind;

constexpr std::chrono::milliseconds ping_interval{1000};
constexpr std::chrono::milliseconds silence_max{3000};

}  // namespace

RedisFeed::RedisFeed(RedisAddress address, std::string channel, Hearer hearer)
    : address_{std::move(address)},
      channel_{std::move(channel)},
      hearer_{std::move(hearer)},
      wake_{eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)} {
  // A thread inherits the mask: signals are for the thread that waits for them.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread{[this] { run(); }};
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

RedisFeed::~RedisFeed() {
  stopping_ = true;
  eventfd_write(wake_.get(), 1);
  thread_.join();
}

void RedisFeed::begin_anew() {
  anew_ = true;
  eventfd_write(wake_.get(), 1);
}

/// Makes the wake-up unheard again; true for all who wait from now on.
void RedisFeed::take_wake() {
  eventfd_t count = 0;
  eventfd_read(wake_.get(), &count);
}

/// False if the feed is to end.
bool RedisFeed::pause(Clock::duration length) {
  const Clock::time_point until = Clock::now() + length;
  while (!stopping_) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    if (left <= 0) return true;
    pollfd wait{wake_.get(), POLLIN, 0};
    if (poll(&wait, 1, static_cast<int>(left)) > 0) take_wake();
  }
  return false;
}

void RedisFeed::run() {
  std::chrono::milliseconds length = redis_pause_min;
  while (!stopping_) {
    Result<RedisLink> link =
        RedisLink::open(address_, Clock::now() + redis_connect_limit, wake_.get());
    subscribed_ = false;
    // How it ended does not matter: `began` will tell that messages may have been missed.
    if (link) static_cast<void>(listen(*link));
    take_wake();
    length = subscribed_ ? redis_pause_min : std::min(length * 2, redis_pause_max);
    if (!pause(length)) return;
  }
}

Status RedisFeed::listen(RedisLink& link) {
  const std::array<std::string_view, 2> subscribe{"SUBSCRIBE", channel_};
  const std::array<std::string_view, 1> ping{"PING"};
  if (Status sent = link.send(subscribe, Clock::now() + redis_connect_limit); !sent) return sent;
  Clock::time_point heard = Clock::now();
  Clock::time_point next_ping = heard + ping_interval;
  while (!stopping_) {
    if (subscribed_ && anew_.exchange(false)) hearer_.began();
    const Result<RedisReply> said = link.receive(next_ping);
    const Clock::time_point now = Clock::now();
    if (said) {
      heard = now;
      hear(*said);
      if (said->kind == Kind::failure) return redis_error(*said, "subscribe");
    } else if (said.error().code == Errc::stopped) {
      take_wake();
    } else if (said.error().code != Errc::timed_out) {
      return said.error();
    }
    if (now - heard > silence_max) return Errc::timed_out;
    if (now < next_ping) continue;
    next_ping = now + ping_interval;
    if (Status sent = link.send(ping, now + redis_connect_limit); !sent) return sent;
  }
  return ok;
}

/// "message", channel, text; "subscribe", channel, count; "pong", "".
void RedisFeed::hear(const RedisReply& said) {
  if (said.kind != Kind::list || said.list.size() != 3) return;
  const std::string& what = said.list[0].text;
  if (what == "subscribe") {
    subscribed_ = true;
    anew_ = false;
    hearer_.began();
  } else if (what == "message") {
    hearer_.message(said.list[2].text);
  }
}

}  // namespace netkit::store
