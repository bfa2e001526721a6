// The loop around the connections, signals, and who does what the machine asks for.
#include "commands/shutdown/agent_session.hpp"

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <csignal>
#include <unistd.h>

#include "cli/globals.hpp"
#include "commands/shutdown/agent_link.hpp"
#include "commands/shutdown/agent_work.hpp"
#include "commands/shutdown/enrolment.hpp"
#include "log/file_sink.hpp"
#include "net/service_manager.hpp"
#include "net/spawn.hpp"

namespace netkit::shutdown {
namespace {

/// What a server may ask for; anything else would be no heartbeat or a flood.
constexpr std::chrono::milliseconds heartbeat_min{100};
constexpr std::chrono::minutes heartbeat_max{10};
constexpr std::chrono::seconds heartbeat_standard{15};
/// A connection that lasted so long makes the next pause short again.
constexpr std::chrono::seconds lasting_min{1};

class Agent {
 public:
  Agent(cli::Context& context, AgentPlan plan)
      : context_{context},
        plan_{std::move(plan)},
        machine_{plan_.rules},
        work_{io_, context_, plan_, machine_, [this](const Deeds& deeds) { perform(deeds); }},
        manager_{[&](std::string_view name) { return variable(name); }, getpid()} {}

  Status run();

 private:
  asio::awaitable<void> live();
  asio::awaitable<Status> try_servers();
  asio::awaitable<Status> converse(const net::Endpoint& server);
  Result<LinkPlan> link_plan(const net::Endpoint& server) const;
  Hello hello() const;
  void tell_ready();
  void await_signals();
  void taken(const FromServer& message);

  void perform(const Deeds& deeds);
  void perform(const Tell& tell);
  void perform(const CheckInhibitors& check) { work_.begin(check); }
  void perform(const RunHooks& run) { work_.begin(run); }
  void perform(const StopHooks&) { work_.stop_hooks(); }
  void perform(const StartCommand& start) { work_.begin(start); }
  void perform(const Note& note);
  void perform(const End& end);
  std::optional<std::string> variable(std::string_view name) const;

  asio::io_context io_{1};
  cli::Context& context_;
  AgentPlan plan_;
  AgentMachine machine_;
  OrderWork work_;
  net::ServiceManager manager_;
  asio::signal_set signals_{io_, SIGTERM, SIGINT, SIGHUP};
  AgentLink* link_ = nullptr;  // While there is a connection; live() owns it.
  std::optional<Status> ending_;
  Status outcome_ = ok;
  std::string last_failure_;
  cli::BackOff back_off_;
  std::uint64_t failed_rounds_ = 0;
  bool ready_ = false;
};

std::optional<std::string> Agent::variable(std::string_view name) const {
  const auto found = context_.environment.find(name);
  if (found == context_.environment.end()) return std::nullopt;
  return found->second;
}

Status Agent::run() {
  context_.log.info("start", {{"version", NETKIT_VERSION},
                              {"host", plan_.hello.host},
                              {"exec", plan_.power_off.shown},
                              {"dry_run", plan_.rules.dry_run}});
  if (Status known = work_.recall(); !known) return known;
  await_signals();
  asio::co_spawn(io_, live(), net::rethrow);
  io_.run();
  manager_.notify("STOPPING=1");
  context_.log.info("stop", {});
  return outcome_;
}

void Agent::await_signals() {
  signals_.async_wait([this](std::error_code cancelled, int number) {
    if (cancelled) return;
    if (number == SIGHUP) {
      if (context_.log_file)
        if (Status done = context_.log_file->reopen(); !done)
          context_.log.error("reload", {{"error", done.error().message()}});
    } else if (ending_) {
      return io_.stop();  // Asked a second time: at once.
    } else {
      perform(machine_.stopped());
    }
    await_signals();
  });
}

/// Connection after connection.
asio::awaitable<void> Agent::live() {
  asio::steady_timer timer{io_};
  for (;;) {
    const Status ended = co_await try_servers();
    if (ending_) break;
    if (!ended && failed_rounds_++ >= plan_.client.retry.times) {
      outcome_ = ended.error();
      break;
    }
    const auto pause = back_off_.next();
    timer.expires_after(pause);
    std::error_code cancelled;
    co_await timer.async_wait(net::into(cancelled));
  }
  io_.stop();
}

/// Each server in turn until one takes us; then until that connection ends. An error if none did.
asio::awaitable<Status> Agent::try_servers() {
  Status failed = ok;
  for (const net::Endpoint& server : plan_.servers) {
    failed = co_await converse(server);
    if (failed || ending_) co_return ok;
    const std::string why = failed.error().message();
    // The same again and again is no news.
    context_.log.event(why == last_failure_ ? log::Level::debug : log::Level::warn, "retry",
                       {{"endpoint", net::to_text(server)}, {"error", why}});
    last_failure_ = why;
  }
  co_return failed;
}

Result<LinkPlan> Agent::link_plan(const net::Endpoint& server) const {
  LinkPlan link{server, plan_.client, plan_.token.value_or("")};
  // Looked up each time: `enrol` may have run meanwhile.
  const auto enrolment = EnrolmentFile{plan_.state}.find(net::to_text(server));
  if (!enrolment) return enrolment.error();
  if (!*enrolment) return link;
  if (!plan_.token) link.token = (*enrolment)->token;
  const bool trust_is_given = link.client.tls_ca || link.client.tls_fingerprint;
  if (!trust_is_given && !(*enrolment)->fingerprint.empty())
    link.client.tls_fingerprint = (*enrolment)->fingerprint;
  return link;
}

Hello Agent::hello() const {
  Hello hello = plan_.hello;
  hello.hardware_addresses = hardware_addresses();
  hello.ports = listening_ports();
  return hello;
}

/// One connection from connect to disconnect; an error if it did not come to a welcome.
asio::awaitable<Status> Agent::converse(const net::Endpoint& server) {
  const Result<LinkPlan> plan = link_plan(server);
  if (!plan) co_return plan.error();
  std::string fingerprint;
  auto link = co_await AgentLink::open(context_, *plan, hello(), fingerprint);
  if (!link) co_return link.error();
  const auto began = std::chrono::steady_clock::now();
  const Welcome& welcome = (*link)->welcome();
  std::chrono::nanoseconds heartbeat = heartbeat_standard;
  if (welcome.heartbeat_ms > 0) heartbeat = std::chrono::milliseconds{welcome.heartbeat_ms};
  if (plan_.heartbeat) heartbeat = *plan_.heartbeat;
  heartbeat = std::clamp<std::chrono::nanoseconds>(heartbeat, heartbeat_min, heartbeat_max);
  context_.log.info(
      "connect",
      {{"endpoint", net::to_text(server)}, {"server", welcome.server}, {"heartbeat", heartbeat}});
  failed_rounds_ = 0;
  last_failure_.clear();
  tell_ready();

  link_ = link->get();
  perform(machine_.connected());
  const Status ended =
      co_await link_->run(heartbeat, [this](const FromServer& message) { taken(message); });
  link_ = nullptr;
  const bool ours = ending_ || ended;
  context_.log.event(ours ? log::Level::info : log::Level::warn, "disconnect",
                     {{"endpoint", net::to_text(server)},
                      {"reason", ours ? std::string{"stopped"} : ended.error().message()}});
  if (std::chrono::steady_clock::now() - began >= lasting_min) back_off_.reset();
  co_return ok;
}

void Agent::tell_ready() {
  if (std::exchange(ready_, true)) return;
  manager_.notify("READY=1\nSTATUS=connected");
  if (!plan_.ready_fd) return;
  FileDescriptor ready{*plan_.ready_fd};
  if (!write_all(ready.get(), "\n")) context_.log.warn("ready_fd", {{"error", "nobody reads it"}});
  // The number of a standard stream must not become a socket's.
  if (ready.get() <= STDERR_FILENO) static_cast<void>(ready.release());
}

void Agent::taken(const FromServer& message) {
  if (const auto* order = std::get_if<OrderOffer>(&message))
    perform(machine_.received(*order, instant_now()));
  else if (const auto* cancel = std::get_if<CancelOffer>(&message))
    perform(machine_.received(*cancel));
}

void Agent::perform(const Deeds& deeds) {
  for (const Deed& deed : deeds)
    std::visit([this](const auto& each) { perform(each); }, deed);
}

void Agent::perform(const Tell& tell) {
  if (link_) link_->tell(tell.message);
}

void Agent::perform(const Note& note) {
  const std::string order = to_text(note.order);
  log::Logger& log = context_.log;
  switch (note.what) {
    case Note::What::order:
      log.info("order", {{"order", order}, {"issuer", note.issuer}, {"reason", note.why}});
      break;
    case Note::What::refuse: log.warn("refuse", {{"order", order}, {"why", note.why}}); break;
    case Note::What::exec: log.info("exec", {{"order", order}, {"command", note.why}}); break;
    case Note::What::cancel: log.info("cancel", {{"order", order}}); break;
    case Note::What::goodbye: log.info("goodbye", {{"order", order}, {"why", note.why}}); break;
  }
}

void Agent::perform(const End& end) {
  ending_ = end.outcome;
  outcome_ = end.outcome;
  if (link_)
    link_->finish();
  else
    io_.stop();
}

}  // namespace

Status run_agent(cli::Context& context, AgentPlan plan) {
  return Agent{context, std::move(plan)}.run();
}

}  // namespace netkit::shutdown
