// Hearing peers directly, for want of a daemon: a hall of our own that only listens, on the group.
// It asks who is there and watches whoever answers; what it finds comes as a daemon would tell it.
#pragma once

#include <asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "commands/presence/hall.hpp"
#include "commands/presence/porter.hpp"
#include "identity/key_pair.hpp"
#include "log/logger.hpp"
#include "net/endpoint.hpp"
#include "net/multicast.hpp"

namespace netkit::presence {

/// A daemon that was heard on the group.
struct FoundDaemon {
  net::Endpoint endpoint;   ///< Complete, numeric.
  std::string key;          ///< 32 bytes.
  std::string certificate;  ///< The one it announced, 32 bytes; empty if it shows none.
  std::string name;
};

class Neighbours final : public Guest {
 public:
  struct Hearer {
    std::function<void(std::string_view frames)> frames;  ///< entry, forgotten, roster_end.
    std::function<void(FoundDaemon)> found;
  };

  /// `log` and `io` must outlive it; only one that shows debug events gets any. Where no group can
  /// be opened it hears nobody.
  Neighbours(log::Logger& log, asio::io_context& io, net::MulticastOptions group, Hearer hearer);
  ~Neighbours();
  Neighbours(const Neighbours&) = delete;
  Neighbours& operator=(const Neighbours&) = delete;

  /// Watches these from here on: all that a daemon told, as Mirror::all() has them.
  void adopt(const std::vector<const Entry*>& told);
  /// Asks the group, and tells what is found from then on.
  void start();
  /// Asks once more: datagrams get lost.
  void ask_all();
  /// nullptr where none could be opened.
  const net::Multicast* group() const { return porter_->group(); }
  Hall& hall() { return porter_->hall(); }

  void post(std::string_view frames) override { hearer_.frames(frames); }
  bool takes_more() const override { return true; }
  void end() override {}
  asio::ip::address address() const override { return asio::ip::address_v4::loopback(); }

 private:
  /// What a server would log of its network is of no interest to who lists peers.
  struct Nowhere final : log::Sink {
    bool write(std::string_view) noexcept override { return true; }
  };

  /// What the porter uses, and so lives as long as what is under way there.
  struct Own {
    const identity::KeyPair key = identity::KeyPair::make();
    Nowhere nowhere;
    log::Logger silence{"peer", nowhere};
  };

  void heard_daemon(const Announcement& daemon, const asio::ip::address& from);

  const Hearer hearer_;
  std::shared_ptr<Porter> porter_;
};

}  // namespace netkit::presence
