// shutdown-agent: the options of both its verbs, and its row in the command table.
#include <array>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.hpp"
#include "base/text.hpp"
#include "cli/packed_text.hpp"
#include "cli/paths.hpp"
#include "cli/secret.hpp"
#include "commands/shutdown/agent_link.hpp"
#include "commands/shutdown/agent_session.hpp"
#include "commands/shutdown/enrolment.hpp"
#include "commands/shutdown/shutdown.hpp"
#include "net/address.hpp"

namespace netkit::shutdown {
namespace {

constexpr const char* hooks_standard = "/etc/netkit/pre-shutdown.d";
constexpr std::size_t secret_size_max = 4096;

/// Who the host is: what both verbs tell the server.
struct Identity {
  std::optional<std::string> state;
  std::optional<std::string> machine_id;
  std::optional<std::string> boot_id;

  void declare(cli::Options& options);
  /// Makes the state folder and fills in `hello`.
  Status look_up(const cli::Context& context, std::string& state_folder, Hello& hello) const;
};

void Identity::declare(cli::Options& options) {
  options.value("state", state, "DIR", "Where to keep what must last (mode 0700)")
      .completes(cli::Complete::directory);
  options.value("machine-id", machine_id, "ID",
                "Take this for the machine id: for containers that share an image");
  options.value("boot-id", boot_id, "ID",
                "Take this for the boot id: for containers that share a kernel");
}

Result<Id> given_id(const std::string& text, const char* option) {
  const std::optional<Id> id = parse_id(text);
  if (id && *id != Id{}) return *id;
  return Error{Errc::usage, "take '" + escape_for_display(text) + "' for " + option,
               "it has 32 hex digits"};
}

Status Identity::look_up(const cli::Context& context, std::string& state_folder,
                         Hello& hello) const {
  state_folder =
      state ? cli::absolute_path(*state)
            : cli::state_directory(context.environment, context.command.name, ::geteuid() == 0);
  if (state_folder.empty())
    return Error{Errc::usage, "find a folder for the state", "give --state DIR or set HOME"};
  if (Status made = make_private_directory(state_folder); !made) return made;
  const Result<Id> machine =
      machine_id ? given_id(*machine_id, "--machine-id") : shutdown::machine_id(state_folder);
  if (!machine) return machine.error();
  const Result<Id> boot = boot_id ? given_id(*boot_id, "--boot-id") : shutdown::boot_id();
  if (!boot) return boot.error();
  hello.machine = *machine;
  hello.boot = *boot;
  hello.host = net::host_name();
  hello.version = NETKIT_VERSION;
  hello.hardware_addresses = hardware_addresses();
  hello.ports = listening_ports();
  return ok;
}

class AgentAction final : public cli::Action {
 public:
  AgentAction() { client_.retry.times = UINT64_MAX; }
  void declare(cli::Options& options) override;
  Status run(cli::Context& context) override;

 private:
  Status check() const;
  Status add_servers(AgentPlan& plan) const;

  std::vector<net::Endpoint> servers_;
  std::string exec_;
  bool dry_run_ = false;
  bool once_ = false;
  std::string confirm_host_;
  std::string hooks_ = hooks_standard;
  cli::TimeLimit hook_limit_{std::chrono::seconds{60}};
  std::optional<Duration> heartbeat_;
  bool insecure_ = false;
  std::optional<std::string> token_;
  std::optional<std::string> token_file_;
  std::optional<int> ready_fd_;
  Identity identity_;
  cli::ClientOptions client_;
};

void AgentAction::declare(cli::Options& options) {
  options
      .positionals("ENDPOINT", servers_,
                   "The servers to obey, the first that answers (default: 127.0.0.1:8765)")
      .completes(cli::Complete::endpoint);
  options.value("exec", exec_, "COMMAND",
                "What turns the host off, run by /bin/sh (default: systemctl poweroff, else "
                "shutdown -h now, else the kernel itself)");
  options.flag("dry-run", dry_run_, "Go through everything, then refuse instead of turning off");
  options.flag("once", once_, "End after the first order");
  options.value("confirm-host", confirm_host_, "NAME",
                "Refuse all orders unless this is the host's name");
  options
      .value("hooks", hooks_, "DIR",
             "Executables to run first, in the order of their names; one that fails is a refusal")
      .completes(cli::Complete::directory);
  options.value("hook-limit", hook_limit_, "DUR", "How long each of them may take; 0: for ever");
  options.value("heartbeat", heartbeat_, "DUR",
                "How often to ask for a sign of life (default: what the server says)");
  options.flag("insecure", insecure_, "Obey ws:// servers off loopback, too");
  options.value("ready-fd", ready_fd_, "N",
                "Write one newline to this descriptor once a server has taken us");
  identity_.declare(options);
  cli::declare_client_limits(options, client_);
  options.value("token", token_, "TOKEN", "Show this token instead of the one of the enrolment");
  options.value("token-file", token_file_, "PATH", "Read it from the first line there; - is stdin")
      .completes(cli::Complete::file);
}

Status AgentAction::check() const {
  if (token_ && token_file_) return Error{Errc::usage, "combine --token and --token-file"};
  if (ready_fd_ && ::fcntl(*ready_fd_, F_GETFD) < 0)
    return Error{Errc::usage, "use --ready-fd " + std::to_string(*ready_fd_),
                 "nothing is open there; in a shell: --ready-fd 7 7>FILE"};
  return ok;
}

Status AgentAction::add_servers(AgentPlan& plan) const {
  std::vector<net::Endpoint> given = servers_;
  if (given.empty()) given.emplace_back();
  for (const net::Endpoint& each : given) {
    const Result<net::Endpoint> server = complete_server(each, insecure_);
    if (!server) return server.error();
    plan.servers.push_back(*server);
  }
  return ok;
}

Status AgentAction::run(cli::Context& context) {
  if (Status fit = check(); !fit) return fit;
  AgentPlan plan;
  if (Status added = add_servers(plan); !added) return added;
  plan.client = client_;
  plan.token = token_;
  if (token_file_) {
    Result<std::string> token = cli::read_secret_file(*token_file_, secret_size_max);
    if (!token) return token.error();
    plan.token = std::move(*token);
  }
  if (Status known = identity_.look_up(context, plan.state, plan.hello); !known) return known;
  const auto path = context.environment.find("PATH");
  plan.path = system_path(path == context.environment.end() ? "" : path->second);
  plan.power_off = choose_power_off(exec_, plan.path);
  plan.hello.dry_run = dry_run_;
  plan.hello.once = once_;
  plan.hello.exec = plan.power_off.shown;
  plan.rules = {.boot = plan.hello.boot,
                .host = plan.hello.host,
                .confirm_host = confirm_host_,
                .command = plan.power_off.shown,
                .dry_run = dry_run_,
                .once = once_};
  plan.hooks = cli::absolute_path(hooks_);
  plan.hook_limit = hook_limit_.has_none() ? Duration{0} : Duration{hook_limit_};
  plan.heartbeat = heartbeat_;
  plan.ready_fd = ready_fd_;
  return run_agent(context, std::move(plan));
}

class EnrolAction final : public cli::Action {
 public:
  void declare(cli::Options& options) override {
    options.value("code", code_, "CODE", "What `netkit shutdown-server enrol` printed");
    options.value("code-file", code_file_, "PATH", "Read it from the first line there; - is stdin")
        .completes(cli::Complete::file);
    identity_.declare(options);
    cli::declare_client(options, client_);
  }
  Status run(cli::Context& context) override;

 private:
  Result<std::string> code() const;
  asio::awaitable<Status> enrol(cli::Context& context);

  std::optional<std::string> code_;
  std::optional<std::string> code_file_;
  Identity identity_;
  cli::ClientOptions client_;

  LinkPlan plan_;
  Hello hello_;
  std::string state_;
};

Result<std::string> EnrolAction::code() const {
  if (code_.has_value() == code_file_.has_value())
    return Error{Errc::usage, "enrol without one code",
                 "give --code or --code-file; `netkit shutdown-server enrol` prints one"};
  if (code_file_) return cli::read_secret_file(*code_file_, secret_size_max);
  return *code_;
}

Status EnrolAction::run(cli::Context& context) {
  // A code in clear would be anyone's on the way, so that here nothing makes up for TLS.
  Result<net::Endpoint> server = complete_server(client_.endpoint.value_or(net::Endpoint{}), false);
  if (!server) return server.error();
  Result<std::string> given = code();
  if (!given) return given.error();
  if (Status known = identity_.look_up(context, state_, hello_); !known) return known;
  hello_.code = std::move(*given);
  plan_ = {.to = std::move(*server), .client = client_, .token = {}};
  return cli::run_client(
      [&] { return cli::with_retries(context, client_.retry, [&] { return enrol(context); }); });
}

asio::awaitable<Status> EnrolAction::enrol(cli::Context& context) {
  const std::string server = net::to_text(plan_.to);
  std::string fingerprint;
  auto link = co_await AgentLink::open(context, plan_, hello_, fingerprint);
  if (!link) co_return link.error();
  const Welcome welcome = (*link)->welcome();
  (*link)->tell(Goodbye{0, "enrolled"});
  (*link)->finish();
  // What comes of the goodbye is nobody's concern any more.
  static_cast<void>(co_await (*link)->run(std::chrono::seconds{1}, [](const FromServer&) {}));
  if (welcome.token.empty())
    co_return Error{Errc::unexpected, "enrol at " + server, "the server gave us no token"};
  const Enrolment enrolment{server, fingerprint, welcome.token};
  if (Status kept = EnrolmentFile{state_}.keep(enrolment); !kept) co_return kept;
  if (context.out.json())
    co_return context.out.object(JsonObject{}
                                     .add("event", "enrolled")
                                     .add("host", hello_.host)
                                     .add("server", welcome.server)
                                     .add("endpoint", server)
                                     .add("fingerprint", fingerprint));
  co_return context.out.line("enrolled " + escape_for_display(hello_.host) + " at " +
                             escape_for_display(welcome.server) + " (" + server + ")");
}

constexpr std::array<cli::Example, 3> agent_examples{{
    {"netkit shutdown-agent ups.example", "obey the server there, over TLS"},
    {"netkit shutdown-agent ups1 ups2 --exec 'sudo -n poweroff'",
     "two servers, as a user who may run poweroff"},
    {"netkit shutdown-agent --dry-run -v", "try it: everything but the end"},
}};
constexpr std::array<cli::Example, 2> enrol_examples{{
    {"netkit shutdown-agent enrol ups.example --code 7K4Q-9XWD-M2TF", "once a host"},
    {"ssh ups netkit shutdown-server enrol | netkit shutdown-agent enrol ups --code-file -",
     "the code never shows"},
}};
constexpr std::array<cli::ExitNote, 2> agent_exits{{
    {0, "ended by a signal, or with --once after the host's command succeeded"},
    {4, "a server not to be trusted, or with --once an order that was refused"},
}};
constexpr std::array<cli::ExitNote, 1> enrol_exits{{{4, "the server refused the code"}}};

constexpr std::array<cli::Verb, 2> verbs{{
    {.name = "",
     .summary = "Obey a shutdown-server: turn this host off when it says so",
     .description =
         "Keeps a connection to the first server that answers and carries out its orders: asks "
         "systemd's inhibitors (unless the order is forced), runs the executables in --hooks, then "
         "the command, whose environment has NETKIT_ORDER, NETKIT_REASON and NETKIT_ISSUER (hooks "
         "also NETKIT_DRY_RUN). Whatever stands against an order is reported as the reason of its "
         "refusal. No order is carried out twice, even if the agent is killed and started anew. "
         "SIGTERM says goodbye and ends; SIGHUP opens the log file again.",
     .examples = agent_examples,
     .exits = agent_exits,
     .make = cli::make_action<AgentAction>},
    {.name = "enrol",
     .summary = "Become known to a server by a code of its",
     .description =
         "Shows the server the code that `netkit shutdown-server enrol` printed there, and keeps "
         "the token it gives in return, and the certificate it shows, in --state. The agent uses "
         "them from then on; one that runs already takes them at its next try.",
     .examples = enrol_examples,
     .exits = enrol_exits,
     .make = cli::make_action<EnrolAction>},
}};

constexpr std::string_view manual_text = R"(
Enrol once at `netkit-shutdown-server`(1), then run the agent as a service. The server's
certificate is remembered at enrolment, or at the first connection, and another one is refused
later; plain ws:// off this machine needs `--insecure`. Of several servers the first one that
answers is obeyed.

The agent needs no root: `--exec 'sudo -n systemctl poweroff'` with one line in sudoers will do.
To try it without turning anything off, use `--dry-run`. Executables in the hooks folder run
first, in the order of their names; one that fails refuses the order, with its output as the
reason. An order is for one boot, and never turns off a host that was booted since.

# FILES

`STATE/enrolment` :: The token and the server's certificate, mode 0600.

`STATE/started-*` :: Orders whose command was started: none is carried out twice.

`/etc/netkit/pre-shutdown.d` :: The hooks, unless `--hooks` names another folder.

# EVENTS

`start`, `stop`, `reload`, `ready_fd`, `state` :: Of the agent itself; `error`.

`connect`, `disconnect`, `retry` :: `endpoint`, `server`, `reason` or `error`.

`order`, `refuse`, `exec`, `cancel`, `goodbye` :: `order`, `why`, `command`, `issuer`, `reason`.
)";
constexpr auto manual_bytes = cli::packed<cli::packed_size(manual_text)>(manual_text);

}  // namespace

constinit const cli::Command agent_command{.name = "shutdown-agent",
                                           .summary = "Turn this host off when ordered to",
                                           .verbs = verbs,
                                           .manual = cli::view_of(manual_bytes)};

}  // namespace netkit::shutdown
