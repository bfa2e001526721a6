// shutdown-server serve: options, the admin socket, and the life of the desk.
#include <unistd.h>

#include "cli/metrics.hpp"
#include "cli/own_state.hpp"
#include "cli/paths.hpp"
#include "commands/shutdown/session.hpp"
#include "commands/shutdown/shutdown.hpp"
#include "net/address.hpp"

namespace netkit::shutdown {
namespace {

class ServeAction final : public cli::Action {
 public:
  void declare(cli::Options& options) override {
    options.value("list", list_, "FILE", "Addresses of clients seen, one a line; in --state")
        .completes(cli::Complete::file);
    options
        .value("orders", orders_, "FILE",
               "Addresses to be shut down, one a line: each line is an order; in --state")
        .completes(cli::Complete::file);
    options.value("verify", verify_, "DUR", "Silence that proves a host down");
    options.value("down-limit", down_limit_, "DUR",
                  "How long a host may take for each step of an order before it is a timeout");
    options.value("heartbeat", heartbeat_, "DUR",
                  "How often agents show that they live; two missed are a lost connection");
    options.values("page-host", page_hosts_, "NAME",
                   "A further name that browsers may reach the page by");
    cli::declare_server(options, server_, server_command, "ws on 8765");
    cli::declare_announce(options, server_);
  }

  Status run(cli::Context& context) override;

 private:
  Status check() const;
  std::string admin_path() const { return state_ + "/" + admin_socket_name; }
  static void show(cli::Gauges& gauges, const Book& book);
  Status open_desk(cli::Context& context, net::Server& server);

  std::string list_ = "lista";
  std::string orders_ = "wylacz";
  Duration verify_ = std::chrono::seconds{5};
  Duration down_limit_ = std::chrono::minutes{5};
  Duration heartbeat_ = std::chrono::seconds{15};
  std::vector<std::string> page_hosts_;
  cli::ServerOptions server_;

  std::string state_;
  std::optional<store::StateLock> lock_;
  access::Guard* guard_ = nullptr;
  std::unique_ptr<Desk> desk_;
  std::optional<Sessions> sessions_;
};

Status ServeAction::check() const {
  const auto at_least = [](const char* option, Duration given, Duration least) -> Status {
    if (given >= least) return ok;
    return Error{Errc::usage, std::string{"use --"} + option + " " + netkit::to_text(given),
                 "at least " + netkit::to_text(least)};
  };
  if (Status fits = at_least("heartbeat", heartbeat_, std::chrono::milliseconds{100}); !fits)
    return fits;
  if (Status fits = at_least("verify", verify_, std::chrono::milliseconds{100}); !fits) return fits;
  return at_least("down-limit", down_limit_, verify_);
}

Status ServeAction::open_desk(cli::Context& context, net::Server& server) {
  if (Status locked = lock_->write_holder(); !locked) return locked;
  const auto in_state = [&](const std::string& path) {
    return path.starts_with('/') ? path : state_ + "/" + path;
  };
  DeskSettings settings{.state_directory = state_,
                        .list_path = in_state(list_),
                        .orders_path = in_state(orders_),
                        .server_name = net::host_name(),
                        .verify = verify_,
                        .down_limit = down_limit_,
                        .heartbeat = heartbeat_,
                        .guard = guard_};
  std::vector<std::string> names = page_hosts_;
  names.push_back(settings.server_name);
  names.push_back(settings.server_name.substr(0, settings.server_name.find('.')));
  Result<std::unique_ptr<Desk>> desk =
      Desk::open(std::move(settings), context.log, server.main_context());
  if (!desk) return desk.error();
  desk_ = std::move(*desk);
  sessions_.emplace(*desk_, std::move(names), admin_path(), server_.message_size_max.bytes);
  return ok;
}

void ServeAction::show(cli::Gauges& gauges, const Book& book) {
  double connected = 0;
  double open = 0;
  for (const auto& [key, host] : book.hosts()) {
    const Order* const order = book.order_of(key);
    if (order && order->active()) ++open;
    if (book.is_connected(key)) ++connected;
  }
  gauges.add("shutdown_hosts", "Hosts that the server knows.",
             static_cast<double>(book.hosts().size()));
  gauges.add("shutdown_hosts_connected", "Hosts whose agents are connected.", connected);
  gauges.add("shutdown_orders_open", "Orders that have not come to their end.", open);
}

Status ServeAction::run(cli::Context& context) {
  if (Status fits = check(); !fits) return fits;
  Result<cli::OwnState> own = cli::take_state(context, server_);
  if (!own) return own.error();
  state_ = std::move(own->folder);
  lock_ = std::move(own->lock);

  cli::ServePlan plan = cli::plan_with_admin(net::Scheme::ws, port, admin_path());
  plan.service.on_connection = [&](net::Connection& each) { return sessions_->serve(each); };
  plan.on_guard = [&](access::Guard& guard) { guard_ = &guard; };
  plan.on_start = [&](net::Server& server) { return open_desk(context, server); };
  plan.on_stop = [&] { desk_->close(); };
  plan.on_metrics = [&](cli::Gauges& gauges) { show(gauges, desk_->book()); };
  return cli::serve(context, server_, std::move(plan));
}

}  // namespace

std::unique_ptr<cli::Action> make_serve() {
  return std::make_unique<ServeAction>();
}

}  // namespace netkit::shutdown
