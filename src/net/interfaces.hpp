// The machine's network interfaces, and word of every change of them: rtnetlink where it may be
// used, looking every 2 s where it may not. Used by multicast and by who explains the network.
#pragma once

#include <asio/io_context.hpp>
#include <asio/ip/address.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace netkit::net {

struct Interface {
  unsigned index = 0;
  std::string name;
  bool up = false;         ///< Switched on.
  bool running = false;    ///< Has a carrier as well; loopback always has.
  bool multicast = false;  ///< Says so of itself. Loopback does not, and yet carries IPv4's.
  bool loopback = false;
  /// Of both families; link-local ones of IPv6 carry the index as their scope.
  std::vector<asio::ip::address> addresses;

  bool has(bool v6) const;
  bool operator==(const Interface&) const = default;
};

/// All of them, by their index. Where getifaddrs(3) is refused (it needs netlink), what /proc and
/// ioctl(2) know, which is one IPv4 address each.
Result<std::vector<Interface>> read_interfaces();

class InterfaceWatch {
 public:
  /// All of them as they are now. A call without a visible change is possible (an IPv6 address that
  /// may only now be used looks as before), a change without a later call is not. An interface that
  /// went and came back between two calls is left out in one of its own before. May destroy the
  /// watch.
  using OnChange = std::function<void(const std::vector<Interface>&)>;

  struct Options {
    bool polling_only = false;
    std::chrono::milliseconds poll_interval{2000};
    /// How far calls are apart at least. The first change of many is told at once.
    std::chrono::milliseconds quiet{50};
  };

  /// Needs no privilege. `on_change` runs on `context`, never from within the constructor.
  InterfaceWatch(asio::io_context& context, OnChange on_change, Options options);
  InterfaceWatch(asio::io_context& context, OnChange on_change)
      : InterfaceWatch{context, std::move(on_change), Options{}} {}
  /// No call after it.
  ~InterfaceWatch();
  InterfaceWatch(const InterfaceWatch&) = delete;
  InterfaceWatch& operator=(const InterfaceWatch&) = delete;

  /// As last told; after the constructor, as found then.
  const std::vector<Interface>& interfaces() const;
  bool polling() const;
  /// Why it is polling, for a log line; empty while rtnetlink works.
  std::string polling_reason() const;

 private:
  class Watcher;

  std::shared_ptr<Watcher> watcher_;
};

}  // namespace netkit::net
