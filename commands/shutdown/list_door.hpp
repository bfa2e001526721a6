// One of the two text files of the original, `lista` or `wylacz`, as a door of a running server:
// what people write there is told, what the server adds and takes away is written. Never blocks for
// long.
#pragma once

#include <asio/steady_timer.hpp>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "log/logger.hpp"
#include "net/file_watch.hpp"
#include "store/address_list.hpp"

namespace netkit::shutdown {

class ListDoor {
 public:
  struct Events {
    /// The file may read differently than before.
    std::function<void()> changed = [] {};
    /// Addresses that add() was called with stand in the file now.
    std::function<void(const std::vector<std::string>& addresses)> written =
        [](const std::vector<std::string>&) {};
  };

  /// The events run on `main`.
  ListDoor(asio::io_context& main, log::Logger& log, const std::string& path, Events events);
  ListDoor(const ListDoor&) = delete;
  ListDoor& operator=(const ListDoor&) = delete;

  /// Reads the file now.
  void read();
  /// False until it was read once: until then nobody knows which lines are there.
  bool is_known() const { return known_; }
  /// What stands in the file, as last read.
  const std::set<std::string>& addresses() const { return addresses_; }

  /// Writes lines, or takes them out, soon: tried again until it works.
  void add(const std::vector<std::string>& addresses);
  void take(const std::vector<std::string>& addresses);

 private:
  void schedule(std::chrono::milliseconds after);
  void work();
  void write_lines();
  void report(const store::ParsedAddresses& parsed);
  void complain(const Error& error);

  log::Logger& log_;
  store::AddressList list_;
  const Events events_;
  std::set<std::string> addresses_;
  std::set<std::string> to_add_;
  std::set<std::string> to_take_;
  std::set<std::string> reported_;
  std::string complaint_;
  bool unfinished_ = false;
  bool known_ = false;
  asio::steady_timer timer_;
  net::FileWatch watch_;
};

}  // namespace netkit::shutdown
