// start, stop, restart and status: a daemon's life, as `systemctl` would have it.
#include <algorithm>
#include <chrono>
#include <poll.h>
#include <unistd.h>

#include "cli/client.hpp"
#include "cli/globals.hpp"
#include "cli/json_text.hpp"
#include "cli/paths.hpp"
#include "commands/presence/control.hpp"
#include "commands/presence/presenced.hpp"
#include "commands/presence/protocol.hpp"
#include "commands/presence/serve.hpp"
#include "log/file_sink.hpp"
#include "net/connect.hpp"
#include "net/message_reader.hpp"
#include "wire/frame.hpp"
#include "wire/json.hpp"

namespace netkit::presence {
namespace {

/// What a daemon may take to end beyond what it gives its connections.
constexpr std::chrono::seconds stop_margin{5};
constexpr std::chrono::seconds start_limit{10};
constexpr int look_again_ms = 50;
constexpr std::size_t status_size_max = 256 * 1024;

class StartAction final : public RunAction {
 public:
  Status run(cli::Context& context) override {
    const Result<std::string> folder = state_folder(context);
    if (!folder) return folder.error();
    const std::string admin_path = *folder + "/" + admin_socket_name;
    start_folder_ = cli::absolute_path(".");
    server().daemon = true;
    const auto until = std::chrono::steady_clock::now() + start_limit;
    for (;;) {
      const Result<std::optional<pid_t>> running = find_running(admin_path);
      if (!running) return running.error();
      if (*running) return say_running(context, **running);
      Status ended = context.log_file ? serve(context)
                                      : serve_with_log(context, *folder + "/" + log_file_name);
      // Another one starts there just now, or ends.
      const bool busy = !ended && ended.error().code == Errc::busy;
      if (!busy || std::chrono::steady_clock::now() >= until) return ended;
      poll(nullptr, 0, look_again_ms);
    }
  }

 private:
  Status take_over(const std::string& folder) override { return keep_start(folder, start_folder_); }

  static Status say_running(cli::Context& context, pid_t pid) {
    context.log.info("start", {{"running", true}, {"pid", pid}});
    return ok;
  }

  Status serve_with_log(cli::Context& context, const std::string& path) {
    Result<std::unique_ptr<log::FileSink>> sink =
        log::FileSink::open(path, {.size_max = context.globals.log_size_max.bytes});
    if (!sink) return sink.error();
    log::LoggerOptions options;
    options.level = context.log.level();
    if (context.globals.log_format == cli::LogFormat::json)
      options.style.format = log::Format::json;
    log::Logger log{std::string{context.command.name}, **sink, std::move(options)};
    cli::Context own{context.command, context.table,    log,
                     context.out,     context.terminal, context.environment,
                     sink->get(),     context.globals,  context.reload};
    Status ended = serve(own);
    if (!ended) log.error("failed", {{"error", ended.error().message()}});
    return ended;
  }

  std::string start_folder_;
};

/// Verbs about a daemon that runs, found by its state.
class ControlAction : public cli::Action {
 public:
  void declare(cli::Options& options) override {
    options.value("state", state_, "DIR", "Where the daemon on this machine keeps its state")
        .completes(cli::Complete::directory);
  }

 protected:
  /// Where its state is, and which process runs on it, if one does.
  struct Found {
    std::string folder;
    std::optional<pid_t> pid;

    std::string admin_path() const { return folder + "/" + admin_socket_name; }
  };
  Result<Found> find(const cli::Context& context) const {
    const std::string path =
        state_ ? *state_
               : cli::state_directory(context.environment, context.command.name, geteuid() == 0);
    if (path.empty())
      return Error{Errc::usage, "find the daemon's state", "give --state DIR or set HOME"};
    Found found;
    found.folder = cli::absolute_path(path);
    const Result<std::optional<pid_t>> pid = find_running(found.admin_path());
    if (!pid) return pid.error();
    found.pid = *pid;
    return found;
  }
  /// Ends it, with the time its connections get to end, --drain, at its standard value.
  static Status end(const Found& found) {
    const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::nanoseconds{net::drain_limit} + stop_margin);
    return end_process(*found.pid, found.admin_path(), limit);
  }

 private:
  std::optional<std::string> state_;
};

class StopAction final : public ControlAction {
 public:
  Status run(cli::Context& context) override {
    const Result<Found> found = find(context);
    if (!found) return found.error();
    if (found->pid) return end(*found);
    context.log.info("stop", {{"running", false}});
    return ok;
  }
};

class RestartAction final : public ControlAction {
 public:
  Status run(cli::Context& context) override {
    const Result<Found> found = find(context);
    if (!found) return found.error();
    std::optional<KeptStart> kept = kept_start(found->folder);
    if (found->pid && (!kept || kept->pid != *found->pid))
      return Error{
          Errc::usage, "restart a daemon that `start` did not start",
          "it runs as process " + std::to_string(*found->pid) + "; whoever runs it restarts it"};
    if (found->pid)
      if (Status ended = end(*found); !ended) return ended;
    std::vector<std::string> words{"netkit", std::string{context.command.name}, "start", "--state",
                                   found->folder};
    if (kept) {
      words = std::move(kept->words);
      if (chdir(kept->folder.c_str()) != 0) return errno_error("change to " + kept->folder);
    }
    std::vector<char*> arguments;
    for (std::string& word : words)
      arguments.push_back(word.data());
    arguments.push_back(nullptr);
    execv("/proc/self/exe", arguments.data());
    return errno_error("start " + words.front());
  }
};

class StatusAction final : public ControlAction {
 public:
  void declare(cli::Options& options) override {
    ControlAction::declare(options);
    options.value("timeout", limit_, "DUR", "How long the daemon may take to answer");
  }

  Status run(cli::Context& context) override {
    const Result<Found> found = find(context);
    if (!found) return found.error();
    if (!found->pid)
      return Error{std::make_error_code(std::errc::connection_refused), "find a running presenced",
                   "start it: netkit presenced start; or name it: --state DIR"};
    return cli::run_client([&] { return ask(context, *found); });
  }

 private:
  asio::awaitable<Status> ask(cli::Context& context, const Found& found) {
    const net::Endpoint to{
        .scheme = net::Scheme::unix_, .host = {}, .port = {}, .path = found.admin_path()};
    Result<net::Stream> stream = co_await net::connect(to, std::nullopt, limit_);
    if (!stream) co_return stream.error();
    stream->expire_in(limit_);
    std::string out;
    append_hello(out, ClientHello{});
    append_message(out, message_type::status, {});
    if (Status sent = co_await stream->write(out); !sent) co_return sent;
    net::MessageReader<wire::FrameDecoder> reader{wire::FrameDecoder{status_size_max},
                                                  status_size_max};
    for (;;) {
      const Result<wire::Frame> frame = co_await reader.next(*stream);
      if (!frame) co_return Error{frame.error().code, "hear from presenced"};
      if (frame->type != message_type::status) continue;
      const Result<wire::Json> status =
          wire::Json::parse(frame->body, {.size_max = status_size_max, .depth_max = 8});
      if (!status) co_return status.error();
      co_await stream->close();
      co_return show(context, *status);
    }
  }

  static std::string field(const wire::Json& object, std::string_view member) {
    return cli::field_text(object.find(member));
  }
  static std::string time(const wire::Json& object, std::string_view member) {
    return to_people(std::chrono::duration_cast<Duration>(
        std::chrono::duration<double>{object.number(member).value_or(0)}));
  }
  static std::string way_text(const wire::Json* way, const char* family) {
    if (way == nullptr) return {};
    std::string text = std::string{"\t"} + family + "=";
    text += way->boolean("joined") == true ? "joined" : "-";
    text += " received=" + field(*way, "received") + " sent=" + field(*way, "sent");
    if (way->find("failure") != nullptr) text += " failure=" + field(*way, "failure");
    if (way->find("heard_s_ago") != nullptr)
      text += " heard=" + field(*way, "heard_s_ago") + "s-ago";
    return text;
  }

  static Status show(cli::Context& context, const wire::Json& status) {
    if (context.out.json()) return cli::show_members(context.out, status, {});
    std::vector<std::string> lines{"running\tpid " + field(status, "pid"),
                                   "uptime\t" + time(status, "uptime_s")};
    for (const wire::Json& each : status.items("listening"))
      lines.push_back("listening\t" + cli::field_text(&each));
    if (const wire::Json* const peers = status.find("peers")) {
      std::string line = "peers";
      for (const char* state : {"online", "away", "suspect", "offline", "left"})
        line += std::string{"\t"} + state + "=" + field(*peers, state);
      lines.push_back(std::move(line));
    }
    lines.push_back("followers\t" + field(status, "followers"));
    lines.push_back("daemons\t" + field(status, "daemons"));
    lines.push_back("bound\tkilled=" + time(status, "killed_seen_s") + "\tsilent=" +
                    time(status, "silent_seen_s") + "\tperiod=" + time(status, "period_s"));
    if (status.boolean("isolated") == true)
      lines.push_back("isolated\tno other machine is heard: nobody is declared offline");
    for (const wire::Json& each : status.items("interfaces"))
      lines.push_back("interface\t" + field(each, "name") + way_text(each.find("v4"), "v4") +
                      way_text(each.find("v6"), "v6"));
    lines.push_back(
        "datagrams\t" + field(status, "datagrams") + "\tform=" + field(status, "dropped_form") +
        "\trate=" + field(status, "dropped_rate") + "\told=" + field(status, "dropped_old") +
        "\tforged=" + field(status, "dropped_signature"));
    for (const std::string& line : lines)
      if (Status shown = context.out.line(line); !shown) return shown;
    return ok;
  }

  Duration limit_ = std::chrono::seconds{2};
};

}  // namespace

std::unique_ptr<cli::Action> make_start() {
  return std::make_unique<StartAction>();
}
std::unique_ptr<cli::Action> make_stop() {
  return std::make_unique<StopAction>();
}
std::unique_ptr<cli::Action> make_restart() {
  return std::make_unique<RestartAction>();
}
std::unique_ptr<cli::Action> make_status() {
  return std::make_unique<StatusAction>();
}

}  // namespace netkit::presence
