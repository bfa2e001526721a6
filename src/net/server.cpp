// Accept loops, the way of one connection, and the order in which everything ends.
#include "net/server.hpp"

#include <asio/basic_socket_acceptor.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <csignal>
#include <thread>
#include <unistd.h>

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

bool out_of_descriptors(const std::error_code& failed) {
  return failed == std::errc::too_many_files_open ||
         failed == std::errc::too_many_files_open_in_system ||
         failed == std::errc::no_buffer_space || failed == std::errc::not_enough_memory;
}

asio::awaitable<void> pause(std::chrono::milliseconds length) {
  asio::steady_timer timer{co_await asio::this_coro::executor, length};
  std::error_code ignored;  // Only cancellation, which ends the pause as well.
  co_await timer.async_wait(into(ignored));
}

asio::ip::address address_of(const Stream::Socket& socket) {
  std::error_code failed;
  const auto remote = socket.remote_endpoint(failed);
  asio::ip::tcp::endpoint endpoint;
  if (failed || remote.protocol().family() == AF_UNIX || remote.size() > endpoint.capacity())
    return asio::ip::address_v6::loopback();
  endpoint.resize(remote.size());
  std::memcpy(endpoint.data(), remote.data(), remote.size());
  return endpoint.address();
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
  datagrams_.clear();
  doors_.clear();
  for (const std::string& path : unlink_paths_)
    ::unlink(path.c_str());
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
  if (scheme == Scheme::udp) {
    datagrams_.push_back(std::make_unique<Datagram>(worker, std::move(socket)));
    return;
  }
  int family = AF_UNSPEC;
  socklen_t size = sizeof family;
  getsockopt(socket.get(), SOL_SOCKET, SO_DOMAIN, &family, &size);
  Door::Acceptor acceptor{worker.io()};
  acceptor.assign({family, family == AF_UNIX ? 0 : IPPROTO_TCP}, socket.release());
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
  using Guard = asio::executor_work_guard<asio::io_context::executor_type>;
  std::vector<Guard> guards;
  for (auto& worker : workers_) {
    guards.emplace_back(worker->io().get_executor());
    asio::co_spawn(worker->io(), tick(*worker), rethrow);
  }
  for (auto& door : doors_)
    asio::co_spawn(door->worker.io(), accept_from(*door), rethrow);
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

bool Server::admit(const Stream::Socket& socket) {
  const asio::ip::address address = address_of(socket);
  const char* reason = nullptr;
  const Options options = this->options();
  if (!options->access.allows(address)) reason = "denied by --allow or --deny";
  if (counters_.active >= options->connections_max) reason = "as many connections as allowed";
  if (reason)
    log_.event(log::Level::warn, "refuse",
               {{"address", plain(address).to_string()}, {"reason", reason}});
  return reason == nullptr;
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
    if (failed) continue;  // ECONNABORTED and the like: that peer's trouble (accept(2)).
    if (!admit(socket)) continue;
    const std::uint64_t count = ++counters_.accepted;
    if (serve_only_ != 0 && count > serve_only_) co_return;
    asio::co_spawn(worker.io(), attend(worker, std::move(socket), door.scheme), rethrow);
  }
}

asio::awaitable<void> Server::attend(Worker& worker, Stream::Socket socket, Scheme scheme) {
  tune(socket);
  // What is needed of the options is taken at once: an idle connection should not hold on to them.
  const Options now = options();
  Connection connection{Stream{std::move(socket)}, worker, scheme,
                        now->message_size_max + head_size_max};
  connection.set_idle_limit(now->idle_limit);
  const Status ended = co_await converse(connection, now->handshake_limit);
  end_of(connection, ended);
  // A peer that was too slow or broke the stream gets no polite end.
  const bool orderly = ended || ended.error().code.category() == category();
  if (orderly && (ended || ended.error().code != Errc::timed_out))
    co_await connection.stream().close();
  else
    connection.stream().abort();
  if (serve_only_ != 0 && counters_.accepted >= serve_only_) drain();
}

asio::awaitable<Status> Server::converse(Connection& connection, std::chrono::nanoseconds limit) {
  connection.stream().expire_in(limit);
  if (Status secured = co_await secure(connection); !secured) co_return secured;
  co_return co_await service_.on_connection(connection);
}

asio::awaitable<Status> Server::secure(Connection& connection) {
  const TlsMode mode = service_.tls_mode(connection.scheme());
  if (mode == TlsMode::never) co_return ok;
  const std::optional<TlsContext> context = tls();
  if (mode == TlsMode::detect) {
    if (!context) co_return ok;
    Result<bool> tls = co_await connection.stream().begins_with_tls();
    if (!tls) co_return tls.error();
    if (!*tls) co_return ok;
  }
  if (!context) co_return Error{Errc::refused, "offer TLS", "there is no certificate"};
  co_return co_await connection.stream().start_tls(*context, TlsSession::Side::server, {});
}

void Server::end_of(Connection& connection, const Status& ended) {
  const bool known = connection.introduced();
  const bool expected = ended || ended.error().code == Errc::closed;
  // Without a dialect nothing was served: a probe, a stalled handshake, or not our protocol.
  log_.event(known || expected ? log::Level::info : log::Level::warn,
             known ? "disconnect" : "refuse",
             {{"address", connection.peer().address},
              {"port", connection.peer().port},
              {"dialect", known ? connection.dialect() : "unknown"},
              {"active", counters_.active - 1},
              {"reason", ended ? "closed" : ended.error().message()}});
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
  for (;;) {
    timer.expires_after(std::chrono::seconds{1});
    std::error_code cancelled;
    co_await timer.async_wait(into(cancelled));
    if (service_.on_tick) service_.on_tick(worker);
    if (worker.index() == 0) log_.flush_repeats();
  }
}

void Server::drain() {
  asio::post(workers_[0]->io(), [this] { begin_drain(); });
}

void Server::begin_drain() {
  if (draining_.exchange(true)) return;
  log_.event(log::Level::info, "drain",
             {{"active", counters_.active.load()}, {"limit", options()->drain_limit}});
  if (service_.on_drain) service_.on_drain();
  busy_workers_ = workers_.size();
  for (auto& worker : workers_)
    asio::post(worker->io(), [this, &worker = *worker] {
      std::error_code ignored;
      for (auto& door : doors_)
        if (&door->worker == &worker) door->acceptor.close(ignored);
      for (auto& datagram : datagrams_)
        if (&datagram->worker() == &worker) datagram->stop();
      worker.when_idle = [this, told = false]() mutable {
        if (std::exchange(told, true)) return;
        asio::post(workers_[0]->io(), [this] { worker_idle(); });
      };
      worker.drain();
    });
  auto limit = std::make_shared<asio::steady_timer>(workers_[0]->io(), options()->drain_limit);
  limit->async_wait([this, limit](std::error_code) {
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
