// filesrv serve: its options, the folders it opens, and the walls it raises before anybody comes.
#include <algorithm>
#include <filesystem>
#include <thread>

#include "cli/globals.hpp"
#include "cli/own_state.hpp"
#include "cli/paths.hpp"
#include "commands/filesrv/filesrv.hpp"
#include "commands/filesrv/reception.hpp"
#include "net/process.hpp"

namespace netkit::filesrv {
namespace {

constexpr unsigned threads_standard_max = 4;
constexpr std::size_t shares_max = 64;

/// A share's name stands in paths, in scopes and in the page.
bool is_share_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  return !name.empty() && name.size() <= 32 && std::all_of(name.begin(), name.end(), fits);
}

/// NAME=DIR, or DIR alone: one that has a '=' is written ./DIR.
struct Spot {
  std::string name;
  std::string folder;
};
Spot spot_of(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || !is_share_name(std::string_view{text}.substr(0, equals)))
    return {{}, text};
  return {text.substr(0, equals), text.substr(equals + 1)};
}

class ServeAction final : public cli::Action {
 public:
  ServeAction() {
    server_.message_size_max = Size{request_size_max};
    server_.threads = std::clamp(std::thread::hardware_concurrency(), 1U, threads_standard_max);
    server_.threads_default = "one a processor, 4 at most";
  }

  void declare(cli::Options& options) override;
  Status run(cli::Context& context) override;

 private:
  Result<std::vector<Share>> open_shares() const;
  DepotSettings settings() const;
  transfer::Reach reach(const cli::Context& context) const;
  Result<transfer::Walls> raise_walls(const cli::Context& context, transfer::Root::Way way) const;

  std::vector<std::string> folders_;
  bool upload_ = false;
  bool drop_box_ = false;
  std::optional<Size> file_size_max_;
  std::optional<Size> upload_total_max_;
  Size rate_{0};
  Size client_rate_{0};
  transfer::Root::Way beneath_ = transfer::Root::Way::automatic;
  bool no_walls_ = false;
  std::vector<std::string> page_hosts_;
  cli::ServerOptions server_;
  std::string state_;
};

void ServeAction::declare(cli::Options& options) {
  using transfer::Root;
  options
      .positionals("DIR", folders_,
                   "The folder to serve, or several as NAME=DIR; links in it are not followed")
      .completes(cli::Complete::directory);
  options.flag("upload", upload_,
               "Take files, too; none is replaced unless the client asks for it");
  options.flag("drop-box", drop_box_,
               "Take files, and neither list nor give any; implies --upload");
  options.value("upload-max", file_size_max_, "SIZE", "The largest file that is taken");
  options.value("upload-total", upload_total_max_, "SIZE",
                "What all uploads together may have while the server runs");
  options.value("rate", rate_, "SIZE", "Bytes a second of all clients together; 0: no limit")
      .with_default("0");
  options.value("client-rate", client_rate_, "SIZE", "Bytes a second of each; 0: no limit")
      .with_default("0");
  options.choice(
      "beneath", beneath_,
      {{"auto", Root::Way::automatic}, {"openat2", Root::Way::openat2}, {"walk", Root::Way::walk}},
      "How paths are kept below the folder: by the kernel, or component by component");
  options.flag("no-landlock", no_walls_,
               "Do not restrict the server to its folders by the kernel's Landlock");
  options.values("page-host", page_hosts_, "NAME",
                 "A further name that browsers may reach the page by");
  cli::declare_server(options, server_, command, "tcp on 9092");
  cli::declare_announce(options, server_);
}

Result<std::vector<Share>> ServeAction::open_shares() const {
  if (folders_.empty())
    return Error{Errc::usage, "serve nothing", "name a folder: netkit filesrv serve DIR"};
  if (folders_.size() > shares_max)
    return Error{Errc::usage, "serve so many folders", "at most " + std::to_string(shares_max)};
  std::vector<Share> shares;
  for (const std::string& text : folders_) {
    Spot spot = spot_of(text);
    if (folders_.size() > 1 && spot.name.empty())
      return Error{Errc::usage, "serve several folders without names",
                   "write NAME=DIR, a name of a-z, 0-9 and '-'"};
    for (const Share& other : shares)
      if (other.name == spot.name)
        return Error{Errc::usage, "serve two folders as '" + spot.name + "'"};
    Result<transfer::Root> root = transfer::Root::open(spot.folder, beneath_);
    if (!root) return root.error();
    shares.push_back({std::move(spot.name), std::move(*root)});
  }
  return shares;
}

DepotSettings ServeAction::settings() const {
  DepotSettings settings;
  settings.upload = upload_ || drop_box_;
  settings.drop_box = drop_box_;
  if (file_size_max_) settings.file_size_max = file_size_max_->bytes;
  if (upload_total_max_) settings.upload_total_max = upload_total_max_->bytes;
  settings.rate_max = rate_.bytes;
  settings.client_rate_max = client_rate_.bytes;
  settings.helpers = transfer::Offload::standard_count();
  return settings;
}

/// What is read and written besides the shares: state, logs, certificates and what SIGHUP reads.
transfer::Reach ServeAction::reach(const cli::Context& context) const {
  const auto folder_of = [](const std::string& path) {
    return std::filesystem::path{cli::absolute_path(path)}.parent_path().string();
  };
  transfer::Reach reach;
  reach.read = {"/etc",         "/proc/self",          "/dev/null",
                "/dev/urandom", "/usr/share/zoneinfo", "/usr/lib/ssl"};
  for (const std::string& text : folders_)
    (upload_ || drop_box_ ? reach.write : reach.read)
        .push_back(cli::absolute_path(spot_of(text).folder));
  reach.write.push_back(cli::absolute_path(state_));
  for (const auto& each : {server_.port_file, server_.pid_file, context.globals.log_file})
    if (each) reach.write.push_back(folder_of(*each));
  std::vector<net::Endpoint> sockets = server_.listen;
  if (server_.metrics) sockets.push_back(*server_.metrics);
  for (const net::Endpoint& each : sockets)
    if (each.scheme == net::Scheme::unix_) reach.write.push_back(folder_of(each.path));
  for (const auto& each :
       {server_.tls_cert, server_.tls_key, server_.auth_tls_ca, context.globals.config_path})
    if (each) reach.read.push_back(folder_of(*each));
  for (const char* variable : {"XDG_CONFIG_HOME", "HOME"}) {
    const auto found = context.environment.find(variable);
    if (found == context.environment.end()) continue;
    const bool home = std::string_view{variable} == "HOME";
    reach.read.push_back(found->second + (home ? "/.config/netkit" : "/netkit"));
  }
  return reach;
}

Result<transfer::Walls> ServeAction::raise_walls(const cli::Context& context,
                                                 transfer::Root::Way way) const {
  if (no_walls_) return transfer::Walls{};
  const Result<transfer::Walls> walls = transfer::raise_walls(reach(context));
  if (!walls) return walls.error();
  const bool by_kernel = way == transfer::Root::Way::openat2;
  context.log.info("walls", {{"beneath", by_kernel ? "openat2" : "walk"},
                             {"landlock", walls->landlock},
                             {"no_new_privileges", walls->no_new_privileges}});
  return walls;
}

Status ServeAction::run(cli::Context& context) {
  Result<std::vector<Share>> shares = open_shares();
  if (!shares) return shares.error();
  const Result<std::string> state = cli::make_state_directory(context, server_);
  if (!state) return state.error();
  state_ = *state;
  std::optional<Depot> depot;
  std::optional<Reception> reception;
  access::Guard* guard = nullptr;

  cli::ServePlan plan = cli::plan_at(net::Scheme::tcp, port);
  plan.service.on_connection = [&](net::Connection& each) { return reception->serve(each); };
  plan.service.takes_words = true;
  plan.on_guard = [&](access::Guard& made) { guard = &made; };
  plan.on_start = [&](net::Server&) -> Status {
    std::vector<std::string> names = page_hosts_;
    names.push_back(net::host_name());
    // First: threads that run by then would stand outside.
    const Result<transfer::Walls> walls = raise_walls(context, shares->front().root.way());
    if (!walls) return walls.error();
    depot.emplace(std::move(*shares), settings());
    depot->set_walls(*walls);
    reception.emplace(*depot, std::move(names));
    if (guard) reception->ask(*guard);
    return ok;
  };
  plan.on_stop = [&] {
    if (depot) depot->stop();
  };
  return cli::serve(context, server_, std::move(plan));
}

}  // namespace

std::unique_ptr<cli::Action> make_serve() {
  return std::make_unique<ServeAction>();
}

}  // namespace netkit::filesrv
