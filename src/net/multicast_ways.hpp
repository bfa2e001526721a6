// The ways of a group in and out of this machine: on which interfaces it is joined, what went and
// came by each, and why one does not work. Used by Multicast alone, which owns the sockets.
#pragma once

#include <array>
#include <asio/io_context.hpp>
#include <asio/ip/udp.hpp>
#include <chrono>
#include <functional>
#include <string_view>
#include <vector>

#include "log/logger.hpp"
#include "net/deadline.hpp"
#include "net/multicast.hpp"

namespace netkit::net {

class MulticastWays {
 public:
  using Admits = std::function<bool(const Interface&)>;

  /// One family: where its group is and what to hear and speak by.
  struct Group {
    asio::ip::udp::endpoint at;
    int hearing = -1;
    int speaking = -1;
  };

  MulticastWays(asio::io_context& context, log::Logger& log, Admits admits);

  /// Before the first follow().
  void use(const Group& group) { groups_[group.at.address().is_v6()] = group; }
  /// Touches the sockets no more.
  void stop();

  /// Joins and leaves. What failed is tried again by itself.
  void follow(const std::vector<Interface>& interfaces);
  bool send(std::string_view bytes);
  /// Valid until the next follow(); null for an interface that is not there.
  MulticastWay* way(unsigned interface, bool v6);
  /// Whatever its scope.
  bool is_ours(const asio::ip::address& address) const;
  std::vector<MulticastInterface> report() const;

 private:
  struct Line {
    struct Logged {
      std::error_code failure;
      std::chrono::steady_clock::time_point at;
    };

    MulticastInterface seen;
    std::array<Logged, 2> logged;
  };

  bool usable(const Interface& interface, bool v6) const;
  Line* line_of(unsigned interface);
  void join_all();
  void join(Line& line, bool v6);
  void leave(Line& line, bool v6);
  void note_sent(Line& line, bool v6, const std::error_code& failed);

  log::Logger& log_;
  Admits admits_;
  std::array<Group, 2> groups_;
  std::vector<Line> lines_;
  Deadline join_again_;
};

}  // namespace netkit::net
