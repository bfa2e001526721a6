// The guard's thread: asks, hears, and tells who has to go.
#include "access/guard_core.hpp"

#include <algorithm>
#include <utility>

#include "base/random.hpp"
#include "net/spawn.hpp"

namespace netkit::access {
namespace {

constexpr std::chrono::milliseconds pause_first{50};
constexpr std::chrono::milliseconds pause_max{2000};
constexpr std::chrono::milliseconds tick_interval{250};
/// How long a question may wait for a connection: a short break passes unnoticed.
constexpr std::chrono::seconds away_limit{1};
constexpr std::chrono::seconds answer_limit{5};
constexpr int ticks_per_second = 4;
constexpr int ticks_per_report = 30 * ticks_per_second;

Error unreachable() {
  return {Errc::busy, "check the token", "the auth service cannot be reached; try again in 2 s"};
}

/// What a question may be joined by. One that counts stands for itself alone.
std::optional<Key> joint_of(const Asking& asking) {
  if (asking.spend && !asking.again) return std::nullopt;
  Key key = asking.denial_key;
  if (asking.again) key[0] = static_cast<char>(~key[0]);
  return key;
}

/// Half of it at least, so that many guards do not come at the same moment.
std::chrono::nanoseconds jittered(std::chrono::nanoseconds pause) {
  const auto half = static_cast<std::uint64_t>(pause.count() / 2);
  return std::chrono::nanoseconds{half + random_u64() % (half + 1)};
}

}  // namespace

void Guard::Watch::update(std::shared_ptr<const Grant> grant) {
  who_ = who_.with(std::move(grant));
  if (!who_.may(scope_)) end();
}

void Guard::Watch::end() {
  if (const auto told = std::exchange(end_, nullptr)) told();
}

Guard::Core::Core(GuardSettings given, log::Logger& to)
    : settings{std::move(given)},
      log{to},
      judge{settings.service, CacheLimits{.grace = settings.grace}} {}

void Guard::Core::start(asio::io_context& io) {
  main = &io;
  pause_.emplace(io);
  ticks_.emplace(io);
  lost_ = Clock::now();
  asio::co_spawn(io, live(shared_from_this()), net::rethrow);
  asio::co_spawn(io, tick(shared_from_this()), net::rethrow);
}

void Guard::Core::stop() {
  if (std::exchange(stopped_, true)) return;
  if (link_) link_->abort();
  pause_.reset();
  ticks_.reset();
  watches_.clear();
  asked_.clear();
  for (auto& [stream, question] : std::exchange(questions_, {}))
    for (const Hear& hear : question.hear)
      hear(Error{Errc::stopped, "check the token"});
}

// -- the connection

asio::awaitable<void> Guard::Core::live(std::shared_ptr<Core> core) {
  std::chrono::nanoseconds pause = pause_first;
  while (!core->stopped_) {
    const auto begun = Clock::now();
    const Status ended = co_await core->converse();
    if (core->stopped_) break;
    if (!std::exchange(core->unreachable_, true))
      core->log.warn("auth", {{"endpoint", net::to_text(core->settings.auth)},
                              {"state", "away"},
                              {"reason", ended ? "closed" : ended.error().message()}});
    if (Clock::now() - begun > 2 * pause_max) pause = pause_first;
    core->pause_->expires_after(jittered(pause));
    pause = std::min<std::chrono::nanoseconds>(pause * 2, pause_max);
    std::error_code cancelled;
    co_await core->pause_->async_wait(net::into(cancelled));
  }
}

asio::awaitable<Status> Guard::Core::converse() {
  Result<std::optional<net::TlsContext>> tls = std::optional<net::TlsContext>{};
  if (settings.tls) tls = settings.tls();
  if (!tls) co_return tls.error();
  auto opened = co_await AuthLink::open(settings.auth, std::move(*tls), settings.service);
  if (!opened) co_return opened.error();
  if (stopped_) co_return Errc::stopped;
  begin(std::move(*opened));
  Status ended = co_await link_->run([this](const wire::Frame& frame) { return take(frame); });
  lose();
  co_return ended;
}

void Guard::Core::begin(std::unique_ptr<AuthLink> opened) {
  link_ = std::move(opened);
  unreachable_ = false;
  log.info("auth", {{"endpoint", net::to_text(settings.auth)},
                    {"state", "connected"},
                    {"server", link_->server_name()}});
  judge.connected();
  std::string out;
  for (auto& [stream, question] : questions_) {
    append_question(out, stream, question.asking);
    question.sent = true;
  }
  link_->send(out);
  // It tells changes of what it is asked about on this connection only.
  each_watch([this](const std::shared_ptr<Watch>& watch) { check_again(watch); });
}

void Guard::Core::lose() {
  link_.reset();
  lost_ = Clock::now();
  judge.lost(Moment::now());
  std::vector<std::uint32_t> uncertain;
  for (auto& [stream, question] : questions_) {
    // Whether that use was counted nobody knows; to count another one is for its holder to decide.
    if (question.sent && question.asking.spend) uncertain.push_back(stream);
    question.sent = false;
  }
  for (const std::uint32_t stream : uncertain)
    answer(questions_.find(stream), unreachable());
}

Status Guard::Core::take(const wire::Frame& frame) {
  Result<ToService> message = decode_to_service(frame);
  if (!message) return message.error();
  if (auto* const grant = std::get_if<Grant>(&*message))
    answer(frame.stream, std::move(*grant));
  else if (const auto* const denied = std::get_if<Denied>(&*message))
    answer(frame.stream, denied->why);
  else
    changed(std::string{std::get<Changed>(*message).session});
  return ok;
}

// -- questions

void Guard::Core::ask(Asking asking, Hear hear) {
  if (stopped_) return hear(Error{Errc::stopped, "check the token"});
  const auto now = Clock::now();
  if (!link_ && now - lost_ > away_limit) return hear(unreachable());
  const auto joint = joint_of(asking);
  if (joint)
    if (const auto found = asked_.find(*joint); found != asked_.end()) {
      questions_.at(found->second).hear.push_back(std::move(hear));
      return;
    }
  while (++last_stream_ == 0 || questions_.contains(last_stream_))
    continue;
  if (joint) asked_.emplace(*joint, last_stream_);
  Question question{std::move(asking), {}, now, link_ != nullptr};
  question.hear.push_back(std::move(hear));
  if (link_) {
    std::string out;
    append_question(out, last_stream_, question.asking);
    link_->send(out);
  }
  questions_.emplace(last_stream_, std::move(question));
}

void Guard::Core::answer(std::uint32_t stream, Grant grant) {
  const auto found = questions_.find(stream);
  if (found == questions_.end()) return;  // Given up on.
  const Asking& asking = found->second.asking;
  if (asking.ticket && asking.ticket->ticket.session != grant.session)
    return answer(found, Error{Errc::unexpected, "check the token"});
  const auto shared = std::make_shared<const Grant>(std::move(grant));
  judge.grant(asking.key, shared, Moment::now());
  answer(found, shared);
}

void Guard::Core::answer(std::uint32_t stream, Denial why) {
  const auto found = questions_.find(stream);
  if (found == questions_.end()) return;
  const Asking& asking = found->second.asking;
  // One that is there already says nothing of those who show its ticket anew.
  if (why != Denial::not_now && !asking.again) judge.deny(asking.denial_key, why, Moment::now());
  answer(found, error_of(why));
}

void Guard::Core::answer(Questions::iterator question, const Granted& granted) {
  const Question done = std::move(question->second);
  questions_.erase(question);
  if (const auto joint = joint_of(done.asking)) asked_.erase(*joint);
  for (const Hear& hear : done.hear)
    hear(granted);
}

// -- those who are there

void Guard::Core::add(const std::shared_ptr<Watch>& watch) {
  if (stopped_) return;
  watches_.emplace(watch->who().session(), watch);
  // It may have changed since it was admitted.
  const Who& who = watch->who();
  if (!judge.is_confirmed(who.key(), Moment::now())) check_again(watch);
}

void Guard::Core::check_again(const std::shared_ptr<Watch>& watch) {
  if (!link_) return;  // Once it is back.
  ask(asking_again(watch->who()), [watch](const Granted& granted) {
    if (granted)
      watch->update(*granted);
    else if (granted.error().code == Errc::refused)
      watch->end();
  });
}

void Guard::Core::changed(const std::string& session) {
  judge.changed(session);
  std::vector<std::shared_ptr<Watch>> there;
  const auto [begin, end] = watches_.equal_range(session);
  for (auto each = begin; each != end; ++each)
    if (auto watch = each->second.lock()) there.push_back(std::move(watch));
  for (const auto& watch : there)
    check_again(watch);
}

/// Forgets those that nobody holds any more on the way.
template <typename Call>
void Guard::Core::each_watch(Call call) {
  std::vector<std::shared_ptr<Watch>> there;
  for (auto each = watches_.begin(); each != watches_.end();) {
    if (auto watch = each->second.lock()) {
      there.push_back(std::move(watch));
      ++each;
    } else {
      each = watches_.erase(each);
    }
  }
  for (const auto& watch : there)
    call(watch);
}

// -- time

asio::awaitable<void> Guard::Core::tick(std::shared_ptr<Core> core) {
  for (int count = 1; !core->stopped_; ++count) {
    core->ticks_->expires_after(tick_interval);
    std::error_code cancelled;
    co_await core->ticks_->async_wait(net::into(cancelled));
    if (core->stopped_) co_return;
    core->give_up_on_late();
    if (count % ticks_per_second == 0) core->end_lapsed(Moment::now());
    if (count % ticks_per_report == 0) core->tell_uses();
  }
}

void Guard::Core::give_up_on_late() {
  const auto now = Clock::now();
  std::vector<std::uint32_t> late;
  for (const auto& [stream, question] : questions_)
    if (now - question.asked > (question.sent ? answer_limit : away_limit)) late.push_back(stream);
  for (const std::uint32_t stream : late)
    if (const auto found = questions_.find(stream); found != questions_.end())
      answer(found, unreachable());
}

void Guard::Core::end_lapsed(const Moment& now) {
  judge.drop_lapsed(now);
  const bool graceless = !link_ && now.steady - lost_ >= settings.grace;
  each_watch([&](const std::shared_ptr<Watch>& watch) {
    const bool expired = now.wall_s >= watch->who().grant().expires_s;
    if (graceless || (expired && !link_))
      watch->end();
    else if (expired || (link_ && !judge.is_confirmed(watch->who().key(), now)))
      check_again(watch);
  });
}

void Guard::Core::tell_uses() {
  if (!link_) return;
  std::vector<GrantCache::Use> uses = judge.take_uses();
  // Whoever stays connected is not idle.
  each_watch([&](const std::shared_ptr<Watch>& watch) {
    if (!watch->address().empty()) uses.push_back({watch->who().session(), watch->address()});
  });
  std::string out;
  for (std::size_t begin = 0; begin < uses.size(); begin += uses_max) {
    Used used;
    for (std::size_t i = begin; i < std::min(begin + uses_max, uses.size()); ++i)
      used.uses.push_back({uses[i].session, uses[i].address});
    append_used(out, used);
  }
  link_->send(out);
}

}  // namespace netkit::access
