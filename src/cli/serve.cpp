// The steps of a server's start and end.
#include "cli/serve.hpp"

#include <algorithm>
#include <asio/steady_timer.hpp>
#include <ctime>
#include <unistd.h>

#include "base/file.hpp"
#include "base/hex.hpp"
#include "base/text.hpp"
#include "cli/announcer.hpp"
#include "cli/globals.hpp"
#include "cli/guard_settings.hpp"
#include "cli/observed.hpp"
#include "cli/open_files.hpp"
#include "cli/paths.hpp"
#include "identity/certificate.hpp"
#include "log/file_sink.hpp"
#include "net/address.hpp"
#include "net/daemon.hpp"
#include "net/listen.hpp"
#include "net/service_manager.hpp"
#include "net/spawn.hpp"

namespace netkit::cli {
namespace {

net::ServerOptions server_options(const ServerOptions& options, const ServePlan& plan,
                                  std::uint64_t connections_max) {
  net::ServerOptions made;
  made.threads = options.threads;
  made.connections_max = options.connections_max.value_or(connections_max);
  made.handshake_limit = options.handshake_limit;
  made.idle_limit = options.idle_limit;
  made.drain_limit = options.drain_limit;
  made.message_size_max = options.message_size_max.bytes;
  made.access = {.allow = options.allow, .deny = options.deny};
  made.serve_only = plan.serve_only;
  return made;
}

/// Relative to `start`, the folder that the program was started in: a daemon has left it.
void make_paths_absolute(ServerOptions& options, const std::string& start) {
  const auto whole = [&](const std::string& path) {
    return path.starts_with('/') ? path : absolute_path(start + "/" + path);
  };
  for (std::optional<std::string>* path :
       {&options.state, &options.port_file, &options.pid_file, &options.tls_cert, &options.tls_key,
        &options.auth_tls_ca})
    if (*path) *path = whole(**path);
  for (net::Endpoint& endpoint : options.listen)
    if (endpoint.scheme == net::Scheme::unix_) endpoint.path = whole(endpoint.path);
  if (options.metrics && options.metrics->scheme == net::Scheme::unix_)
    options.metrics->path = whole(options.metrics->path);
}

/// The names a self-signed certificate vouches for: this machine by name and by loopback.
std::vector<std::string> own_names() {
  std::vector<std::string> names{"localhost", "127.0.0.1", "::1"};
  if (std::string own = net::host_name(); own != names.front())
    names.insert(names.begin(), std::move(own));
  return names;
}

/// Everything one run of a server holds on to.
class Serving {
 public:
  Serving(Context& context, ServerOptions& options, ServePlan plan)
      : context_{context},
        options_{options},
        plan_{std::move(plan)},
        manager_{[&](std::string_view name) { return variable(name); }, getpid()} {}

  Status run();

 private:
  Status start_and_serve();
  std::optional<std::string> variable(std::string_view name) const;
  Status become_daemon();
  Status open_sockets();
  bool wants_tls() const;
  Status load_certificate();
  Status start_guard();
  void show_doors() const;
  Status announce();
  Status write_ports() const;
  Status tell_ready();
  Status announce_to_lan();
  void reload();
  asio::awaitable<void> feed_watchdog(std::chrono::microseconds interval);

  Context& context_;
  ServerOptions& options_;
  ServePlan plan_;
  const std::string start_ = absolute_path(".");
  std::uint64_t connections_max_ = 0;
  net::ServiceManager manager_;
  std::optional<net::PidFile> pid_file_;
  std::optional<net::Detached> detached_;
  std::vector<net::Listening> listening_;
  std::vector<net::Endpoint> bound_;
  std::unique_ptr<Announcer> announcer_;
  std::optional<net::Server> server_;
  std::string certificate_;
  Status announced_ = ok;
  std::optional<access::Guard> guard_;
  Observed observed_{context_, options_};
};

std::optional<std::string> Serving::variable(std::string_view name) const {
  const auto found = context_.environment.find(name);
  if (found == context_.environment.end()) return std::nullopt;
  return found->second;
}

Status Serving::become_daemon() {
  if (options_.pid_file) {
    Result<net::PidFile> locked = net::PidFile::lock(*options_.pid_file);
    if (!locked) return locked.error();
    pid_file_ = std::move(*locked);
  }
  if (!options_.daemon) return ok;
  if (!context_.log_file)
    context_.log.warn("start", {{"hint", "a daemon without --log-file logs nothing"}});
  Result<net::Detached> detached = net::detach();
  if (!detached) return detached.error();
  detached_ = std::move(*detached);
  return pid_file_ ? pid_file_->write_pid() : ok;
}

Status Serving::open_sockets() {
  std::vector<net::Endpoint> wanted = options_.listen;
  if (wanted.empty()) wanted = plan_.default_listen;
  for (net::Endpoint& endpoint : wanted)
    endpoint = net::complete(endpoint, plan_.default_scheme, "", plan_.default_port);
  if (wanted.size() > net::listeners_max)
    return Error{Errc::usage, "listen at " + std::to_string(wanted.size()) + " places"};
  for (const net::Endpoint& endpoint : wanted)
    if (options_.no_tls &&
        (endpoint.scheme == net::Scheme::tls || endpoint.scheme == net::Scheme::wss))
      return Error{Errc::usage, "listen on " + net::to_text(endpoint) + " with --no-tls"};

  const auto environment = [&](std::string_view name) { return variable(name); };
  for (net::PassedSocket& passed : net::passed_sockets(environment, getpid())) {
    Result<net::Listening> adopted = net::adopt(std::move(passed), wanted);
    if (!adopted) return adopted.error();
    listening_.push_back(std::move(*adopted));
  }
  if (!listening_.empty()) return ok;
  for (const net::Endpoint& endpoint : wanted) {
    Result<net::Listening> opened = net::open_listening(endpoint, {.threads = options_.threads,
                                                                   .auto_port = options_.auto_port,
                                                                   .sctp = context_.globals.sctp});
    if (!opened) return opened.error();
    if (endpoint.port && *endpoint.port != 0 && opened->endpoint.port != endpoint.port)
      context_.log.warn("listen", {{"wanted", net::to_text(endpoint)},
                                   {"endpoint", net::to_text(opened->endpoint)},
                                   {"reason", "the port is taken"}});
    listening_.push_back(std::move(*opened));
  }
  return ok;
}

bool Serving::wants_tls() const {
  if (options_.no_tls) return false;
  for (const net::Endpoint& endpoint : bound_)
    if (endpoint.scheme != net::Scheme::udp && endpoint.scheme != net::Scheme::sctp &&
        plan_.service.tls_mode(*endpoint.scheme) != net::TlsMode::never)
      return true;
  return false;
}

Status Serving::load_certificate() {
  if (!wants_tls()) return ok;
  Result<identity::Credentials> credentials;
  std::string certificate_path = options_.tls_cert.value_or("");
  std::string key_path = options_.tls_key.value_or("");
  if (options_.tls_cert) {
    credentials = identity::load(*options_.tls_cert, *options_.tls_key);
  } else {
    Result<std::string> state = make_state_directory(context_, options_);
    if (!state) return state.error();
    credentials = identity::load_or_make(*state, own_names(), std::time(nullptr));
    certificate_path = *state + "/tls-cert.pem";
    key_path = *state + "/tls-key.pem";
  }
  if (!credentials) return credentials.error();
  Result<net::TlsContext> tls = net::TlsContext::server(credentials->certificate, credentials->key);
  // OpenSSL's word for a key that does not fit; as its code it would count as a peer's refusal.
  if (!tls) {
    const Error& error = tls.error();
    const std::string& path = error.attempt.str().ends_with("key") ? key_path : certificate_path;
    return Error{Errc::usage, error.attempt + " " + escape_for_display(path),
                 error.code.message() + "; " + error.hint.str()};
  }
  Result<std::string> fingerprint = identity::fingerprint(credentials->certificate);
  if (!fingerprint) return fingerprint.error();
  context_.log.info("tls", {{"fingerprint", *fingerprint}});
  server_->replace_tls(std::move(*tls));
  const std::size_t hex = fingerprint->rfind(':') + 1;
  certificate_ = from_hex(std::string_view{*fingerprint}.substr(hex)).value_or("");
  return ok;
}

void Serving::show_doors() const {
  if (plan_.on_doors) plan_.on_doors({.bound = bound_, .certificate = certificate_});
}

Status Serving::start_guard() {
  if (!options_.require_auth) return ok;
  if (!plan_.on_guard)
    return Error{Errc::usage, "use --require-auth", "this server takes no tokens"};
  Result<access::GuardSettings> settings = guard_settings(context_, options_);
  if (!settings) return settings.error();
  if (const auto tls = settings->tls(); !tls) return tls.error();
  guard_.emplace(std::move(*settings), context_.log);
  guard_->start(server_->main_context());
  plan_.on_guard(*guard_);
  return ok;
}

Status Serving::write_ports() const {
  if (!options_.port_file) return ok;
  std::string text;
  for (const net::Endpoint& endpoint : bound_)
    text += net::to_text(endpoint) + "\n";
  return write_file_atomically(*options_.port_file, text, 0644);
}

Status Serving::announce() {
  if (Status told = announce_to_lan(); !told) return told;
  if (Status written = write_ports(); !written) return written;
  for (const net::Endpoint& endpoint : bound_) {
    const std::string text = net::to_text(endpoint);
    context_.log.info("listen", {{"endpoint", text}});
    Status said =
        context_.out.json()
            ? context_.out.object(JsonObject{}.add("event", "listening").add("endpoint", text))
            : context_.out.line("listening on " + text);
    if (!said) return said;
  }
  return tell_ready();
}

Status Serving::announce_to_lan() {
  if (!options_.announce) return ok;
  const auto with = std::ranges::find_if(
      context_.table, [](const Command& each) { return each.announce != nullptr; });
  const auto at = std::ranges::find_if(bound_, [](const net::Endpoint& each) {
    return each.scheme != net::Scheme::udp && each.scheme != net::Scheme::sctp &&
           !net::is_loopback(each);
  });
  if (with == context_.table.end() || at == bound_.end())
    return Error{Errc::usage, "announce '" + escape_for_display(*options_.announce) + "'",
                 "it listens where others do not reach it; give --listen tcp://:PORT"};
  Result<std::string> state = make_state_directory(context_, options_);
  if (!state) return state.error();
  net::Endpoint shown = *at;
  const bool safe =
      !certificate_.empty() && plan_.service.tls_mode(*at->scheme) != net::TlsMode::never;
  if (safe) shown.scheme = at->scheme == net::Scheme::ws ? net::Scheme::wss : net::Scheme::tls;
  auto announcer = with->announce(context_, server_->main_context(),
                                  {.name = *options_.announce,
                                   .endpoint = std::move(shown),
                                   .certificate = certificate_,
                                   .state = *state,
                                   .group_port = options_.group_port});
  if (!announcer) return announcer.error();
  announcer_ = std::move(*announcer);
  return ok;
}

Status Serving::tell_ready() {
  if (options_.ready_fd) {
    FileDescriptor ready{*options_.ready_fd};
    const Status told = write_all(ready.get(), "\n");
    // The number of a standard stream must not become a peer's.
    if (ready.get() <= STDERR_FILENO) static_cast<void>(ready.release());
    if (!told)
      return Error{told.error().code, "write to --ready-fd " + std::to_string(*options_.ready_fd)};
  }
  manager_.notify("READY=1\nSTATUS=serving\nMAINPID=" + std::to_string(getpid()));
  if (detached_) detached_->ready();
  return ok;
}

void Serving::reload() {
  const auto complain = [&](const Error& error) {
    context_.log.error("reload", {{"error", error.message()}});
  };
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const std::int64_t now_us = std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
  manager_.notify("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now_us));
  if (context_.log_file)
    if (Status done = context_.log_file->reopen(); !done) complain(done.error());
  if (Status done = context_.reload(); !done) complain(done.error());
  make_paths_absolute(options_, start_);
  if (Status fit = check_server(options_); !fit) {
    complain(fit.error());
  } else {
    context_.log.set_level(context_.globals.level());
    server_->replace_options(server_options(options_, plan_, connections_max_));
    if (Status done = load_certificate(); !done) complain(done.error());
    show_doors();
    if (announcer_) announcer_->renew(certificate_);
  }
  manager_.notify("READY=1");
}

asio::awaitable<void> Serving::feed_watchdog(std::chrono::microseconds interval) {
  asio::steady_timer timer{co_await asio::this_coro::executor};
  for (;;) {
    manager_.notify("WATCHDOG=1");
    timer.expires_after(interval);
    std::error_code cancelled;
    co_await timer.async_wait(net::into(cancelled));
  }
}

/// However a run ends, nothing of it is left for the next one to stumble over.
Status Serving::run() {
  Status ended = start_and_serve();
  for (const net::Listening& each : listening_)
    if (!each.unlink_path.empty() && !each.sockets.empty()) ::unlink(each.unlink_path.c_str());
  guard_.reset();
  if (announcer_) announcer_->finish();
  observed_.end();
  server_.reset();
  if (pid_file_) pid_file_->remove();
  return ended;
}

Status Serving::start_and_serve() {
  make_paths_absolute(options_, start_);
  if (Status fit = check_server(options_); !fit) return fit;
  if (Status open = check_ready_fd(options_); !open) return open;
  if (Status done = become_daemon(); !done) return done;
  if (Status opened = observed_.open(); !opened) return opened;
  context_.log.info("start", {{"version", NETKIT_VERSION}, {"pid", getpid()}});
  connections_max_ = connections_of(raise_open_files());
  if (Status opened = open_sockets(); !opened) return opened;
  for (const net::Listening& each : listening_)
    bound_.push_back(each.endpoint);
  for (const net::Endpoint& endpoint : plan_.private_listen) {
    Result<net::Listening> opened = net::open_listening(endpoint, {.threads = options_.threads});
    if (!opened) return opened.error();
    listening_.push_back(std::move(*opened));
  }

  plan_.service.on_reload = [this] { reload(); };
  plan_.service.on_drain = [this] {
    manager_.notify("STOPPING=1");
    observed_.drain();
    if (announcer_) announcer_->leave();
  };
  server_.emplace(context_.log, server_options(options_, plan_, connections_max_), plan_.service);
  if (Status loaded = load_certificate(); !loaded) return loaded;
  for (net::Listening& each : listening_)
    server_->add(std::move(each));
  if (const auto interval = manager_.watchdog_interval())
    asio::co_spawn(server_->main_context(), feed_watchdog(*interval), net::rethrow);
  if (Status started = start_guard(); !started) return started;
  show_doors();
  if (plan_.on_start)
    if (Status started = plan_.on_start(*server_); !started) return started;
  observed_.start(*server_, plan_.on_metrics);
  const Status ended = server_->run([this] {
    announced_ = announce();
    if (!announced_) server_->drain();
  });
  if (guard_) guard_->stop();
  if (plan_.on_stop) plan_.on_stop();
  context_.log.info("stop", {{"accepted", server_->counters().accepted.load()}});
  return announced_ ? ended : announced_;
}

}  // namespace

Result<std::string> make_state_directory(const Context& context, const ServerOptions& options) {
  const std::string path =
      options.state ? *options.state
                    : state_directory(context.environment, context.command.name, geteuid() == 0);
  if (path.empty())
    return Error{Errc::usage, "find a folder for the state", "give --state DIR or set HOME"};
  if (Status made = make_private_directory(path); !made) return made.error();
  return path;
}

Status serve(Context& context, ServerOptions& options, ServePlan plan) {
  return Serving{context, options, std::move(plan)}.run();
}

}  // namespace netkit::cli
