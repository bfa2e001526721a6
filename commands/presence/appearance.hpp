// One who is here for the others: in the multicast group, and in the roster of a daemon where there
// is one. A peer is one, and so is a server that announces itself. On one io_context and thread.
#pragma once

#include <asio/io_context.hpp>
#include <functional>
#include <memory>

#include "commands/presence/attendance.hpp"
#include "commands/presence/circle.hpp"
#include "commands/presence/herald.hpp"
#include "commands/presence/own_words.hpp"
#include "commands/presence/peer_options.hpp"

namespace netkit::presence {

class Appearance {
 public:
  /// All outlive it, but it ends before the io_context does. Tells `words` the port for questions.
  Appearance(const cli::Context& context, log::Logger& log, asio::io_context& io, OwnWords& words,
             const PeerOptions& options);
  Appearance(const Appearance&) = delete;
  Appearance& operator=(const Appearance&) = delete;

  Circle& circle() const { return *circle_; }
  const Herald& herald() const { return *herald_; }

  /// `on_end` gets the outcome of the circle.
  void begin(std::function<void(const Status&)> on_end);
  /// What we say of ourselves has changed.
  void renew();
  /// Says goodbye to all.
  void leave();
  /// The loop has ended, maybe before the last words are gone: runs it on until they are.
  void finish();

 private:
  asio::io_context& io_;
  std::shared_ptr<Herald> herald_;
  std::shared_ptr<Attendance> attendance_;
  std::shared_ptr<Circle> circle_;
  int under_way_ = 0;  // What must end before finish() does.
};

}  // namespace netkit::presence
