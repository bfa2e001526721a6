// From finding the recipient to the last acknowledgement, and again.
#include "commands/presence/mailing.hpp"

#include <algorithm>

#include "base/hex.hpp"
#include "base/json.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "cli/exit_code.hpp"
#include "commands/presence/talk_client.hpp"
#include "identity/name.hpp"
#include "net/spawn.hpp"

namespace netkit::presence {
namespace {

using Clock = std::chrono::steady_clock;

/// Whether it may be delivered later: nobody is there, or it was lost on the way.
bool may_pass(const Error& error) {
  const cli::ExitCode code = cli::exit_code_of(error);
  return code == cli::exit_unreachable || code == cli::exit_timed_out;
}

std::uint64_t wall_ms() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(since).count());
}

}  // namespace

asio::awaitable<Status> Mailing::send(std::vector<std::string> texts) {
  Clock::time_point until = Clock::time_point::max();
  if (plan_.wait && plan_.wait->count() > 0 && *plan_.wait < std::chrono::hours{24 * 365})
    until = Clock::now() + std::chrono::duration_cast<Clock::duration>(*plan_.wait);
  SendPlan plan;
  plan.texts = std::move(texts);
  plan.first_id = std::max<std::uint64_t>(random_u64(), 1);
  plan.pair = plan_.pair;
  plan.own = plan_.own;
  plan.time_ms = wall_ms();
  plan.answer_limit = plan_.answer_limit;
  for (std::uint64_t tried = 0;; ++tried) {
    const Result<Recipient> to = plan_.find();
    Status sent = ok;
    if (to) {
      plan.addresses = to->addresses;
      plan.port = to->port;
      plan.key = to->key;
      plan.certificate = to->certificate;
      plan.own.sequence = ++sequence_;
      plan.meet = [&](const Announcement& peer) { return meet(*to, peer); };
      const SendReport report = co_await send_messages(plan);
      std::size_t done = 0;
      for (; done < report.texts.size() && report.texts[done]; ++done)
        if (Status told = delivered(*to, *report.peer); !told) co_return told;
      plan.texts.erase(plan.texts.begin(), plan.texts.begin() + static_cast<std::ptrdiff_t>(done));
      plan.first_id += done;
      if (done > 0) back_off_.reset();
      sent = report.outcome();
    } else {
      sent = to.error();
    }
    if (sent) co_return ok;
    const bool unknown = !to && sent.error().code == Errc::not_found;
    const bool goes_on = plan_.wait ? may_pass(sent.error()) || unknown
                                    : tried < plan_.retries && may_pass(sent.error());
    if (!goes_on) co_return sent;
    const bool in_time = co_await pause(sent.error(), until);
    if (!in_time) co_return Error{Errc::timed_out, "deliver the message", sent.error().message()};
  }
}

/// False: it has waited for long enough.
asio::awaitable<bool> Mailing::pause(const Error& why, Clock::time_point until) {
  if (Clock::now() >= until) co_return false;
  context_.log.debug("wait", {{"error", why.message()}});
  // Who is away is told to us; who is here and not reached is tried again.
  Clock::time_point next = until;
  if (!is_absent(why) && why.code != Errc::not_found)
    next = std::min(until, Clock::now() + back_off_.next());
  change_.expires_at(next);
  std::error_code woken;
  co_await change_.async_wait(net::into(woken));
  co_return true;
}

/// Known under the name by which people tell it from others of that name.
Status Mailing::meet(const Recipient& to, const Announcement& peer) {
  if (!to.name.empty() && identity::name_key(to.name) != identity::name_key(peer.name))
    return Error{Errc::mismatch, "send to " + to.shown,
                 "the peer there is called " + escape_for_display(peer.name)};
  const std::string name = to.shown.empty() ? peer.name : to.shown;
  return trust(known_, context_.log, log::Level::warn, name, peer.key, plan_.accept_new_key);
}

Status Mailing::delivered(const Recipient& to, const Announcement& peer) {
  const std::string name = to.shown.empty() ? peer.name : to.shown;
  context_.log.debug("delivered", {{"to", name}});
  if (!context_.out.json()) return ok;
  JsonObject object;
  object.add("event", "delivered").add("to", name).add("key", to_hex(peer.key));
  return context_.out.object(object);
}

}  // namespace netkit::presence
