// auth serve: options, the store, the admin socket, and the order in which all of it ends.
#include <array>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/file.hpp"
#include "cli/metrics.hpp"
#include "cli/own_state.hpp"
#include "commands/auth/auth.hpp"
#include "commands/auth/open_vault.hpp"
#include "commands/auth/reception.hpp"
#include "identity/hash_budget.hpp"
#include "identity/scope.hpp"
#include "net/dialect.hpp"
#include "net/worker.hpp"

namespace netkit::auth {
namespace {

constexpr std::size_t pepper_file_size_max = 16 * 1024;
constexpr std::size_t message_size_standard = 64 * 1024;

std::string own_host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

/// No secret of ours is to lie in a core file or be read by a debugger of the same user.
void forbid_core_dumps() {
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0);
}

/// Everything that lives as long as the service.
struct Service {
  Service(std::unique_ptr<Vault> opened, OfficeSettings settings, unsigned hash_threads,
          std::size_t hash_queue, log::Logger& log)
      : vault{std::move(opened)},
        hashes{std::in_place, hash_threads, hash_queue},
        clerk{std::in_place, *vault},
        office{std::move(settings), *clerk, *hashes, log} {}
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  /// The vault goes last, and must not tell the office anything by then.
  ~Service() { vault->follow({}); }

  std::unique_ptr<Vault> vault;
  std::optional<identity::HashPool> hashes;
  std::optional<Clerk> clerk;
  Office office;
};

class ServeAction final : public cli::Action {
 public:
  ServeAction() { server_.message_size_max = Size{message_size_standard}; }

  void declare(cli::Options& options) override;
  Status run(cli::Context& context) override;

 private:
  Status check() const;
  Result<OfficeSettings> settings(const cli::Context& context) const;
  Result<identity::Peppers> read_peppers(const cli::Context& context) const;
  std::string admin_path() const { return state_ + "/" + admin_socket_name; }
  Status open(cli::Context& context);
  void close();

  RegistrationMode registration_ = RegistrationMode::automatic;
  Duration session_idle_ = std::chrono::hours{14 * 24};
  Duration session_limit_ = std::chrono::hours{90 * 24};
  Size hash_memory_{std::uint64_t{64} * 1024 * 1024};
  std::uint32_t hash_passes_ = 3;
  std::uint32_t hash_lanes_ = 1;
  std::uint32_t hash_queue_ = 256;
  std::optional<std::string> pepper_file_;
  std::vector<std::string> default_scopes_;
  cli::StoreChoice store_;
  std::vector<std::string> page_hosts_;
  cli::ServerOptions server_;

  std::string state_;
  std::optional<store::StateLock> lock_;
  std::unique_ptr<Service> service_;
  std::optional<Reception> reception_;
};

void ServeAction::declare(cli::Options& options) {
  options.choice("registration", registration_,
                 {{"auto", RegistrationMode::automatic},
                  {"open", RegistrationMode::open},
                  {"invite", RegistrationMode::invite},
                  {"closed", RegistrationMode::closed}},
                 "Who may register; auto: everybody on this machine, others by invitation");
  options.value("session-idle", session_idle_, "DUR", "An unused session ends after so long");
  options.value("session-limit", session_limit_, "DUR",
                "Every session ends after so long, however much it is used");
  options.values("default-scope", default_scopes_, "SCOPE", "What a new account may do");
  cli::declare_store(options, store_,
                     "accounts are kept there, shared with the other servers on it, instead of in "
                     "--state");
  options.values("page-host", page_hosts_, "NAME",
                 "A further name that browsers may reach the page by");
  options.heading("Passwords");
  options.value("hash-memory", hash_memory_, "SIZE", "Memory of one Argon2id hash");
  options.value("hash-passes", hash_passes_, "N", "Its passes over that memory");
  options.value("hash-lanes", hash_lanes_, "N", "Its lanes");
  options.value("hash-queue", hash_queue_, "N",
                "Passwords that may wait to be hashed; others are told to try again");
  options
      .value("pepper-file", pepper_file_, "PATH",
             "Secrets mixed into every hash, a line each, the first for new ones "
             "(default: $CREDENTIALS_DIRECTORY/pepper)")
      .completes(cli::Complete::file);
  cli::declare_server(options, server_, command, "tcp on 9091", cli::Tokens::own);
  cli::declare_announce(options, server_);
}

Status ServeAction::check() const {
  for (const std::string& each : default_scopes_)
    if (Status fits = identity::check_scope(each); !fits) return fits;
  if (Status fits = check_vault(store_); !fits) return fits;
  const Duration least = std::chrono::seconds{1};
  if (session_idle_ < least || session_limit_ < least)
    return Error{Errc::usage, "end sessions after less than a second"};
  if (hash_memory_.bytes / 1024 > UINT32_MAX)
    return Error{Errc::usage, "use --hash-memory " + netkit::to_text(hash_memory_)};
  return ok;
}

Result<identity::Peppers> ServeAction::read_peppers(const cli::Context& context) const {
  std::optional<std::string> path = pepper_file_;
  const auto credentials = context.environment.find("CREDENTIALS_DIRECTORY");
  if (!path && credentials != context.environment.end()) {
    path = credentials->second + "/pepper";
    if (::access(path->c_str(), F_OK) != 0) path.reset();
  }
  if (!path) return identity::Peppers{};
  Result<std::string> text = read_file(*path, pepper_file_size_max);
  if (!text) return text.error();
  Result<identity::Peppers> peppers = identity::Peppers::parse(*text);
  identity::wipe(*text);
  return peppers;
}

Result<OfficeSettings> ServeAction::settings(const cli::Context& context) const {
  const auto seconds = [](Duration duration) {
    return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
  };
  OfficeSettings settings;
  settings.server_name = own_host_name();
  settings.registration = registration_;
  settings.session_idle_s = seconds(session_idle_);
  settings.session_limit_s = seconds(session_limit_);
  settings.hash = {.memory_kib = static_cast<std::uint32_t>(hash_memory_.bytes / 1024),
                   .passes = hash_passes_,
                   .lanes = hash_lanes_};
  settings.default_scopes = default_scopes_;
  if (Status fit = identity::check_parameters(settings.hash); !fit) return fit.error();
  Result<identity::Peppers> peppers = read_peppers(context);
  if (!peppers) return peppers.error();
  settings.peppers = std::move(*peppers);
  return settings;
}

Status ServeAction::open(cli::Context& context) {
  if (Status locked = lock_->write_holder(); !locked) return locked;
  Result<OfficeSettings> settings = this->settings(context);
  if (!settings) return settings.error();
  const Result<unsigned> threads =
      identity::hash_threads(identity::measure_machine(), settings->hash);
  if (!threads) return threads.error();
  Result<std::unique_ptr<Vault>> vault = open_vault(store_, state_, context.log);
  if (!vault) return vault.error();
  std::vector<std::string> names = page_hosts_;
  names.push_back(settings->server_name);
  names.push_back(settings->server_name.substr(0, settings->server_name.find('.')));
  context.log.info("passwords", {{"memory", netkit::to_text(hash_memory_)},
                                 {"passes", hash_passes_},
                                 {"lanes", hash_lanes_},
                                 {"at_a_time", *threads},
                                 {"pepper", settings->peppers.empty() ? "none" : "used"}});
  service_ = std::make_unique<Service>(std::move(*vault), std::move(*settings), *threads,
                                       hash_queue_, context.log);
  if (Status opened = service_->office.open(*service_->vault); !opened) return opened;
  service_->vault->follow(
      [&office = service_->office](const Change& change) { office.follow(change); });
  reception_.emplace(service_->office, std::move(names), admin_path(), !server_.no_tls,
                     server_.message_size_max.bytes);
  return ok;
}

/// Nothing that another thread would bring is waited for after this, so that connections can go.
void ServeAction::close() {
  if (!service_) return;
  service_->hashes.reset();
  service_->clerk->stop();
  service_->office.close(*service_->vault);
}

Status ServeAction::run(cli::Context& context) {
  forbid_core_dumps();
  if (Status fits = check(); !fits) return fits;
  Result<cli::OwnState> own = cli::take_state(context, server_);
  if (!own) return own.error();
  state_ = std::move(own->folder);
  lock_ = std::move(own->lock);

  cli::ServePlan plan = cli::plan_with_admin(net::Scheme::tcp, port, admin_path());
  plan.service.on_connection = [&](net::Connection& each) { return reception_->serve(each); };
  plan.service.silence_limit = net::silence_limit;
  plan.service.on_tick = [&](net::Worker& worker) {
    if (worker.index() == 0) service_->office.tick();
  };
  plan.on_start = [&](net::Server&) { return open(context); };
  plan.on_stop = [&] { close(); };
  plan.on_metrics = [&](cli::Gauges& gauges) {
    gauges.add("auth_sessions", "Sessions that may be used.",
               static_cast<double>(service_->office.index().size()));
    gauges.add("auth_hashes_waiting", "Passwords that wait to be hashed.",
               static_cast<double>(service_->hashes->waiting()));
  };
  return cli::serve(context, server_, std::move(plan));
}

}  // namespace

std::unique_ptr<cli::Action> make_serve() {
  return std::make_unique<ServeAction>();
}

}  // namespace netkit::auth
