// relay: its options, and the order in which hub, links and store begin and end.
#include <asio/steady_timer.hpp>

#include "cli/metrics.hpp"
#include "cli/own_state.hpp"
#include "commands/relay/keeping.hpp"
#include "commands/relay/link_options.hpp"
#include "commands/relay/operators.hpp"
#include "commands/relay/relay.hpp"
#include "commands/relay/service.hpp"
#include "net/dialect.hpp"
#include "net/process.hpp"
#include "net/spawn.hpp"

namespace netkit::relay {
namespace {

constexpr std::size_t text_size_standard = 64 * 1024;
constexpr std::size_t name_size_max = 32;
constexpr std::chrono::milliseconds tick_interval{100};
/// What may wait to be read: a bundle of a link, or one text with what stands around it.
constexpr std::size_t message_size_least = bundle_size_max + 2 * 1024;

/// A relay's name stands behind an '@' and in tables.
Result<std::string> check_name(const std::string& name) {
  Result<std::string> fits = normal_nick(name);
  if (!fits || fits->size() > name_size_max)
    return Error{Errc::usage, "use --name " + name, "at most 32 letters, digits, '.', '-' or '_'"};
  return fits;
}

class ServeAction final : public cli::Action {
 public:
  ServeAction() { server_.message_size_max = Size{text_size_standard}; }

  void declare(cli::Options& options) override;
  Status run(cli::Context& context) override;

 private:
  Result<HubSettings> settings() const;
  Status open(cli::Context& context, net::Server& server);
  Status open_links(const cli::Context& context);
  void close();
  void show(cli::Gauges& gauges);
  using Timer = std::shared_ptr<asio::steady_timer>;
  static asio::awaitable<void> tick(Hub& hub, Timer timer);

  std::optional<std::string> name_;
  std::uint64_t history_ = 10'000;
  Ack ack_ = Ack::memory;
  Slow slow_ = Slow::skip;
  double rate_ = 200;
  std::vector<std::string> page_hosts_;
  cli::StoreChoice store_;
  LinkOptions link_options_;
  cli::ServerOptions server_;
  std::size_t text_size_max_ = 0;  // What server_ said of messages, before what stands around them.

  std::string state_;
  access::Guard* guard_ = nullptr;
  std::optional<store::StateLock> lock_;
  net::Server* running_ = nullptr;
  std::optional<Hub> hub_;
  std::unique_ptr<Keeping> keeping_;
  std::optional<Links> links_;
  std::optional<Operators> operators_;
  std::optional<Service> service_;
  Timer ticks_;
};

void ServeAction::declare(cli::Options& options) {
  options.value("name", name_, "ID", "What this relay is called (default: the host's name)");
  options.value("history", history_, "N", "Messages kept of each room, and for links to resume");
  options.choice("ack", ack_, {{"memory", Ack::memory}, {"disk", Ack::disk}, {"links", Ack::links}},
                 "When a sender is told that its message is safe: it is here, on disk, or at "
                 "another relay too");
  options.choice("slow", slow_,
                 {{"skip", Slow::skip},
                  {"disconnect", Slow::disconnect},
                  {"block-sender", Slow::block_sender}},
                 "A client that cannot keep up misses messages and is told which, is let go, or "
                 "makes the others in its room wait");
  options
      .value("rate", rate_, "N",
             "Messages a second taken from one client, ten times as many from one address; "
             "0: no limit")
      .with_default("200");
  options.values("page-host", page_hosts_, "NAME",
                 "A further name that browsers may reach the page by");
  cli::declare_store(options, store_,
                     "the relays on it are one service; or memory: nothing is kept");
  declare_links(options, link_options_);
  cli::declare_server(options, server_, relay_command, "tcp on 2000");
  cli::declare_announce(options, server_);
}

Result<HubSettings> ServeAction::settings() const {
  HubSettings settings;
  Result<std::string> name = check_name(name_.value_or(net::host_name()));
  if (!name) return name.error();
  settings.name = std::move(*name);
  settings.rooms.messages_max = history_;
  settings.ack = ack_;
  settings.slow = slow_;
  settings.rate = rate_;
  settings.text_size_max = text_size_max_;
  settings.nicks_are_users = guard_ != nullptr;
  settings.workers = server_.threads;
  if (history_ == 0 || history_ > 10'000'000)
    return Error{Errc::usage, "use --history " + std::to_string(history_), "1 to 10000000"};
  if (!(rate_ >= 0)) return Error{Errc::usage, "use a --rate below 0"};
  if (settings.text_size_max == 0 || settings.text_size_max > text_size_max)
    return Error{Errc::usage, "use --max-message " + netkit::to_text(Size{text_size_max_}),
                 "at most " + netkit::to_text(Size{text_size_max})};
  return settings;
}

Status ServeAction::open(cli::Context& context, net::Server& server) {
  if (Status locked = lock_->write_holder(); !locked) return locked;
  Result<HubSettings> settings = this->settings();
  if (!settings) return settings.error();
  ServiceSettings doors{page_hosts_, state_ + "/" + admin_socket_name, !server_.no_tls};
  doors.page_hosts.push_back(net::host_name());
  hub_.emplace(std::move(*settings), LogKey::make(), context.log);
  if (Status linked = open_links(context); !linked) return linked;
  Result<std::unique_ptr<Keeping>> kept =
      Keeping::open(store_, state_, *hub_, server.main_context(), context.log);
  if (!kept) return kept.error();
  keeping_ = std::move(*kept);
  operators_.emplace(*hub_, *links_, [this] { return keeping_->state(); });
  service_.emplace(*hub_, std::move(doors));
  if (guard_) service_->require(*guard_);
  service_->serve_links_by([&](net::Connection& each,
                               std::string hello) { return links_->serve(each, std::move(hello)); },
                           [&](net::Connection& each) { return links_->serve_websocket(each); });
  service_->operate_by([&](wire::Json request, std::int64_t id) {
    return operators_->answer(std::move(request), id);
  });
  if (ack_ == Ack::links && link_options_.to.empty() && !store_.url)
    context.log.warn("ack", {{"warning",
                              "no link is configured: messages are acknowledged only while "
                              "another relay is linked to this one"}});
  running_ = &server;
  links_->start(server.main_context());
  ticks_ = std::make_shared<asio::steady_timer>(server.main_context());
  asio::co_spawn(server.main_context(), tick(*hub_, ticks_), net::rethrow);
  return ok;
}

Status ServeAction::open_links(const cli::Context& context) {
  Result<LinksPlan> plan = links_plan(context, link_options_);
  if (!plan) return plan.error();
  plan->pace.is_quiet = [&hub = *hub_] { return hub.counts().clients == 0; };
  Result<identity::KeptKey> key = identity::KeptKey::load_or_make(state_ + "/link.key");
  if (!key) return key.error();
  const auto with_mesh = [&hub = *hub_](const std::function<void(Mesh&)>& use) {
    hub.with_mesh(use);
  };
  const auto log = hub_->with_mesh([](Mesh& mesh) { return mesh.log(); });
  links_.emplace(std::move(*plan), hub_->settings().name, log, std::move(*key), with_mesh,
                 context.log, guard_);
  hub_->on_links_due([&links = *links_] { links.wake(); });
  return ok;
}

asio::awaitable<void> ServeAction::tick(Hub& hub, Timer timer) {
  for (std::error_code stopped; !stopped;) {
    timer->expires_after(tick_interval);
    co_await timer->async_wait(net::into(stopped));
    if (!stopped) hub.tick();
  }
}

void ServeAction::close() {
  if (!ticks_) return;
  ticks_->cancel();
  ticks_.reset();  // It must not outlive the server.
  links_->stop(running_->main_context());
  keeping_->stop();
}

void ServeAction::show(cli::Gauges& gauges) {
  const HubCounts counts = hub_->counts();
  const std::size_t backlog = hub_->with_mesh([](Mesh& mesh) { return mesh.backlog(); });
  const auto add = [&](std::string_view name, std::string_view help, std::uint64_t value) {
    gauges.add(name, help, static_cast<double>(value));
  };
  add("messages_total", "Messages taken from clients.", counts.messages);
  add("relay_skipped_messages_total", "Messages that slow clients did not get.", counts.skipped);
  add("relay_clients", "Clients that are in rooms.", counts.clients);
  add("relay_rooms", "Rooms.", counts.rooms);
  add("relay_backlog_messages", "Messages kept for links and for who comes back.", backlog);
}

Status ServeAction::run(cli::Context& context) {
  text_size_max_ = server_.message_size_max.bytes;
  if (const Result<HubSettings> fit = settings(); !fit) return fit.error();
  if (const Result<LinksPlan> fit = links_plan(context, link_options_); !fit) return fit.error();
  if (Status fits = Keeping::check(store_, ack_); !fits) return fits;
  server_.message_size_max.bytes =
      std::max(message_size_least, web_message_size_max(text_size_max_));
  Result<cli::OwnState> own = cli::take_state(context, server_);
  if (!own) return own.error();
  state_ = std::move(own->folder);
  lock_ = std::move(own->lock);

  cli::ServePlan plan =
      cli::plan_with_admin(net::Scheme::tcp, port, state_ + "/" + admin_socket_name);
  plan.service.on_connection = [&](net::Connection& each) { return service_->serve(each); };
  plan.service.silence_limit = net::silence_limit;
  plan.on_guard = [&](access::Guard& guard) { guard_ = &guard; };
  plan.on_start = [&](net::Server& server) { return open(context, server); };
  plan.on_stop = [&] { close(); };
  plan.on_metrics = [&](cli::Gauges& gauges) { show(gauges); };
  return cli::serve(context, server_, std::move(plan));
}

}  // namespace

std::unique_ptr<cli::Action> make_serve() {
  return std::make_unique<ServeAction>();
}

}  // namespace netkit::relay
