// rtnetlink(7) on a socket of Asio's, a timer in its place, and calls that are not too many.
#include <algorithm>
#include <array>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <cstring>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <optional>
#include <span>
#include <sys/socket.h>
#include <utility>

#include "base/file.hpp"
#include "net/interfaces.hpp"

namespace netkit::net {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t news_size_max = 32 * 1024;
/// Reads in a row before others get their turn.
constexpr int reads_max = 8;
/// Interfaces that can be known to have come back between two calls.
constexpr std::size_t gone_max = 1024;

}  // namespace

/// Held by its owner and by what it waits for, so that a callback may destroy the InterfaceWatch.
class InterfaceWatch::Watcher : public std::enable_shared_from_this<Watcher> {
 public:
  Watcher(asio::io_context& context, OnChange on_change, Options options)
      : on_change_{std::move(on_change)},
        options_{options},
        news_{context},
        poll_timer_{context},
        tell_timer_{context} {}

  void start();
  void stop();
  bool polling() const { return !news_.is_open(); }
  const std::string& reason() const { return reason_; }
  const std::vector<Interface>& interfaces() const { return interfaces_; }

 private:
  using Failed = const std::error_code&;

  bool open_netlink();
  void wait_for_news();
  void read_news();
  void take_news(std::span<const char> bytes);
  void poll_later();
  void tell_in_time();
  void tell();

  OnChange on_change_;
  Options options_;
  asio::posix::stream_descriptor news_;  ///< Open while rtnetlink works.
  asio::steady_timer poll_timer_;
  asio::steady_timer tell_timer_;
  std::vector<Interface> interfaces_;
  std::vector<unsigned> gone_;  ///< Indexes of those that went since the last call.
  std::string reason_;
  std::optional<Clock::time_point> told_;
  bool address_news_ = false;
  bool telling_ = false;
  bool stopped_ = false;
};

void InterfaceWatch::Watcher::start() {
  // Before they are read: what changes from here on is told by the one or found by the other.
  const bool open = open_netlink();
  if (auto found = read_interfaces()) interfaces_ = std::move(*found);
  if (open)
    wait_for_news();
  else
    poll_later();
}

void InterfaceWatch::Watcher::stop() {
  stopped_ = true;
  std::error_code ignored;
  news_.close(ignored);
  poll_timer_.cancel();
  tell_timer_.cancel();
}

bool InterfaceWatch::Watcher::open_netlink() {
  if (options_.polling_only) {
    reason_ = "it was told to";
    return false;
  }
  FileDescriptor made{::socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE)};
  sockaddr_nl groups{};
  groups.nl_family = AF_NETLINK;
  groups.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
  if (!made || ::bind(made.get(), reinterpret_cast<sockaddr*>(&groups), sizeof groups) != 0) {
    reason_ = errno_error("listen to rtnetlink").message();
    return false;
  }
  std::error_code failed;
  news_.assign(made.get(), failed);
  if (failed) {
    reason_ = "cannot wait for rtnetlink: " + failed.message();
    return false;
  }
  static_cast<void>(made.release());
  return true;
}

void InterfaceWatch::Watcher::wait_for_news() {
  news_.async_wait(asio::posix::stream_descriptor::wait_read,
                   [self = shared_from_this()](Failed failed) {
                     if (!failed && !self->stopped_) self->read_news();
                   });
}

void InterfaceWatch::Watcher::read_news() {
  std::array<char, news_size_max> bytes;
  for (int round = 0; round < reads_max; ++round) {
    sockaddr_nl from{};
    socklen_t from_size = sizeof from;
    const ssize_t size = ::recvfrom(news_.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT,
                                    reinterpret_cast<sockaddr*>(&from), &from_size);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) break;
    if (size < 0 && errno != ENOBUFS) {
      reason_ = errno_error("read rtnetlink").message();
      std::error_code ignored;
      news_.close(ignored);
      poll_later();
      return tell_in_time();
    }
    // ENOBUFS: some were lost, so anything may have changed.
    if (size < 0) address_news_ = true;
    if (size > 0 && from.nl_pid == 0) take_news({bytes.data(), static_cast<std::size_t>(size)});
    tell_in_time();
  }
  wait_for_news();
}

void InterfaceWatch::Watcher::take_news(std::span<const char> bytes) {
  while (bytes.size() >= sizeof(nlmsghdr)) {
    nlmsghdr head;
    std::memcpy(&head, bytes.data(), sizeof head);
    if (head.nlmsg_len < sizeof head) return;
    if (head.nlmsg_type == RTM_NEWADDR || head.nlmsg_type == RTM_DELADDR) address_news_ = true;
    if (head.nlmsg_type == RTM_DELLINK && bytes.size() >= sizeof head + sizeof(ifinfomsg)) {
      ifinfomsg link;
      std::memcpy(&link, bytes.data() + sizeof head, sizeof link);
      // Of a bridge's family it says that the interface left the bridge.
      if (link.ifi_family == AF_UNSPEC && gone_.size() < gone_max)
        gone_.push_back(static_cast<unsigned>(link.ifi_index));
    }
    bytes = bytes.subspan(std::min<std::size_t>(bytes.size(), NLMSG_ALIGN(head.nlmsg_len)));
  }
}

void InterfaceWatch::Watcher::poll_later() {
  poll_timer_.expires_after(options_.poll_interval);
  poll_timer_.async_wait([self = shared_from_this()](Failed failed) {
    if (failed || self->stopped_) return;
    self->poll_later();
    self->tell_in_time();
  });
}

void InterfaceWatch::Watcher::tell_in_time() {
  if (std::exchange(telling_, true)) return;
  tell_timer_.expires_at(told_ ? *told_ + options_.quiet : Clock::now());
  tell_timer_.async_wait([self = shared_from_this()](Failed failed) {
    self->telling_ = false;
    if (!failed && !self->stopped_) self->tell();
  });
}

void InterfaceWatch::Watcher::tell() {
  auto found = read_interfaces();
  if (!found) {  // No descriptor or memory left: what is known stands, and it is tried again.
    told_ = Clock::now() + options_.poll_interval;
    return tell_in_time();
  }
  const std::vector<unsigned> gone = std::exchange(gone_, {});
  const bool news = std::exchange(address_news_, false);
  told_ = Clock::now();
  const auto went = [&](const Interface& each) {
    return std::find(gone.begin(), gone.end(), each.index) != gone.end();
  };
  if (std::any_of(found->begin(), found->end(), went)) {
    interfaces_.clear();
    std::remove_copy_if(found->begin(), found->end(), std::back_inserter(interfaces_), went);
    on_change_(interfaces_);
  }
  if (stopped_ || (!news && *found == interfaces_)) return;
  interfaces_ = std::move(*found);
  on_change_(interfaces_);
}

InterfaceWatch::InterfaceWatch(asio::io_context& context, OnChange on_change, Options options)
    : watcher_{std::make_shared<Watcher>(context, std::move(on_change), options)} {
  watcher_->start();
}

InterfaceWatch::~InterfaceWatch() {
  watcher_->stop();
}

const std::vector<Interface>& InterfaceWatch::interfaces() const {
  return watcher_->interfaces();
}

bool InterfaceWatch::polling() const {
  return watcher_->polling();
}

std::string InterfaceWatch::polling_reason() const {
  return watcher_->reason();
}

}  // namespace netkit::net
