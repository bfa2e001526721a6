// presenced's options, and the order in which hall, group and conversations begin and end.
#include "commands/presence/serve.hpp"

#include <chrono>

#include "cli/metrics.hpp"
#include "cli/paths.hpp"
#include "commands/presence/control.hpp"
#include "commands/presence/presenced.hpp"
#include "net/process.hpp"

namespace netkit::presence {
namespace {

/// Frames of conversations, and what people type.
constexpr std::size_t message_limit = 16 * 1024;

std::uint64_t wall_us() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(
                                        std::chrono::system_clock::now().time_since_epoch())
                                        .count());
}

/// The first listener of one of `schemes`; 0: none.
std::uint16_t port_of(const cli::Doors& doors, std::initializer_list<net::Scheme> schemes) {
  for (const net::Scheme scheme : schemes)
    for (const net::Endpoint& each : doors.bound)
      if (each.scheme == scheme) return each.port.value_or(0);
  return 0;
}

}  // namespace

RunAction::RunAction() {
  server_.message_size_max = Size{message_limit};
}

void RunAction::declare(cli::Options& options) {
  options.value("name", name_, "NAME", "What this daemon is called (default: the host's name)");
  options.value("group-port", group_port_, "N",
                "UDP port of the groups 239.255.42.99 and ff15::4e4b, by which peers find it");
  options.flag("no-multicast", no_multicast_,
               "Hear no group: only peers that are given this daemon's address come");
  options.flag("no-sctp", no_sctp_, "Take no SCTP heartbeats: peers beat over their connections");
  declare_daemon_links(options, link_options_);
  cli::declare_store(options, store_, "daemons on it share a roster across sites");
  cli::declare_server(options, server_, presenced_command, "tcp on 2002, sctp on 2004");
}

Result<std::string> RunAction::state_folder(const cli::Context& context) const {
  const Result<std::string> made = cli::make_state_directory(context, server_);
  if (!made) return made.error();
  return cli::absolute_path(*made);
}

/// Nobody can restart one that is in the foreground.
Status RunAction::take_over(const std::string& folder) {
  return forget_start(folder);
}

Status RunAction::run(cli::Context& context) {
  return serve(context);
}

Status RunAction::open(cli::Context& context, net::Server& server) {
  if (Status locked = lock_->write_holder(); !locked) return locked;
  if (Status taken = take_over(state_); !taken) return taken;
  Result<identity::KeptKey> key = identity::KeptKey::load_or_make(state_ + "/presenced.key");
  if (!key) return key.error();
  key_.emplace(std::move(*key));
  HallSettings settings;
  settings.name = name_.value_or(net::host_name());
  settings.instance = wall_us();
  settings.tcp_port = port_of(doors_, {net::Scheme::tcp, net::Scheme::tls});
  settings.sctp_port = port_of(doors_, {net::Scheme::sctp});
  settings.certificate = doors_.certificate;
  porter_ = Porter::open(server.main_context(), context.log, std::move(settings), key_->pair(),
                         group_options(group_port_, !no_multicast_));
  keeping_ = Keeping::open(server.main_context(), state_ + "/roster", *porter_, context.log);
  ServiceSettings doors;
  doors.admin_path = state_ + "/" + admin_socket_name;
  for (const net::Endpoint& each : doors_.bound)
    doors.listening.push_back(net::to_text(each));
  service_.emplace(*porter_, std::move(doors));
  if (guard_) service_->require(*guard_);
  Result<std::shared_ptr<DaemonLinks>> links =
      DaemonLinks::open(context, server.main_context(), *porter_, link_options_);
  if (!links) return links.error();
  links_ = std::move(*links);
  if (store_.url) {
    Result<store::RedisAddress> address = cli::redis_address(store_);
    if (!address) return address.error();
    Result<std::shared_ptr<RedisRoster>> shared = RedisRoster::open(
        server.main_context(), *porter_, context.log, key_->public_key(), std::move(*address));
    if (!shared) return shared.error();
    shared_ = std::move(*shared);
  }
  porter_->start();
  links_->start();
  return ok;
}

/// Of a start that failed, too: none of their timers and sockets may outlive the server.
void RunAction::close() {
  if (!porter_) return;
  if (links_) links_->stop();
  links_.reset();
  if (shared_) shared_->stop();
  shared_.reset();
  keeping_->stop();
  keeping_.reset();
  porter_->stop();
}

Status RunAction::serve(cli::Context& context) {
  if (server_.threads != 1)
    return Error{Errc::usage, "run presenced on " + std::to_string(server_.threads) + " threads",
                 "it needs one, for 10,000 peers too"};
  if (group_port_ == 0) return Error{Errc::usage, "use --group-port 0", "1 to 65535"};
  if (name_ && (name_->empty() || name_->size() > name_size_max))
    return Error{Errc::usage, "use --name " + *name_, "1 to 64 bytes"};
  if (Status fits = cli::check_store(store_); !fits) return fits;
  if (store_.url)
    if (const auto address = cli::redis_address(store_); !address) return address.error();
  Result<cli::OwnState> own = cli::take_state(context, server_);
  if (!own) return own.error();
  state_ = std::move(own->folder);
  lock_ = std::move(own->lock);
  if (!server_.pid_file) server_.pid_file = state_ + "/" + pid_file_name;

  cli::ServePlan plan =
      cli::plan_with_admin(net::Scheme::tcp, port, state_ + "/" + admin_socket_name);
  if (!no_sctp_)
    plan.default_listen.push_back(
        {.scheme = net::Scheme::sctp, .host = {}, .port = sctp_port, .path = {}});
  plan.service.on_connection = [&](net::Connection& each) { return service_->serve(each); };
  plan.service.takes_words = true;
  plan.service.sctp_heartbeat = std::chrono::seconds{30};  // The peers' beats say more, and sooner.
  plan.on_guard = [&](access::Guard& guard) { guard_ = &guard; };
  plan.on_doors = [&](const cli::Doors& doors) {
    doors_ = doors;
    if (porter_) porter_->hall().show_certificate(doors.certificate);
  };
  plan.on_start = [&](net::Server& server) {
    Status opened = open(context, server);
    if (!opened) close();
    return opened;
  };
  plan.on_stop = [&] { close(); };
  plan.on_metrics = [&](cli::Gauges& gauges) {
    const HallState state = porter_->hall().state();
    const auto peers = [&](State each) {
      return static_cast<double>(state.peers[static_cast<std::size_t>(each)]);
    };
    gauges.add("presence_peers", "Peers that the daemon knows.",
               static_cast<double>(porter_->hall().roster().size()));
    gauges.add("presence_peers_online", "Peers that are here.", peers(State::online));
    gauges.add("presence_peers_away", "Peers that are here and away.", peers(State::away));
    gauges.add("presence_followers", "Those who are told of each change.",
               static_cast<double>(state.followers));
  };
  return cli::serve(context, server_, std::move(plan));
}

std::unique_ptr<cli::Action> make_run() {
  return std::make_unique<RunAction>();
}

}  // namespace netkit::presence
