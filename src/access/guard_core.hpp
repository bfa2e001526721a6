// What a guard does on its main thread: the connection to the auth service and its return, the
// questions under way, and those who want to know when somebody's right ends.
#pragma once

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <atomic>
#include <map>
#include <unordered_map>
#include <vector>

#include "access/auth_link.hpp"
#include "access/guard.hpp"
#include "access/judge.hpp"

namespace netkit::access {

class Guard::Watch {
 public:
  Watch(Who who, std::string scope, std::function<void()> end, std::string address)
      : who_{std::move(who)},
        scope_{std::move(scope)},
        address_{std::move(address)},
        end_{std::move(end)} {}

  // On main's thread all of it.
  const Who& who() const { return who_; }
  const std::string& address() const { return address_; }
  /// What the auth service says now; ends it if that is not enough.
  void update(std::shared_ptr<const Grant> grant);
  void end();

 private:
  Who who_;
  const std::string scope_;
  const std::string address_;
  std::function<void()> end_;
};

struct Guard::Core : std::enable_shared_from_this<Guard::Core> {
  using Clock = std::chrono::steady_clock;
  using Granted = Result<std::shared_ptr<const Grant>>;
  using Hear = std::function<void(const Granted& granted)>;

  Core(GuardSettings given, log::Logger& to);

  void start(asio::io_context& io);
  void stop();
  void ask(Asking asking, Hear hear);
  void add(const std::shared_ptr<Watch>& watch);

  const GuardSettings settings;
  log::Logger& log;
  Judge judge;
  asio::io_context* main = nullptr;
  /// Questions that callers wait for, so that a flood of tokens does not fill the memory.
  std::atomic<std::size_t> under_way{0};

 private:
  struct Question {
    Asking asking;
    std::vector<Hear> hear;
    Clock::time_point asked;
    bool sent = false;
  };
  using Questions = std::unordered_map<std::uint32_t, Question>;

  static asio::awaitable<void> live(std::shared_ptr<Core> core);
  asio::awaitable<Status> converse();
  void begin(std::unique_ptr<AuthLink> opened);
  void lose();
  Status take(const wire::Frame& frame);
  void answer(std::uint32_t stream, Grant grant);
  void answer(std::uint32_t stream, Denial why);
  void answer(Questions::iterator question, const Granted& granted);
  void changed(const std::string& session);
  void check_again(const std::shared_ptr<Watch>& watch);
  template <typename Call>
  void each_watch(Call call);

  static asio::awaitable<void> tick(std::shared_ptr<Core> core);
  void give_up_on_late();
  void end_lapsed(const Moment& now);
  void tell_uses();

  bool stopped_ = false;
  bool unreachable_ = false;  // And that has been logged.
  std::unique_ptr<AuthLink> link_;
  Clock::time_point lost_{};  // When the last connection ended, or start() was called.
  std::optional<asio::steady_timer> pause_;
  std::optional<asio::steady_timer> ticks_;
  Questions questions_;
  std::unordered_map<Key, std::uint32_t, HashOfHash> asked_;  // Those that others may join.
  std::uint32_t last_stream_ = 0;
  std::unordered_multimap<std::string, std::weak_ptr<Watch>> watches_;  // By session.
};

}  // namespace netkit::access
