// One command after the other.
#include "commands/presence/peer_desk.hpp"

#include <asio/co_spawn.hpp>

#include "base/text.hpp"
#include "cli/spoken.hpp"
#include "net/spawn.hpp"

namespace netkit::presence {
namespace {

Error undelivered(const Recipient& to, const Error& why) {
  std::string attempt = "deliver to " + cli::one_line(to.shown);
  if (!why.attempt.empty()) attempt += ", " + why.attempt;
  return {why.code, std::move(attempt), why.hint.str()};
}

}  // namespace

std::vector<std::string> PeerDesk::names() const {
  std::vector<std::string> names;
  for (const Entry* const entry : member_->circle().all())
    if (entry->is_here() && entry->said.key != member_->words().key())
      names.push_back(shown_name(*entry));
  return names;
}

void PeerDesk::perform(std::string_view line) {
  std::vector<std::string> known;
  for (const Entry* const entry : member_->circle().all())
    known.push_back(shown_name(*entry));
  const Result<PeerRequest> request = read_request(line, known);
  if (!request) return failed(request.error());
  perform(*request);
}

void PeerDesk::perform(const PeerRequest& request) {
  switch (request.what) {
    case PeerRequest::What::nothing: return;
    case PeerRequest::What::say:
      if (!last_.key.empty()) return say(last_.shown, request.text);
      return failed({Errc::usage, "send that", "to whom? try: /msg NAME TEXT"});
    case PeerRequest::What::message: return say(request.name, request.text);
    case PeerRequest::What::list: return show_list(member_->circle().all());
    case PeerRequest::What::why:
      if (std::exchange(asking_, true))
        return failed({Errc::busy, "ask why " + request.name, "one question at a time"});
      asio::co_spawn(member_->context(), ask_why(request.name), net::rethrow);
      return;
    case PeerRequest::What::away: return member_->set_away(true);
    case PeerRequest::What::back: return member_->set_away(false);
    case PeerRequest::What::help: return show(help_lines());
    case PeerRequest::What::quit: return quit();
  }
}

Result<Recipient> PeerDesk::recipient(std::string_view name) const {
  const Circle& circle = member_->circle();
  const Result<const Entry*> picked = pick(circle.called(name), name);
  if (picked) return recipient_of(**picked, circle.source().host);
  if (!is_absent(picked.error())) return picked.error();
  return Error{picked.error().code, "send to " + cli::one_line(name)};
}

void PeerDesk::say(std::string_view name, std::string_view text) {
  Result<Recipient> to = recipient(name);
  if (!to) return failed(to.error());
  last_ = std::move(*to);
  const auto done = [this, to = last_, text = std::string{text}](const Status& sent) {
    if (sent)
      delivered(to, text);
    else
      failed(undelivered(to, sent.error()));
    told();
  };
  if (Status taken = member_->outbox().say(last_, std::string{text}, done); !taken)
    failed(taken.error());
}

asio::awaitable<void> PeerDesk::ask_why(std::string name) {
  const Result<std::string> answer = co_await member_->circle().why(name);
  asking_ = false;
  if (answer) {
    std::vector<std::string> lines;
    for (const std::string_view line : split(*answer, '\n'))
      lines.push_back(cli::one_line(line));
    show(lines);
  } else {
    failed(answer.error());
  }
  told();
}

void PeerDesk::told() {
  if (settled_) settled_->cancel();
  progressed();
}

asio::awaitable<void> PeerDesk::settled() {
  settled_.emplace(co_await asio::this_coro::executor,
                   std::chrono::steady_clock::time_point::max());
  std::error_code woken;
  while (!is_settled())
    co_await settled_->async_wait(net::into(woken));
}

}  // namespace netkit::presence
