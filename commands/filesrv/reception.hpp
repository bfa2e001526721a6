// The connections of the file server: tells the dialect by the first bytes and lets the right half
// go on. Each runs on its connection's thread.
#pragma once

#include <asio/awaitable.hpp>
#include <memory>
#include <string>
#include <vector>

#include "access/guard.hpp"
#include "commands/filesrv/depot.hpp"
#include "commands/filesrv/text_list.hpp"
#include "net/connection.hpp"

namespace netkit::filesrv {

/// Names are short, and so are requests; files come and go in pieces.
inline constexpr std::size_t request_size_max = 64 * 1024;

class Reception {
 public:
  /// `names` are those that browsers may reach this server by, besides its addresses.
  Reception(Depot& depot, std::vector<std::string> names)
      : depot_{depot}, names_{std::move(names)} {}

  /// Before the first connection.
  void ask(access::Guard& guard) { guard_ = &guard; }
  asio::awaitable<Status> serve(net::Connection& connection);

 private:
  asio::awaitable<Status> serve_frames(net::Connection& connection);
  asio::awaitable<Status> serve_text(net::Connection& connection, bool len64);
  asio::awaitable<Status> serve_web(net::Connection& connection);

  Depot& depot_;
  const std::vector<std::string> names_;
  access::Guard* guard_ = nullptr;
  const std::shared_ptr<SortMemory> sort_memory_ = std::make_shared<SortMemory>();
};

}  // namespace netkit::filesrv
