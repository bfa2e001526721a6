// From finding the recipient to the last acknowledgement, and again.
#include "commands/presence/mailing.hpp"

#include <algorithm>

#include "base/hex.hpp"
#include "base/json.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "cli/exit_code.hpp"
#include "identity/name.hpp"
#include "net/spawn.hpp"

namespace netkit::presence {
namespace {

using Clock = std::chrono::steady_clock;

/// Whether it may be delivered later: nobody is there, it was lost on the way, or the connection
/// that was lost still holds the file there.
bool may_pass(const Error& error) {
  if (error.code == Errc::busy) return true;
  const cli::ExitCode code = cli::exit_code_of(error);
  return code == cli::exit_unreachable || code == cli::exit_timed_out;
}

std::uint64_t wall_ms() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(since).count());
}

}  // namespace

SendPlan Mailing::plan_for(std::vector<std::string> texts, std::vector<Parcel> parcels) {
  SendPlan plan;
  plan.texts = std::move(texts);
  plan.parcels = std::move(parcels);
  plan.watch.begins = [this](const Parcel& parcel, std::uint64_t kept) {
    if (!bar_) bar_.emplace(context_, "send");
    bar_->begin(parcel.path, parcel.size(), kept);
  };
  plan.watch.went = [this](std::size_t bytes) {
    if (bar_) bar_->add(bytes);
  };
  plan.first_id = std::max<std::uint64_t>(random_u64(), 1);
  plan.pair = plan_.pair;
  plan.own = plan_.own;
  plan.time_ms = wall_ms();
  plan.answer_limit = plan_.answer_limit;
  return plan;
}

asio::awaitable<Status> Mailing::send(std::vector<std::string> texts, std::vector<Parcel> parcels) {
  Clock::time_point until = Clock::time_point::max();
  if (plan_.wait && plan_.wait->count() > 0 && *plan_.wait < std::chrono::hours{24 * 365})
    until = Clock::now() + std::chrono::duration_cast<Clock::duration>(*plan_.wait);
  SendPlan plan = plan_for(std::move(texts), std::move(parcels));
  for (std::uint64_t tried = 0;; ++tried) {
    const Result<Recipient> to = plan_.find();
    Status sent = ok;
    if (to)
      sent = co_await send_once(plan, *to);
    else
      sent = to.error();
    if (sent) co_return conclude(ok);
    const bool unknown = !to && sent.error().code == Errc::not_found;
    const bool goes_on = plan_.wait ? may_pass(sent.error()) || unknown
                                    : tried < plan_.retries && may_pass(sent.error());
    if (!goes_on) co_return conclude(std::move(sent));
    const bool in_time = co_await pause(sent.error(), until);
    if (in_time) continue;
    const bool files_only = plan.texts.empty();
    co_return conclude(Error{Errc::timed_out,
                             files_only ? "deliver the files" : "deliver the message",
                             sent.error().message()});
  }
}

/// One conversation, wherever the peer is found. Why something is left that goes next time, or what
/// ends it all.
asio::awaitable<Status> Mailing::send_once(SendPlan& plan, const Recipient& to) {
  plan.addresses = to.addresses;
  plan.port = to.port;
  plan.key = to.key;
  plan.certificate = to.certificate;
  plan.own.sequence = ++sequence_;
  plan.meet = [&](const Announcement& peer) { return meet(to, peer); };
  SendReport report = co_await send_messages(plan);
  bar_.reset();
  co_return take_out(plan, std::move(report), to);
}

Status Mailing::take_out(SendPlan& plan, SendReport report, const Recipient& to) {
  std::size_t done = 0;
  for (; done < report.texts.size() && report.texts[done]; ++done)
    if (Status told = delivered(to, *report.peer); !told) return told;
  plan.texts.erase(plan.texts.begin(), plan.texts.begin() + static_cast<std::ptrdiff_t>(done));
  plan.first_id += done;
  if (done > 0) back_off_.reset();
  Status left = ok;
  plan.parcels.clear();
  for (Parcel& each : report.parcels) {
    if (each.told && !*each.told) {
      Error why = each.told->error();
      why.attempt = "send " + escape_for_display(each.path);
      if (may_pass(why)) {
        each.told.reset();
        left = std::move(why);
      } else {
        failures_.push_back(std::move(why));
      }
    }
    if (!each.told)
      plan.parcels.push_back(std::move(each));
    else
      back_off_.reset();
    if (each.told && *each.told)
      if (Status told = delivered(to, *report.peer, each); !told) return told;
  }
  if (!plan.texts.empty()) return report.texts[done];
  return report.ended ? left : report.ended;
}

/// Says all but the worst failure, which the caller does.
Status Mailing::conclude(Status outcome) {
  if (!outcome) failures_.push_back(outcome.error());
  if (failures_.empty()) return ok;
  const auto worst = std::ranges::max_element(failures_, {}, cli::exit_code_of);
  for (const Error& each : failures_)
    if (&each != &*worst)
      context_.terminal.say("netkit " + std::string{context_.command.name} + ": " + each.message() +
                            "\n");
  return *worst;
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

Status Mailing::delivered(const Recipient& to, const Announcement& peer, const Parcel& parcel) {
  const std::string name = to.shown.empty() ? peer.name : to.shown;
  context_.log.debug("delivered", {{"to", name}, {"file", escape_for_display(parcel.path)}});
  if (!context_.out.json()) return ok;
  JsonObject object;
  object.add("event", "file").add("path", escape_for_display(parcel.path));
  object.add("size", parcel.size()).add("to", name);
  return context_.out.object(object);
}

}  // namespace netkit::presence
