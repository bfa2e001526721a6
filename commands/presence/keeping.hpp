// The roster on disk, so that a daemon that starts again knows whom to expect.
#pragma once

#include <asio/steady_timer.hpp>
#include <memory>
#include <string>

#include "commands/presence/porter.hpp"

namespace netkit::presence {

class Keeping : public std::enable_shared_from_this<Keeping> {
 public:
  /// Restores what `path` keeps. A file that cannot be read or is broken costs what is in it and is
  /// logged, no start. `porter` and `log` outlive it.
  static std::shared_ptr<Keeping> open(asio::io_context& context, std::string path, Porter& porter,
                                       log::Logger& log);

  /// Saves a last time. Before the porter ends.
  void stop();

  Keeping(asio::io_context& context, std::string path, Porter& porter, log::Logger& log);

 private:
  void restore();
  void save();
  void plan();

  asio::steady_timer timer_;
  const std::string path_;
  Porter& porter_;
  log::Logger& log_;
  std::uint64_t saved_ = 0;  // Version of the roster.
  bool failed_ = false;
  bool stopped_ = false;
};

}  // namespace netkit::presence
