// From stdin to the relay by a window, from the relay to stdout line by line.
#include "commands/relay/chat_pipe.hpp"

#include <algorithm>
#include <unistd.h>

#include "base/code_point.hpp"
#include "base/utf8.hpp"
#include "cli/standard_input.hpp"
#include "net/spawn.hpp"

namespace netkit::relay {
namespace {

/// How long one's own last message may take to come back once it is acknowledged.
constexpr std::chrono::milliseconds echo_limit{500};
constexpr Duration for_ever = std::chrono::hours{24};

std::string_view without_end(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

Error unsaid_line(std::size_t number, const Error& why) {
  const bool long_one = why.code == Errc::too_large;
  return {long_one ? std::make_error_code(std::errc::message_size) : why.code,
          "send line " + std::to_string(number), why.hint.str()};
}

}  // namespace

std::string as_utf8(std::string_view bytes) {
  if (is_utf8(bytes)) return std::string{bytes};
  std::string text;
  while (!bytes.empty()) {
    const CodePoint point = decode_code_point(bytes);
    if (point.size > 0)
      text += bytes.substr(0, point.size);
    else
      text += "\xef\xbf\xbd";
    bytes.remove_prefix(std::max<std::size_t>(point.size, 1));
  }
  return text;
}

asio::awaitable<Status> ChatPipe::run(ChatClient& client) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  wake_.emplace(executor);
  expecting_.emplace(executor);
  if (wish_.expect > 0) expect_more(client);
  while (!entered_)
    co_await wait(for_ever);
  if (wish_.listen_only) co_return ok;
  if (Status said = co_await say_all(client); !said) co_return said;

  ChatMachine& machine = client.machine();
  while (machine.unacknowledged() > 0)
    co_await wait(for_ever);
  const auto until = std::chrono::steady_clock::now() + echo_limit;
  while (!machine.is_heard() && std::chrono::steady_clock::now() < until)
    co_await wait(until - std::chrono::steady_clock::now());
  if (wish_.expect == 0) client.end(ok);
  co_return ok;
}

asio::awaitable<Status> ChatPipe::say_all(ChatClient& client) {
  ChatMachine& machine = client.machine();
  cli::StandardInput input{STDIN_FILENO, text_size_max};
  for (std::size_t number = 1;; ++number) {
    const Result<std::string> line = co_await input.line();
    if (!line && line.error().code == Errc::closed) co_return ok;
    if (!line) co_return unsaid_line(number, line.error());
    while (!machine.may_say())
      co_await wait(for_ever);
    const std::string& room = machine.rooms().front();
    if (Status said = machine.say(room, as_utf8(without_end(*line))); !said)
      co_return unsaid_line(number, said.error());
    client.flush();
  }
}

/// Until something was heard.
asio::awaitable<void> ChatPipe::wait(Duration limit) {
  wake_->expires_after(limit);
  std::error_code woken;
  co_await wake_->async_wait(net::into(woken));
}

void ChatPipe::heard(ChatClient& client) {
  if (!failed_) return client.end(failed_);
  if (wish_.expect > 0 && count_ != expected_from_) expect_more(client);
  wake_->cancel();
}

/// Each message sets the clock back; the last one that was expected ends it all, once what was read
/// so far is acknowledged.
void ChatPipe::expect_more(ChatClient& client) {
  if (count_ >= wish_.expect) {
    expecting_->cancel();
    if (client.machine().unacknowledged() == 0) client.end(ok);
    return;
  }
  expected_from_ = count_;
  expecting_->expires_after(std::min(wish_.patience, for_ever));
  expecting_->async_wait([this, &client](std::error_code cancelled) {
    if (cancelled) return;
    client.end(Error{Errc::timed_out, "hear " + std::to_string(wish_.expect) + " messages",
                     std::to_string(count_) + " came"});
  });
}

void ChatPipe::entered(const ChatWelcome& welcome) {
  entered_ = true;
  if (welcome.again && wish_.events)
    note("connected", "at relay " + one_line(welcome.relay) + " as " + one_line(welcome.nick));
  else
    context_.log.info("connect", {{"relay", welcome.relay}, {"nick", welcome.nick}});
}

void ChatPipe::lost(const net::Endpoint& relay, const Error& why) {
  const std::string text = "lost the relay at " + net::to_text(relay) + ": " + why.message();
  if (wish_.events)
    note("lost", text);
  else
    context_.log.warn("lost", {{"endpoint", net::to_text(relay)}, {"error", why.message()}});
}

/// What no relay tells but the client itself.
void ChatPipe::note(std::string_view what, std::string_view text) {
  if (!context_.out.json()) return keep(context_.out.line("* " + std::string{text}));
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
  JsonObject object;
  object.add("event", what).add("time", time_text(static_cast<std::uint64_t>(ms)));
  keep(context_.out.object(object.add("text", text)));
}

void ChatPipe::said(const Said& said, bool) {
  if (wish_.expect > 0 && count_ >= wish_.expect) return;
  ++count_;
  if (context_.out.json()) return keep(context_.out.line(json_of(said)));
  std::string line = one_line(said.nick);
  if (said.room.empty()) line += " -> " + one_line(said.to);
  keep(context_.out.line(line + ": " + one_line(said.text)));
}

void ChatPipe::event(const Event& event) {
  if (wish_.events) {
    const bool json = context_.out.json();
    return keep(context_.out.line(json ? json_of(event) : "* " + sentence_of(event)));
  }
  const bool matters = event.kind == Event::Kind::gap || event.kind == Event::Kind::notice;
  if (matters) context_.log.warn("notice", {{"text", sentence_of(event)}});
}

void ChatPipe::refused(std::uint64_t number, const Error& why) {
  keep(Error{why.code, "send message " + std::to_string(number), why.message()});
}

/// The first failure; heard() ends with it.
void ChatPipe::keep(Status failed) {
  if (failed_ && !failed) failed_ = std::move(failed);
}

}  // namespace netkit::relay
