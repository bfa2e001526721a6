// Accept loops, and the order in which everything ends.
#include "net/server.hpp"

#include <asio/basic_socket_acceptor.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <csignal>
#include <malloc.h>
#include <thread>
#include <unistd.h>

#include "net/sctp_kernel.hpp"
#include "net/spawn.hpp"

namespace netkit::net {

/// One listening socket and the worker whose thread accepts from it.
struct Server::Door {
  using Acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol>;

  Worker& worker;
  Acceptor acceptor;
  Scheme scheme;
  bool spread;  // The only socket for all threads: connections are handed out in turn.
  std::size_t next = 0;
};

namespace {

constexpr const char* denied = "denied by --allow or --deny";

bool out_of_descriptors(const std::error_code& of_asio) {
  // Asio's own category maps no number to std::errc, so nothing below would ever be equal to it.
  const std::error_code failed{of_asio.value(), std::system_category()};
  return failed == std::errc::too_many_files_open ||
         failed == std::errc::too_many_files_open_in_system ||
         failed == std::errc::no_buffer_space || failed == std::errc::not_enough_memory;
}

asio::awaitable<void> pause(std::chrono::milliseconds length) {
  asio::steady_timer timer{co_await asio::this_coro::executor, length};
  std::error_code ignored;  // Only cancellation, which ends the pause as well.
  co_await timer.async_wait(into(ignored));
}

}  // namespace

Server::Server(log::Logger& log, ServerOptions options, Service service)
    : log_{log},
      serve_only_{options.serve_only},
      service_{std::move(service)},
      options_{std::make_shared<const ServerOptions>(std::move(options))} {
  for (unsigned i = 0; i < options_->threads; ++i)
    workers_.push_back(std::make_unique<Worker>(log_, counters_, i));
}

Server::~Server() {
  // Connections that the end finds open are taken off their workers' lists; nobody is to be told.
  for (auto& worker : workers_)
    worker->when_idle = nullptr;
  unlink_sockets();
  listeners_.clear();
  datagrams_.clear();
  doors_.clear();
}

/// While the sockets still listen: after that the next server takes a path over, and the file
/// would be its own.
void Server::unlink_sockets() {
  for (const std::string& path : unlink_paths_)
    ::unlink(path.c_str());
  unlink_paths_.clear();
}

void Server::add(Listening listening) {
  if (!listening.unlink_path.empty()) unlink_paths_.push_back(listening.unlink_path);
  for (std::vector<FileDescriptor>& sockets : listening.sockets) {
    const bool spread = sockets.size() < workers_.size();
    for (std::size_t i = 0; i < sockets.size(); ++i)
      open_door(*workers_[i], listening, std::move(sockets[i]), spread);
  }
}

void Server::open_door(Worker& worker, const Listening& listening, FileDescriptor socket,
                       bool spread) {
  const Scheme scheme = *listening.endpoint.scheme;
  const auto admits = [this](const asio::ip::address& sender) {
    return options()->access.allows(sender) || refuse(sender, denied);
  };
  const bool by_kernel = scheme == Scheme::sctp && is_kernel_sctp(socket.get());
  if (scheme == Scheme::sctp && !by_kernel) {
    SctpSettings settings;
    settings.heartbeat = service_.sctp_heartbeat;
    auto opened = SctpListener::open(worker.io(), std::move(socket), settings, admits);
    if (opened)
      listeners_.push_back(std::move(*opened));
    else
      outcome_ = opened.error();
    return;
  }
  if (scheme == Scheme::udp) {
    datagrams_.push_back(std::make_unique<Datagram>(worker, std::move(socket), admits));
    return;
  }
  int family = AF_UNSPEC;
  socklen_t size = sizeof family;
  getsockopt(socket.get(), SOL_SOCKET, SO_DOMAIN, &family, &size);
  Door::Acceptor acceptor{worker.io()};
  const int protocol = family == AF_UNIX ? 0 : by_kernel ? IPPROTO_SCTP : IPPROTO_TCP;
  acceptor.assign({family, protocol}, socket.release());
  doors_.push_back(std::make_unique<Door>(Door{worker, std::move(acceptor), scheme, spread}));
}

void Server::replace_tls(TlsContext context) {
  const std::lock_guard lock{mutex_};
  tls_ = std::move(context);
}

void Server::replace_options(ServerOptions options) {
  const std::lock_guard lock{mutex_};
  options_ = std::make_shared<const ServerOptions>(std::move(options));
}

Server::Options Server::options() const {
  const std::lock_guard lock{mutex_};
  return options_;
}

std::optional<TlsContext> Server::tls() const {
  const std::lock_guard lock{mutex_};
  return tls_;
}

Status Server::run(const std::function<void()>& on_ready) {
  if (!outcome_) return outcome_;
  using Guard = asio::executor_work_guard<asio::io_context::executor_type>;
  std::vector<Guard> guards;
  for (auto& worker : workers_) {
    guards.emplace_back(worker->io().get_executor());
    asio::co_spawn(worker->io(), tick(*worker), rethrow);
  }
  for (auto& door : doors_)
    asio::co_spawn(door->worker.io(), accept_from(*door), rethrow);
  for (auto& listener : listeners_)
    asio::co_spawn(main_context(), accept_from(*listener), rethrow);
  for (auto& datagram : datagrams_)
    asio::co_spawn(datagram->worker().io(), serve_datagrams(*datagram), rethrow);
  asio::co_spawn(workers_[0]->io(), heed_signals(), rethrow);
  asio::post(workers_[0]->io(), on_ready);

  std::vector<std::jthread> threads;
  for (std::size_t i = 1; i < workers_.size(); ++i)
    threads.emplace_back([&io = workers_[i]->io()] { io.run(); });
  workers_[0]->io().run();
  for (std::size_t i = 1; i < workers_.size(); ++i)
    workers_[i]->io().stop();
  threads.clear();
  // What was counted since the last tick, for a server that ends between two.
  if (service_.on_tick)
    for (auto& worker : workers_)
      service_.on_tick(*worker);
  return outcome_;
}

asio::awaitable<void> Server::heed_signals() {
  asio::signal_set signals{workers_[0]->io(), SIGTERM, SIGINT, SIGHUP};
  for (;;) {
    std::error_code failed;
    const int signal = co_await signals.async_wait(into(failed));
    if (failed) co_return;
    if (signal == SIGHUP) {
      log_.event(log::Level::info, "reload");
      if (service_.on_reload) service_.on_reload();
    } else if (draining_) {
      stop();
    } else {
      drain();
    }
  }
}

/// Logs why a peer is not served. Always false.
bool Server::refuse(const asio::ip::address& peer, const char* reason) {
  log_.event(log::Level::warn, "refuse",
             {{"address", plain(peer).to_string()}, {"reason", reason}});
  return false;
}

bool Server::admit(std::optional<asio::ip::tcp::endpoint> peer) {
  const asio::ip::address address = peer ? peer->address() : asio::ip::address_v6::loopback();
  const Options options = this->options();
  // Who may use a unix socket is decided by the mode of its file.
  if (peer && !options->access.allows(address)) return refuse(address, denied);
  // The owner of a unix socket is let in however many strangers are there.
  if (peer && counters_.active >= options->connections_max)
    return refuse(address, "as many connections as allowed");
  if (log_.enabled(log::Level::trace))
    log_.event(log::Level::trace, "accept",
               {{"address", peer ? plain(address).to_string() : "unix"},
                {"port", peer ? peer->port() : 0}});
  return true;
}

asio::awaitable<void> Server::accept_from(Door& door) {
  while (!draining_) {
    const std::size_t index = door.spread ? door.next++ % workers_.size() : 0;
    Worker& worker = door.spread ? *workers_[index] : door.worker;
    std::error_code failed;
    Stream::Socket socket = co_await door.acceptor.async_accept(worker.io(), into(failed));
    if (draining_ || failed == asio::error::operation_aborted) co_return;
    if (out_of_descriptors(failed)) {
      log_.event(log::Level::error, "accept",
                 {{"error", failed.message()}, {"hint", "raise the open-file limit"}});
      co_await pause(accept_pause);
      continue;
    }
    if (failed == asio::error::connection_aborted) continue;  // That peer's trouble (accept(2)).
    if (failed) {
      log_.event(log::Level::warn, "accept", {{"error", failed.message()}});
      co_await pause(accept_pause);  // Whatever it is, it must not take a processor.
      continue;
    }
    if (!admit(peer_endpoint(socket.native_handle()))) continue;
    const std::uint64_t count = ++counters_.accepted;
    if (serve_only_ != 0 && count > serve_only_) co_return;
    Accepted accepted{FileDescriptor{socket.release(failed)}, nullptr};
    asio::co_spawn(worker.io(), attend(worker, std::move(accepted), door.scheme), rethrow);
  }
}

asio::awaitable<void> Server::accept_from(SctpListener& listener) {
  Worker& worker = *workers_[0];
  while (!draining_) {
    Result<std::unique_ptr<SctpAssociation>> association = co_await listener.accept();
    if (!association || draining_) co_return;
    const asio::ip::udp::endpoint peer = (*association)->remote();
    if (!admit(asio::ip::tcp::endpoint{peer.address(), peer.port()})) continue;
    const std::uint64_t count = ++counters_.accepted;
    if (serve_only_ != 0 && count > serve_only_) co_return;
    Accepted accepted{FileDescriptor{}, std::move(*association)};
    asio::co_spawn(worker.io(), attend(worker, std::move(accepted), Scheme::sctp), rethrow);
  }
}

asio::awaitable<void> Server::serve_datagrams(Datagram& datagram) {
  const Status ended = co_await service_.on_datagram(datagram);
  if (ended || ended.error().code == Errc::stopped) co_return;
  log_.event(log::Level::error, "stop", {{"error", ended.error().message()}});
  asio::post(workers_[0]->io(), [this, ended] {
    outcome_ = ended;
    begin_drain();
  });
}

asio::awaitable<void> Server::tick(Worker& worker) {
  asio::steady_timer timer{worker.io()};
  for (bool first = true;; first = false) {
    timer.expires_after(std::chrono::seconds{1});
    std::error_code cancelled;
    co_await timer.async_wait(into(cancelled));
    if (service_.on_tick) service_.on_tick(worker);
    if (worker.index() == 0) log_.flush_repeats();
    // Options, keys and certificates took more while they were read than they take now: 0.3 MiB.
    if (first && worker.index() == 0) malloc_trim(0);
  }
}

void Server::drain() {
  asio::post(workers_[0]->io(), [this] { begin_drain(); });
}

void Server::begin_drain() {
  if (draining_.exchange(true)) return;
  const std::chrono::nanoseconds limit = options()->drain_limit;
  const bool limited = limit != std::chrono::nanoseconds::max();
  const std::uint64_t active = counters_.active;
  if (limited)
    log_.event(log::Level::info, "drain", {{"active", active}, {"limit", limit}});
  else
    log_.event(log::Level::info, "drain", {{"active", active}});
  if (service_.on_drain) service_.on_drain();
  unlink_sockets();
  busy_workers_ = workers_.size();
  for (auto& worker : workers_)
    asio::post(worker->io(), [this, &worker = *worker] {
      std::error_code ignored;
      for (auto& door : doors_)
        if (&door->worker == &worker) door->acceptor.close(ignored);
      for (auto& datagram : datagrams_)
        if (&datagram->worker() == &worker) datagram->stop();
      if (worker.index() == 0)
        for (auto& listener : listeners_)
          listener->close();
      worker.when_idle = [this, told = false]() mutable {
        if (std::exchange(told, true)) return;
        asio::post(workers_[0]->io(), [this] { worker_idle(); });
      };
      worker.drain();
    });
  // Without a limit only a second signal stops what does not end by itself.
  if (!limited) return;
  auto timer = std::make_shared<asio::steady_timer>(workers_[0]->io(), limit);
  timer->async_wait([this, timer](std::error_code) {
    log_.event(log::Level::warn, "drain",
               {{"active", counters_.active.load()}, {"reason", "the drain limit has passed"}});
    stop();
  });
}

void Server::worker_idle() {
  if (busy_workers_ > 0 && --busy_workers_ == 0) stop();
}

void Server::stop() {
  for (auto& worker : workers_)
    worker->io().stop();
}

}  // namespace netkit::net
