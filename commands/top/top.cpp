// Asking each server once a second, showing what it says, and the row in the command table.
#include "commands/top/top.hpp"

#include <array>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <termios.h>
#include <unistd.h>

#include "base/utf8.hpp"
#include "cli/client.hpp"
#include "cli/metrics.hpp"
#include "commands/top/view.hpp"
#include "net/spawn.hpp"
#include "net/together.hpp"
#include "wire/http.hpp"

namespace netkit::top {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t endpoints_max = 256;
constexpr std::size_t answer_size_max = 4 * 1024 * 1024;
/// Of one question and its answer, so that one server that hangs holds up the table no longer.
constexpr std::chrono::seconds ask_limit{2};
constexpr std::chrono::milliseconds key_interval{100};
constexpr int keys_a_round = 10;

/// The body of the answer that ends with the stream.
Result<std::string> body_of(std::string& answer) {
  const auto head = wire::HttpResponseDecoder{}.next(answer);
  if (!head) return head.error();
  if (!head->message) return Error{Errc::closed};
  if (head->message->status != 200)
    return Error{Errc::mismatch, {}, "the answer is " + std::to_string(head->message->status)};
  return answer.substr(head->used);
}

struct Server {
  net::Endpoint endpoint;
  Row row;
  steady_clock::time_point read_at{};
};

asio::awaitable<Result<std::string>> ask(const net::Endpoint& endpoint) {
  Result<net::Stream> stream = co_await net::connect(endpoint, std::nullopt, ask_limit);
  if (!stream) co_return stream.error();
  stream->expire_in(ask_limit);
  const std::string request = "GET /metrics HTTP/1.1\r\nHost: " + net::authority(endpoint) +
                              "\r\nConnection: close\r\n\r\n";
  if (Status sent = co_await stream->write(request); !sent) co_return sent.error();
  std::string answer;
  std::array<char, 8192> piece;
  for (;;) {
    const Result<std::size_t> got = co_await stream->read_some(piece);
    if (!got && got.error().code != Errc::closed) co_return got.error();
    if (!got) co_return body_of(answer);
    answer.append(piece.data(), *got);
    if (answer.size() > answer_size_max) co_return Errc::too_large;
  }
}

asio::awaitable<Status> look(Server& server) {
  Result<std::string> body = co_await ask(server.endpoint);
  if (!body && body.error().attempt.empty()) {
    std::string hint = body.error().hint;
    hint += (hint.empty() ? "" : "; ") + std::string{"is it what its --metrics says?"};
    body = Error{body.error().code, "read the metrics of " + server.row.endpoint, std::move(hint)};
  }
  const auto now = steady_clock::now();
  const double elapsed_s = std::chrono::duration<double>(now - server.read_at).count();
  const Result<Reading> reading = body ? read_metrics(*body) : Result<Reading>{body.error()};
  take_reading(server.row, reading, elapsed_s);
  server.read_at = now;
  co_return reading ? Status{ok} : Status{reading.error()};
}

/// The whole terminal, keys read one by one and not shown, until this goes.
class Screen {
 public:
  Screen(cli::Context& context, bool wanted) : out_{context.out}, shown_{wanted} {
    if (!shown_) return;
    keys_ = ::tcgetattr(STDIN_FILENO, &before_) == 0;
    termios raw = before_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    if (keys_) ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    static_cast<void>(out_.bytes("\x1b[?1049h\x1b[?25l"));
  }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;
  ~Screen() {
    if (!shown_) return;
    static_cast<void>(out_.bytes("\x1b[?25h\x1b[?1049l"));
    if (keys_) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }

  bool shown() const { return shown_; }
  bool quit_typed() const {
    char key = 0;
    return keys_ && ::read(STDIN_FILENO, &key, 1) == 1 && (key == 'q' || key == 'Q');
  }
  Status draw(std::string_view text, unsigned width) {
    std::string frame = "\x1b[H";
    while (!text.empty()) {
      const std::size_t end = text.find('\n');
      frame.append(utf8_prefix(text.substr(0, end), width)).append("\x1b[K\r\n");
      text.remove_prefix(std::min(end, text.size() - 1) + 1);
    }
    return out_.bytes(frame + "\x1b[J");
  }

 private:
  cli::Output& out_;
  const bool shown_;
  bool keys_ = false;
  termios before_{};
};

class TopAction final : public cli::Action {
 public:
  void declare(cli::Options& options) override {
    options
        .positionals("ENDPOINT", endpoints_,
                     "Where servers show their metrics: HOST:PORT or unix:PATH (default: "
                     "127.0.0.1:9464)")
        .completes(cli::Complete::endpoint);
    options.flag("once", once_, "Show it once, with the rates of one second, and exit");
  }

  Status run(cli::Context& context) override {
    if (Status fits = prepare(); !fits) return fits;
    const bool on_terminal = ::isatty(STDOUT_FILENO) == 1 && !context.out.json();
    const bool once = once_ || !(on_terminal || context.out.json());
    Screen screen{context, !once && on_terminal};
    Status ended =
        cli::run_client([&]() { return once ? show_once(context) : follow(context, screen); });
    if (screen.shown() && !ended && ended.error().code == Errc::interrupted) return ok;
    return ended;
  }

 private:
  Status prepare() {
    if (endpoints_.empty()) endpoints_.emplace_back();
    if (endpoints_.size() > endpoints_max)
      return Error{Errc::usage, "ask more than " + std::to_string(endpoints_max) + " servers"};
    for (const net::Endpoint& each : endpoints_) {
      Result<net::Endpoint> at = cli::metrics_place(each);
      if (!at) return at.error();
      std::string shown = net::to_text(*at);
      servers_.push_back({.endpoint = std::move(*at), .row = {.endpoint = std::move(shown)}});
    }
    return ok;
  }

  asio::awaitable<Status> look_at_all() {
    std::vector<asio::awaitable<Status>> parts;
    for (Server& each : servers_)
      parts.push_back(look(each));
    co_return co_await net::together(std::move(parts));
  }

  /// Errc::interrupted once somebody typed q.
  static asio::awaitable<Status> pause(const Screen* screen) {
    asio::steady_timer timer{co_await asio::this_coro::executor};
    for (int i = 0; i < keys_a_round; ++i) {
      if (screen && screen->quit_typed()) co_return Errc::interrupted;
      timer.expires_after(key_interval);
      std::error_code cancelled;
      co_await timer.async_wait(net::into(cancelled));
    }
    co_return ok;
  }

  static double now_s() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch())
        .count();
  }

  Status show(cli::Context& context, Screen* screen) const {
    std::vector<Row> rows;
    for (const Server& each : servers_)
      rows.push_back(each.row);
    if (context.out.json()) {
      for (const Row& row : rows)
        if (Status shown = context.out.object(show_object(row, now_s())); !shown) return shown;
      return ok;
    }
    const std::string text = table(rows, now_s());
    return screen ? screen->draw(text, context.terminal.width()) : context.out.bytes(text);
  }

  asio::awaitable<Status> show_once(cli::Context& context) {
    static_cast<void>(co_await look_at_all());
    static_cast<void>(co_await pause(nullptr));
    Status looked = co_await look_at_all();
    if (Status shown = show(context, nullptr); !shown) co_return shown;
    co_return looked;
  }

  asio::awaitable<Status> follow(cli::Context& context, Screen& screen) {
    for (;;) {
      static_cast<void>(co_await look_at_all());
      if (Status shown = show(context, screen.shown() ? &screen : nullptr); !shown) co_return shown;
      if (Status waited = co_await pause(&screen); !waited) co_return waited;
    }
  }

  std::vector<net::Endpoint> endpoints_;
  bool once_ = false;
  std::vector<Server> servers_;
};

constexpr std::array<cli::Example, 3> examples{{
    {"netkit top", "the server of this machine that was started with --metrics 9464"},
    {"netkit top 127.0.0.1:9464 web1.lan:9464", "two servers, each second, until q"},
    {"netkit top web1.lan:9464 --once --json | jq .connections", "for a script"},
}};
constexpr std::array<cli::ExitNote, 2> exits{
    {{3, "with --once: a server cannot be reached"}, {5, "with --once: it is no netkit server"}}};
constexpr std::array<cli::Verb, 1> verbs{{
    {"", "Show what servers do right now",
     "Reads what servers show by --metrics and prints a line each: how long it has been up, its "
     "connections, messages and bytes a second, how many were refused, and whether it serves, "
     "drains or is away, and why. On a terminal anew each second until q; in a pipe once; --json "
     "an object for each server each second.",
     examples, exits, cli::make_action<TopAction>},
}};

}  // namespace

constinit const cli::Command command{"top", "What servers do right now, from their metrics", verbs};

}  // namespace netkit::top
