// `netkit peer send`: messages to one peer, from the command line or line by line from stdin, and
// files; and `netkit peer forget`, which takes back whom it came to trust by that.
#include <algorithm>
#include <asio/execution/context.hpp>
#include <asio/query.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <unistd.h>

#include "base/text.hpp"
#include "cli/standard_input.hpp"
#include "commands/presence/complete.hpp"
#include "commands/presence/known_peers.hpp"
#include "commands/presence/mailing.hpp"
#include "commands/presence/message.hpp"
#include "commands/presence/peer_keys.hpp"
#include "commands/presence/peer_verbs.hpp"
#include "commands/presence/porter.hpp"
#include "commands/presence/with_circle.hpp"
#include "net/spawn.hpp"

namespace netkit::presence {
namespace {

/// Each is held open from the start.
constexpr std::size_t files_max = 256;
/// What is read ahead while messages are under way, and sent in one go.
constexpr std::size_t lines_max = 256;
constexpr std::size_t lines_size_max = 1024 * 1024;

/// Lines of stdin that wait to be sent. Reading and sending go on side by side.
struct Lines {
  explicit Lines(const asio::any_io_executor& executor)
      : filled{executor, asio::steady_timer::time_point::max()},
        room{executor, asio::steady_timer::time_point::max()} {}

  static asio::awaitable<void> read(std::shared_ptr<Lines> self, std::string_view command,
                                    const cli::Terminal& terminal);
  /// Empty at the end.
  static asio::awaitable<std::vector<std::string>> next(std::shared_ptr<Lines> self);
  bool full() const { return waiting.size() >= lines_max || size >= lines_size_max; }

  std::deque<std::string> waiting;
  std::size_t size = 0;
  bool ended = false;
  std::size_t left_out = 0;
  Status unsaid = ok;  // Why some of them cannot be sent.
  asio::steady_timer filled;
  asio::steady_timer room;
};

asio::awaitable<void> Lines::read(std::shared_ptr<Lines> self, std::string_view command,
                                  const cli::Terminal& terminal) {
  cli::StandardInput input{STDIN_FILENO, text_size_max};
  std::error_code woken;
  for (std::size_t number = 1;; ++number) {
    Result<std::string> line = co_await input.line();
    if (!line) {
      if (line.error().code != Errc::closed) self->unsaid = line.error();
      break;
    }
    while (line->ends_with('\n') || line->ends_with('\r'))
      line->pop_back();
    if (line->empty()) continue;
    if (const Status fits = check_text(*line); !fits) {
      const Error why{fits.error().code, "send line " + std::to_string(number)};
      terminal.say("netkit " + std::string{command} + ": " + why.message() + "\n");
      ++self->left_out;
      self->unsaid =
          Error{why.code, "send all lines", std::to_string(self->left_out) + " were left out"};
      continue;
    }
    while (self->full())
      co_await self->room.async_wait(net::into(woken));
    self->size += line->size();
    self->waiting.push_back(std::move(*line));
    self->filled.cancel();
  }
  self->ended = true;
  self->filled.cancel();
}

asio::awaitable<std::vector<std::string>> Lines::next(std::shared_ptr<Lines> self) {
  std::error_code woken;
  while (self->waiting.empty() && !self->ended)
    co_await self->filled.async_wait(net::into(woken));
  std::vector<std::string> batch{std::make_move_iterator(self->waiting.begin()),
                                 std::make_move_iterator(self->waiting.end())};
  self->waiting.clear();
  self->size = 0;
  self->room.cancel();
  co_return batch;
}

class SendAction final : public cli::Action {
 public:
  void declare(cli::Options& options) override;
  Status run(cli::Context& context) override;

 private:
  Status open_files();
  Status send(cli::Context& context, MailingPlan plan);
  Result<MailingPlan> plan(const cli::Context& context, const PeerKeys& keys) const;
  asio::awaitable<Status> send_directly(const cli::Context& context, MailingPlan plan) const;
  asio::awaitable<Status> send_in(const cli::Context& context, Circle& circle,
                                  MailingPlan plan) const;
  asio::awaitable<Status> send_all(const cli::Context& context, Mailing& mailing) const;

  PeerOptions peer_;
  std::vector<std::string> words_;
  std::vector<std::string> files_;
  std::vector<Parcel> parcels_;
  std::optional<std::string> name_;
  std::optional<Duration> wait_;
  bool accept_new_key_ = false;
};

void SendAction::declare(cli::Options& options) {
  options
      .positionals("NAME", words_,
                   "The peer, as peer list shows it, or its HOST:PORT; then the message, else "
                   "each line of stdin is one, unless there are files")
      .completes(peers_here);
  options
      .values("file", files_, "PATH",
              "A file to be sent after the message, to a peer that runs with --files; again for "
              "more")
      .completes(cli::Complete::file)
      .only_on_command_line();
  options.value("name", name_, "NAME", "Who the message is from (default: USER@HOST)");
  options
      .value("wait", wait_, "DUR",
             "Keep the message until the peer is here, at most for DUR, else for as long as it "
             "takes")
      .may_stand_alone("0")
      .only_on_command_line();
  options
      .flag("accept-new-key", accept_new_key_,
            "Trust the peer although its key is another one than before")
      .only_on_command_line();
  declare_peer(options, peer_);
}

Result<MailingPlan> SendAction::plan(const cli::Context& context, const PeerKeys& keys) const {
  Result<std::string> state = peer_state(context, peer_);
  if (!state) return state.error();
  MailingPlan plan;
  plan.pair = &keys.key().pair();
  plan.own.name = keys.name();
  plan.own.key = keys.key().public_key();
  plan.own.instance = moment().wall_ms * 1000;
  plan.state = std::move(*state);
  plan.accept_new_key = accept_new_key_;
  plan.wait = wait_;
  plan.retries = peer_.client.retry.times;
  plan.answer_limit = peer_.client.answer_limit;
  return plan;
}

Status SendAction::open_files() {
  if (files_.size() > files_max)
    return Error{Errc::usage, "send so many files", std::to_string(files_max) + " are the most"};
  for (const std::string& path : files_) {
    Result<Parcel> parcel = open_parcel(path);
    if (!parcel) return parcel.error();
    parcels_.push_back(std::move(*parcel));
  }
  return ok;
}

Status SendAction::run(cli::Context& context) {
  if (words_.empty())
    return Error{Errc::usage, "send a message to nobody", "name a peer: netkit peer list"};
  if (words_.size() > 1)
    if (const Status fits = check_text(join(std::span{words_}.subspan(1), " ")); !fits)
      return Error{fits.error().code, "send the message", fits.error().hint.str()};
  if (Status opened = open_files(); !opened) return opened;
  const Result<std::string> name = own_name(context.environment, name_);
  if (!name) return name.error();
  const Result<std::string> state = peer_state(context, peer_);
  if (!state) return state.error();
  const Result<PeerKeys> keys = PeerKeys::open(*state, *name);
  if (!keys) return keys.error();
  Result<MailingPlan> planned = plan(context, *keys);
  if (!planned) return planned.error();
  return send(context, std::move(*planned));
}

Status SendAction::send(cli::Context& context, MailingPlan plan) {
  if (is_endpoint(words_.front())) {
    Result<Recipient> recipient = recipient_at(words_.front());
    if (!recipient) return recipient.error();
    plan.find = [to = std::move(*recipient)]() -> Result<Recipient> { return to; };
    return cli::run_client([&] { return send_directly(context, plan); });
  }
  return with_circle(context, peer_,
                     [&](Circle& circle) { return send_in(context, circle, plan); });
}

asio::awaitable<Status> SendAction::send_directly(const cli::Context& context,
                                                  MailingPlan plan) const {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  auto& io = static_cast<asio::io_context&>(asio::query(executor, asio::execution::context));
  Mailing mailing{context, io, std::move(plan)};
  co_return co_await send_all(context, mailing);
}

asio::awaitable<Status> SendAction::send_in(const cli::Context& context, Circle& circle,
                                            MailingPlan plan) const {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  auto& io = static_cast<asio::io_context&>(asio::query(executor, asio::execution::context));
  plan.find = [&circle, this]() -> Result<Recipient> {
    const Result<const Entry*> entry = pick(circle.called(words_.front()), words_.front());
    if (!entry) return entry.error();
    return recipient_of(**entry, circle.source().host);
  };
  Mailing mailing{context, io, std::move(plan)};
  circle.on_change = [&](const Entry&, std::optional<State>) { mailing.look_again(); };
  const Status whole = co_await circle.complete();
  Status sent = whole;
  if (whole || wait_) sent = co_await send_all(context, mailing);
  circle.on_change = {};
  co_return sent;
}

asio::awaitable<Status> SendAction::send_all(const cli::Context& context, Mailing& mailing) const {
  if (words_.size() > 1 || !parcels_.empty()) {
    std::vector<std::string> texts;
    if (words_.size() > 1) texts.push_back(join(std::span{words_}.subspan(1), " "));
    co_return co_await mailing.send(std::move(texts), parcels_);
  }
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const auto lines = std::make_shared<Lines>(executor);
  asio::co_spawn(executor, Lines::read(lines, context.command.name, context.terminal),
                 net::rethrow);
  for (;;) {
    std::vector<std::string> batch = co_await Lines::next(lines);
    if (batch.empty()) co_return lines->unsaid;
    Status sent = co_await mailing.send(std::move(batch));
    if (!sent) co_return sent;
  }
}

class ForgetAction final : public cli::Action {
 public:
  void declare(cli::Options& options) override {
    options.positional("NAME", name_, "The peer, as it was shown");
    options.value("state", peer_.state, "DIR", "Where keys are kept, ours and those of known peers")
        .completes(cli::Complete::directory);
  }

  Status run(cli::Context& context) override {
    if (!name_) return Error{Errc::usage, "forget nobody", "name a peer"};
    const Result<std::string> state = peer_state(context, peer_);
    if (!state) return state.error();
    const Result<std::size_t> forgotten = KnownPeers{*state}.forget(*name_);
    if (!forgotten) return forgotten.error();
    if (*forgotten == 0)
      return Error{Errc::not_found, "forget the peer " + escape_for_display(*name_),
                   "known_peers has no such name"};
    return ok;
  }

 private:
  PeerOptions peer_;
  std::optional<std::string> name_;
};

}  // namespace

std::unique_ptr<cli::Action> make_send() {
  return std::make_unique<SendAction>();
}

std::unique_ptr<cli::Action> make_forget() {
  return std::make_unique<ForgetAction>();
}

}  // namespace netkit::presence
