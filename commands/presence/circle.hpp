// Who is here: told by a presence daemon, wherever one is found, or heard directly while there is
// none. For all verbs of `netkit peer`; on one io_context, which one thread runs.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "cli/client.hpp"
#include "cli/command.hpp"
#include "cli/credential.hpp"
#include "commands/presence/attendee.hpp"
#include "commands/presence/mirror.hpp"
#include "commands/presence/neighbours.hpp"
#include "commands/presence/peer_options.hpp"
#include "net/message_reader.hpp"
#include "net/stream.hpp"
#include "wire/frame.hpp"

namespace netkit::presence {

class Circle : public std::enable_shared_from_this<Circle> {
 public:
  struct Source {
    std::string daemon;     ///< Its endpoint; empty: there is none, peers are heard directly.
    std::string host;       ///< The daemon's; empty where it is this machine by its own socket.
    std::string name;       ///< What that daemon is called.
    std::string key;        ///< Its, 32 bytes.
    bool isolated = false;  ///< Whoever tells the roster is itself cut off.

    friend bool operator==(const Source&, const Source&) = default;
  };

  /// What of this is set before run() is called as things change; the first roster comes by it too.
  /// None may destroy the Circle.
  std::function<void(const Entry& now, std::optional<State> before)> on_change;
  std::function<void(const Entry& entry)> on_forgotten;
  std::function<void(const Source& source)> on_source;
  /// False for who only wants to be in the roster: then nobody is told to it by a daemon.
  bool wants_roster = true;

  /// `context`, `io` and `attendee` must outlive it. Without an attendee it only watches.
  Circle(const cli::Context& context, asio::io_context& io, PeerOptions options,
         Attendee* attendee);
  Circle(const Circle&) = delete;
  Circle& operator=(const Circle&) = delete;

  /// Until stop(). Goes from a lost daemon to the neighbours and back. The only errors are those of
  /// what the user gave, such as a token that cannot be read.
  static asio::awaitable<Status> run(std::shared_ptr<Circle> self);
  /// Ends run() soon, after what was posted has left.
  void stop();

  /// Until the first roster is whole: told by a daemon, or heard for 700 ms where there is none, or
  /// for longer while more turn up. An error where a daemon that was named cannot be reached (after
  /// --retry), or one refuses us. At the end of run() at the latest, and without an error if that
  /// was stopped.
  asio::awaitable<Status> complete();

  /// By name, then number; valid until the next wait.
  std::vector<const Entry*> all() const { return mirror_.all(); }
  /// Those called so, as Roster::called().
  std::vector<const Entry*> called(std::string_view name) const { return mirror_.called(name); }
  const Entry* find(std::string_view key) const { return mirror_.find(key); }
  Source source() const { return source_.value_or(Source{}); }
  bool has_daemon() const { return stream_ != nullptr; }

  /// Whole frames to the daemon; to nobody if there is none. Never waits; a daemon that does not
  /// read for long is given up.
  void post(std::string_view frames);
  /// The daemon may be gone: it is asked, and given up unless it says something soon.
  void doubt();
  /// What the daemon knows of those called so, a line each. Errc::not_found without a daemon. One
  /// question at a time.
  asio::awaitable<Result<std::string>> why(std::string name);

 private:
  using Reader = net::MessageReader<wire::FrameDecoder>;

  struct Target {
    net::Endpoint endpoint;
    std::string key;          // Of a found one.
    std::string certificate;  // The same.
    bool meant = false;       // Named by the user or on this machine: what we show is meant for it.
  };

  struct Tried {
    net::Endpoint endpoint;
    std::chrono::steady_clock::time_point at;
  };

  /// It is that daemon or none.
  bool insists() const { return options_.presenced && options_.presenced->at; }
  asio::awaitable<void> go_round();
  std::optional<Target> next_target();
  asio::awaitable<void> pause();
  void failed(const Target& target, const Error& why);
  void found(FoundDaemon daemon);
  void hear_neighbours();
  void leave_neighbours();
  void listen_on(std::chrono::milliseconds wait, void (Circle::*then)());
  void ask_again();
  void heard_enough();
  void settle_first();
  void finish_first(Status outcome);
  void show(Source source);

  asio::awaitable<Status> converse(const Target& target);
  asio::awaitable<Result<net::Stream>> connect(const Target& target);
  asio::awaitable<Result<ServerHello>> greet(const Target& target, net::Stream& stream,
                                             Reader& reader);
  void begin(const Target& target, net::Stream& stream, const ServerHello& hello);
  asio::awaitable<Status> read(net::Stream& stream, Reader& reader);
  asio::awaitable<Status> write(net::Stream& stream);
  void stop_both(net::Stream& stream);
  Status take(const wire::Frame& frame);
  Status take_roster(const wire::Frame& frame);

  const cli::Context& context_;
  asio::io_context& io_;
  const PeerOptions options_;
  Attendee* const attendee_;
  cli::Credential credential_;
  Mirror mirror_;
  std::optional<Source> source_;
  std::unique_ptr<Neighbours> neighbours_;
  std::deque<Target> wanted_;    // To be tried next.
  std::vector<Tried> tried_;     // Of those found: lately.
  std::optional<Target> liked_;  // The last one of those found that took us in.
  cli::BackOff back_off_;
  asio::steady_timer pause_;   // Between two tries.
  asio::steady_timer listen_;  // How long neighbours have been listened to.
  asio::steady_timer wake_;    // Of the writer.
  asio::steady_timer first_;   // Until the first roster is whole.
  asio::steady_timer asked_;   // Until why() is answered.
  std::optional<Status> first_outcome_;
  std::optional<std::string> answer_;
  net::Stream* stream_ = nullptr;  // While there is a conversation.
  std::string output_;
  std::uint64_t failures_ = 0;
  std::size_t heard_ = 0;  // How many there were when it was last looked.
  int listened_more_ = 0;
  bool trying_ = false;
  bool listened_ = false;
  bool ending_ = false;
  bool one_half_ended_ = false;
  bool doubts_ = false;          // The daemon is to be asked now.
  bool waits_for_word_ = false;  // It was asked and has said nothing since.
};

}  // namespace netkit::presence
