// The two text files of the original, `lista` and `wylacz`, as doors of a running server: what
// people write there is told, what the server adds and takes away is written. Never blocks long.
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

class Lists {
 public:
  /// `on_change` runs on `main` whenever one of the lists may read differently than before.
  Lists(asio::io_context& main, log::Logger& log, const std::string& list_path,
        const std::string& orders_path, std::function<void()> on_change);
  Lists(const Lists&) = delete;
  Lists& operator=(const Lists&) = delete;

  /// Reads both now.
  void read();
  /// False until both were read once: then nobody knows which lines are gone.
  bool is_known() const { return known_; }
  /// The addresses in `wylacz` and in `lista`, as last read.
  const std::vector<std::string>& ordered() const { return ordered_; }
  const std::set<std::string>& listed() const { return listed_; }

  /// Adds addresses to `lista`; tried again until it works.
  void add_seen(const std::vector<std::string>& addresses);
  /// Takes lines out of `wylacz`; tried again until it works.
  void take_orders(const std::vector<std::string>& addresses);
  /// Writes a line into `wylacz` at once, or says why not.
  Status add_order(const std::string& address);

 private:
  void schedule(std::chrono::milliseconds after);
  void work();
  bool read_list(const store::AddressList& list, std::vector<std::string>& to);
  void report(const store::AddressList& list, const store::ParsedAddresses& parsed);
  void edit(store::AddressList& list, std::set<std::string>& addresses, bool adds);
  void complain(const Error& error);

  log::Logger& log_;
  store::AddressList list_;
  store::AddressList orders_;
  const std::function<void()> on_change_;
  std::vector<std::string> ordered_;
  std::set<std::string> listed_;
  std::set<std::string> to_add_;
  std::set<std::string> to_take_;
  std::set<std::string> reported_;
  std::string complaint_;
  bool unfinished_ = false;
  bool known_ = false;
  asio::steady_timer timer_;
  net::FileWatch list_watch_;
  net::FileWatch orders_watch_;
};

}  // namespace netkit::shutdown
