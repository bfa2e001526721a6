// The life of a server: accept, limit, secure, hand over, drain, stop. Every service runs in one;
// it knows neither options nor what the service says to its peers.
#pragma once

#include <asio/awaitable.hpp>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "log/logger.hpp"
#include "net/address.hpp"
#include "net/connection.hpp"
#include "net/datagram.hpp"
#include "net/limits.hpp"
#include "net/listen.hpp"
#include "net/sctp_stack.hpp"
#include "net/server_options.hpp"
#include "net/tls.hpp"
#include "net/worker.hpp"

namespace netkit::net {

/// Whether a listener's connections are under TLS. `detect` looks at the first byte.
enum class TlsMode { never, detect, always };

/// What a command adds. The functions run on the workers' threads, several at a time when there
/// are several threads, but for one connection always on one.
struct Service {
  /// Serves one connection until it is over, or leaves it to a Resident: then it returns ok. What
  /// is returned in the end is the reason in `disconnect`.
  std::function<asio::awaitable<Status>(Connection&)> on_connection;
  /// Serves one UDP socket until it stops.
  std::function<asio::awaitable<Status>(Datagram&)> on_datagram;
  std::function<TlsMode(Scheme)> tls_mode;
  /// Where the first byte may begin TLS it is waited for as long as a handshake may take. A service
  /// that takes words which people type waits for as long as they may think,
  bool takes_words = false;
  /// one that speaks first to who says nothing for so long: after that it is too late for TLS.
  std::function<std::chrono::nanoseconds(const Connection&)> silence_limit;
  /// How often an idle association that came by UDP is asked whether it is there.
  std::chrono::milliseconds sctp_heartbeat = SctpSettings{}.heartbeat;
  /// Once a second on each worker: folded events, statistics.
  std::function<void(Worker&)> on_tick;
  /// SIGHUP, on the main thread. What changed goes to replace_tls() and replace_options().
  std::function<void()> on_reload;
  /// Draining begins, on the main thread.
  std::function<void()> on_drain;
};

class Server {
 public:
  Server(log::Logger& log, ServerOptions options, Service service);
  ~Server();

  /// Takes the sockets over; they are accepted from once run() is called.
  void add(Listening listening);
  /// What TLS listeners show. Without it `detect` is `never` and `always` refuses everybody.
  /// Sessions in progress keep what they began with. Safe from any thread.
  void replace_tls(TlsContext context);
  /// For connections to come; threads and serve_only stay. Safe from any thread.
  void replace_options(ServerOptions options);

  /// Serves until SIGTERM or SIGINT, then drains; a second signal stops at once. `on_ready` runs
  /// when all threads accept. An error is one of a listener's, never of a peer.
  Status run(const std::function<void()>& on_ready);

  /// Accepts nobody new, lets connections finish what is in flight, and ends run() after
  /// `drain_limit` at the latest. Safe from any thread.
  void drain();

  ServerCounters& counters() { return counters_; }
  const std::vector<std::unique_ptr<Worker>>& workers() const { return workers_; }
  asio::io_context& main_context() { return workers_[0]->io(); }

 private:
  struct Door;
  struct Attended;
  /// One of the two.
  struct Accepted {
    FileDescriptor socket;
    std::unique_ptr<SctpAssociation> association;
  };
  using Options = std::shared_ptr<const ServerOptions>;

  Options options() const;
  std::optional<TlsContext> tls() const;

  void open_door(Worker& worker, const Listening& listening, FileDescriptor socket, bool spread);
  asio::awaitable<void> accept_from(Door& door);
  asio::awaitable<void> accept_from(SctpListener& listener);
  asio::awaitable<void> attend(Worker& worker, Accepted accepted, Scheme scheme);
  asio::awaitable<Status> secure(Connection& connection);
  void live_on(std::unique_ptr<Attended> attended, Resident::After after);
  bool sleep_or_end(std::unique_ptr<Attended>& attended, Resident::After after);
  asio::awaitable<void> rest(std::unique_ptr<Attended> attended);
  asio::awaitable<void> see_off(std::unique_ptr<Attended> attended, Status ended);
  asio::awaitable<void> serve_datagrams(Datagram& datagram);
  asio::awaitable<void> tick(Worker& worker);
  asio::awaitable<void> heed_signals();
  bool admit(std::optional<asio::ip::tcp::endpoint> peer);
  bool refuse(const asio::ip::address& peer, const char* reason);
  void end_of(Connection& connection, const Status& ended, std::chrono::nanoseconds lasted);
  void begin_drain();
  void unlink_sockets();
  void worker_idle();
  void stop();

  log::Logger& log_;
  const std::uint64_t serve_only_;
  const Service service_;
  ServerCounters counters_;
  mutable std::mutex mutex_;  // Guards options_ and tls_, which a reload replaces.
  Options options_;
  std::optional<TlsContext> tls_;
  std::atomic<bool> draining_{false};
  std::size_t busy_workers_ = 0;  // Main thread only.
  Status outcome_ = ok;
  std::vector<std::string> unlink_paths_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::unique_ptr<Door>> doors_;
  std::vector<std::unique_ptr<Datagram>> datagrams_;
  std::vector<std::unique_ptr<SctpListener>> listeners_;  // On the first worker.
};

}  // namespace netkit::net
