// The row of chat in the command table, its options, and which face it shows.
#include "commands/relay/chat.hpp"

#include <array>
#include <asio/awaitable.hpp>

#include "base/hex.hpp"
#include "base/random.hpp"
#include "cli/packed_text.hpp"
#include "commands/relay/chat_client.hpp"
#include "commands/relay/chat_pipe.hpp"
#include "commands/relay/chat_terminal.hpp"
#include "commands/relay/complete.hpp"
#include "commands/relay/relay.hpp"
#include "commands/relay/requests.hpp"

namespace netkit::relay {
namespace {

constexpr std::uint64_t history_max = 1'000'000;

std::string new_secret() {
  char bytes[32];
  fill_random(bytes);
  return to_hex({bytes, sizeof bytes});
}

class ChatAction final : public cli::Action {
 public:
  void declare(cli::Options& options) override;
  Status run(cli::Context& context) override;

 private:
  Result<ChatPlan> plan(const cli::Context& context);
  Result<std::vector<net::Endpoint>> relays(const cli::Context& context) const;
  bool is_for_a_person(const cli::Context& context) const;
  std::unique_ptr<ChatFace> face(const cli::Context& context, cli::AbovePrompt* log) const;
  Status talk(const cli::Context& context, cli::AbovePrompt* log);

  std::vector<net::Endpoint> endpoints_;
  std::optional<std::string> nick_;
  std::string room_{standard_room};
  std::uint64_t history_ = 0;
  bool events_ = false;
  bool listen_only_ = false;
  std::uint64_t expect_ = 0;
  cli::ClientOptions client_;
};

void ChatAction::declare(cli::Options& options) {
  options.value("nick", nick_, "NAME", "What to be called (default: the relay chooses, guest-N)");
  options.value("room", room_, "ROOM", "Where to listen and speak").completes(rooms_here);
  options.value("history", history_, "N", "Begin with the last N messages of the room");
  options.flag("events", events_, "Print who comes and goes, gaps and reconnects, too");
  options.flag("listen-only", listen_only_, "Say nothing, read nothing from stdin");
  options.value("expect", expect_, "N",
                "Exit after N messages, or with 6 once --timeout passes without one; 0: go on");
  cli::declare_client_limits(options, client_);
  cli::declare_token(options, client_);
  options
      .positionals("ENDPOINT", endpoints_,
                   "Relays, [SCHEME://]HOST[:PORT] or unix:PATH: the next one is taken when one "
                   "is lost")
      .completes(cli::Complete::endpoint);
}

Result<std::vector<net::Endpoint>> ChatAction::relays(const cli::Context& context) const {
  std::vector<net::Endpoint> given = endpoints_;
  if (given.empty()) {
    Result<net::Endpoint> chosen = cli::choose_endpoint(context, client_, net::Scheme::tcp, port);
    if (!chosen) return chosen.error();
    if (chosen->scheme == net::Scheme::tcp && !net::is_loopback(*chosen)) chosen->scheme.reset();
    given.push_back(std::move(*chosen));
  }
  for (net::Endpoint& each : given) {
    const net::Scheme scheme = net::is_loopback(each) ? net::Scheme::tcp : net::Scheme::tls;
    each = net::complete(std::move(each), scheme, "127.0.0.1", port);
    const net::Scheme chosen = *each.scheme;
    if (chosen != net::Scheme::tcp && chosen != net::Scheme::tls && chosen != net::Scheme::unix_)
      return Error{Errc::usage, "chat by " + net::to_text(each), "use tcp://, tls:// or unix:"};
  }
  return given;
}

Result<ChatPlan> ChatAction::plan(const cli::Context& context) {
  if (history_ > history_max)
    return Error{Errc::usage, "begin with that much history",
                 "at most " + std::to_string(history_max)};
  Result<std::string> room = normal_room(room_);
  if (!room) return room.error();
  if (nick_) {
    const Result<std::string> nick = normal_nick(*nick_);
    if (!nick) return nick.error();
  }
  Result<std::vector<net::Endpoint>> found = relays(context);
  if (!found) return found.error();
  Result<cli::Credential> credential = cli::Credential::of(context, client_);
  if (!credential) return credential.error();
  for (const net::Endpoint& each : *found)
    if (const Result<bool> fits = credential->fits(each); !fits) return fits.error();
  ChatPlan plan;
  plan.relays = std::move(*found);
  plan.client = client_;
  plan.credential = std::move(*credential);
  if (client_.retry.times > 0) plan.patience.rounds = client_.retry.times;
  plan.patience.after_loss = client_.answer_limit;
  plan.wish.nick = nick_.value_or("");
  plan.wish.room = std::move(*room);
  plan.wish.history = history_;
  plan.wish.secret = new_secret();
  const bool person = is_for_a_person(context);
  plan.wish.events = events_ || person;
  plan.patience.for_ever_after_loss = person;
  return plan;
}

/// Somebody who edits lines, not one who only looks on.
bool ChatAction::is_for_a_person(const cli::Context& context) const {
  return context.terminal.interactive() && !listen_only_ && expect_ == 0;
}

std::unique_ptr<ChatFace> ChatAction::face(const cli::Context& context,
                                           cli::AbovePrompt* log) const {
  if (is_for_a_person(context))
    return std::make_unique<ChatTerminal>(
        context,
        TerminalWish{.events = events_,
                     .colour = cli::shows_colour(context),
                     .prompt = {.history = cli::typed_lines_path(context, "chat"), .log = log}});
  return std::make_unique<ChatPipe>(
      context, PipeWish{.events = events_,
                        .listen_only = listen_only_ || context.terminal.interactive(),
                        .expect = expect_,
                        .patience = client_.answer_limit});
}

Status ChatAction::run(cli::Context& context) {
  if (!is_for_a_person(context)) return talk(context, nullptr);
  return cli::with_log_above(
      context, [this](const cli::Context& own, cli::AbovePrompt* log) { return talk(own, log); });
}

Status ChatAction::talk(const cli::Context& context, cli::AbovePrompt* log) {
  Result<ChatPlan> planned = plan(context);
  if (!planned) return planned.error();
  return cli::run_client([&]() -> asio::awaitable<Status> {
    const auto executor = co_await asio::this_coro::executor;
    const auto client =
        std::make_shared<ChatClient>(context, executor, std::move(*planned), face(context, log));
    co_return co_await ChatClient::run(client);
  });
}

constexpr std::array<cli::Example, 2> examples{{
    {"netkit chat --nick anna relay1.example relay2.example",
     "a terminal to talk on; the second relay takes over when the first is lost"},
    {"tail -F app.log | netkit chat --nick web1 --room logs", "each line is a message"},
}};

constexpr std::array<cli::ExitNote, 3> exits{{
    {3, "no relay is reached, or none within --timeout after the last was lost"},
    {4, "not let in, or not allowed to speak"},
    {6, "what --expect waits for did not come"},
}};

constexpr std::array<cli::Verb, 1> verbs{{
    {"", "Talk to everybody at the relays",
     "On a terminal, lines are edited, and a line that begins with / is a command: /help lists "
     "them. In a pipe, each line of stdin is a message, and chat ends once all are acknowledged; "
     "what is said goes to stdout as NICK: TEXT, or as an object a line with --json. When a relay "
     "is lost, the next one of those given goes on where it was: nothing is lost, nothing comes "
     "twice.",
     examples, exits, cli::make_action<ChatAction>},
}};

constexpr std::string_view manual_text = R"(
The client of `netkit-relay`(1). In a pipe, `--listen-only` hears without saying, `--expect N`
ends after N messages, `--json` prints an object a message, and `--events` adds who comes and
goes, gaps and reconnects.

Messages are kept until they are acknowledged, and offered to the next relay under a secret of
this run: give several relays, and one may die without a message lost or repeated. What no relay
has any more is told as a gap.

A relay that asks for a token is shown a ticket of the stored sign-in (`netkit-auth`(1)), or what
`--token-file` has.

# FILES

`~/.local/state/netkit/chat/typed` :: Lines typed on a terminal, for the arrow keys.
)";
constexpr auto manual_bytes = cli::packed<cli::packed_size(manual_text)>(manual_text);

}  // namespace

constinit const cli::Command chat_command{.name = "chat",
                                          .summary = "Talk to everybody at the relays",
                                          .verbs = verbs,
                                          .manual = cli::view_of(manual_bytes)};

}  // namespace netkit::relay
