// echo send: text there, answer to stdout.
#include <re2/re2.h>
#include <unistd.h>

#include "base/text.hpp"
#include "cli/standard_input.hpp"
#include "commands/echo/channel.hpp"

namespace netkit::echo {
namespace {

class SendAction final : public cli::Action {
 public:
  void declare(cli::Options& options) override {
    options.flag("no-newline", no_newline_, "Send TEXT without a line end behind it")
        .with_letter('n');
    options.value("expect", expect_, "REGEX", "Exit 5 unless the answer matches (RE2 syntax)");
    declare_framing(options, framing_);
    cli::declare_client(options, client_);
    cli::declare_token(options, client_);
    options.positionals("TEXT", text_, "What to send, joined by spaces; without it, stdin");
  }

  Status run(cli::Context& context) override;

 private:
  asio::awaitable<Status> converse(cli::Context& context);
  asio::awaitable<Status> exchange(cli::Context& context, Channel& channel, std::string message);
  asio::awaitable<Status> send_input(cli::Context& context, Channel& channel);
  Status judge(cli::Context& context, std::string_view answer, bool bounded);

  bool no_newline_ = false;
  std::optional<std::string> expect_;
  Framing framing_ = Framing::raw;
  cli::ClientOptions client_;
  cli::Credential credential_;
  std::vector<std::string> text_;

  net::Endpoint to_;
  std::unique_ptr<re2::RE2> pattern_;
};

Status SendAction::run(cli::Context& context) {
  if (expect_) {
    pattern_ = std::make_unique<re2::RE2>(*expect_, re2::RE2::Quiet);
    if (!pattern_->ok())
      return Error{Errc::usage, "read --expect '" + escape_for_display(*expect_) + "'",
                   pattern_->error()};
  }
  Result<net::Endpoint> to = cli::choose_endpoint(context, client_, net::Scheme::tcp, port);
  if (!to) return to.error();
  to_ = client_.endpoint ? completed(*client_.endpoint) : *to;
  Result<cli::Credential> credential = cli::Credential::of(context, client_);
  if (!credential) return credential.error();
  credential_ = std::move(*credential);
  return cli::run_client([&] { return converse(context); });
}

asio::awaitable<Status> SendAction::converse(cli::Context& context) {
  auto opened = co_await open_channel(context, client_, to_,
                                      {.framing = framing_, .credential = &credential_});
  if (!opened) co_return opened.error();
  Channel& channel = **opened;
  context.log.info("connect", {{"endpoint", net::to_text(to_)}, {"dialect", channel.dialect()}});
  Status done = ok;
  if (text_.empty())
    done = co_await send_input(context, channel);
  else
    done = co_await exchange(context, channel, join(text_, " ") + (no_newline_ ? "" : "\n"));
  co_await channel.close();
  context.log.info("disconnect", {{"endpoint", net::to_text(to_)}});
  co_return done;
}

asio::awaitable<Status> SendAction::send_input(cli::Context& context, Channel& channel) {
  cli::StandardInput input{STDIN_FILENO};
  for (;;) {
    Result<std::string> line = co_await input.line();
    if (!line && line.error().code == Errc::closed) co_return ok;
    if (!line) co_return line.error();
    if (Status done = co_await exchange(context, channel, std::move(*line)); !done) co_return done;
  }
}

asio::awaitable<Status> SendAction::exchange(cli::Context& context, Channel& channel,
                                             std::string message) {
  if (channel.keeps_bounds() && message.ends_with('\n')) message.pop_back();
  channel.expire_in(client_.answer_limit);
  if (message.empty() && !channel.keeps_bounds()) co_return ok;

  Result<std::string_view> answer =
      co_await echo::exchange(channel, message, {.size = message.size(), .at_line_end = true});
  context.log.info("send", {{"bytes", message.size()}});
  if (!answer) {
    // What did come is data all the same; only nothing at all is a failure.
    const std::string partial = channel.take_partial();
    const Error failed{answer.error().code, "get an answer from " + net::to_text(to_),
                       answer.error().hint};
    if (partial.empty() || failed.code == Errc::refused) co_return failed;
    context.log.info("receive", {{"bytes", partial.size()}});
    co_return judge(context, partial, channel.keeps_bounds());
  }
  context.log.info("receive", {{"bytes", answer->size()}});
  co_return judge(context, *answer, channel.keeps_bounds());
}

Status SendAction::judge(cli::Context& context, std::string_view answer, bool bounded) {
  const bool line = answer.ends_with('\n');
  Status printed = ok;
  if (context.out.json())
    printed =
        context.out.object(JsonObject{}
                               .add("event", "receive")
                               .add("bytes", answer.size())
                               .add("text", line ? answer.substr(0, answer.size() - 1) : answer));
  else
    printed = bounded ? context.out.line(answer) : context.out.bytes(answer);
  if (!printed) return printed;
  if (!pattern_) return ok;
  const std::string_view text = line ? answer.substr(0, answer.size() - 1) : answer;
  if (re2::RE2::PartialMatch(re2::StringPiece{text.data(), text.size()}, *pattern_)) return ok;
  return Error{Errc::mismatch,
               "accept the answer '" + escape_for_display(text.substr(0, 200)) + "'",
               "--expect is '" + escape_for_display(*expect_) + "'"};
}

}  // namespace

std::unique_ptr<cli::Action> make_send() {
  return std::make_unique<SendAction>();
}

}  // namespace netkit::echo
