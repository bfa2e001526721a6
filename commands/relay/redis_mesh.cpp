// The thread that speaks with Redis: adds, tells, reads, and tries again when Redis is away.
#include "commands/relay/redis_mesh.hpp"

#include <algorithm>
#include <array>
#include <pthread.h>
#include <signal.h>

#include "base/bytes.hpp"
#include "base/hex.hpp"

namespace netkit::relay {
namespace {

using store::RedisReply;

constexpr std::chrono::milliseconds retry_interval{200};
/// Bundles of the largest common size fit into one answer's limit ten times.
constexpr std::string_view read_count = "64";

std::string log_text(LogId log) {
  std::string bytes;
  append_be(bytes, log);
  return to_hex(bytes);
}

}  // namespace

RedisMesh::RedisMesh(RedisMeshSettings settings, RedisHooks hooks, log::Logger& log)
    : settings_{std::move(settings)},
      log_{log},
      desk_{std::make_shared<RedisDesk>(settings_.own, settings_.waiting_max, std::move(hooks))} {}

Result<std::unique_ptr<RedisMesh>> RedisMesh::open(RedisMeshSettings settings, RedisHooks hooks,
                                                   log::Logger& log) {
  std::unique_ptr<RedisMesh> made{new RedisMesh{std::move(settings), std::move(hooks), log}};
  const Status connected = made->connect();
  if (!connected && connected.error().code != Errc::busy) return connected.error();
  made->note(connected);
  made->start();
  return made;
}

void RedisMesh::start() {
  feed_ = std::make_unique<store::RedisFeed>(
      settings_.address, std::string{redis_keys::channel},
      store::RedisFeed::Hearer{
          .began = [desk = desk_] { desk->began(); },
          .message = [desk = desk_](std::string_view message) { desk->hear(message); }});
  // A thread inherits the mask: signals are for the thread that waits for them.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread{[this] { run(); }};
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

RedisMesh::~RedisMesh() {
  feed_.reset();
  {
    const std::lock_guard lock{pause_mutex_};
    stopping_ = true;
  }
  paused_.notify_all();
  desk_->wake();
  if (thread_.joinable()) thread_.join();
}

void RedisMesh::run() {
  while (!stopping_) {
    if (Clock::now() >= beat_due_) {
      beat_due_ = Clock::now() + Mesh::beat_interval;
      desk_->ask_beat();
    }
    const Status done = turn();
    note(done);
    if (done) {
      desk_->wait(beat_due_, [this] { return stopping_.load(); });
    } else {
      desk_->lost();
      pause();
    }
  }
}

/// Leaves Redis alone for a while.
void RedisMesh::pause() {
  std::unique_lock lock{pause_mutex_};
  paused_.wait_for(lock, retry_interval, [this] { return stopping_.load(); });
}

Status RedisMesh::turn() {
  if (Status connected = connect(); !connected) return connected;
  if (desk_->take_check_tail()) {
    const Result<RedisReply> tail = redis_->command({"GET", redis_keys::tail});
    if (!tail) return tail.error();
    desk_->check_tail(StreamId::parse(tail->text).value_or(StreamId{}));
  }
  if (Status added = add_own(); !added) return added;
  while (const std::optional<std::string> message = desk_->next_message()) {
    const Result<RedisReply> told = redis_->command({"PUBLISH", redis_keys::channel, *message});
    if (!told) return told.error();
  }
  return read_missed();
}

Status RedisMesh::connect() {
  if (redis_) return ok;
  Result<store::Redis> made = store::Redis::open(settings_.address);
  if (!made) return made.error();
  redis_.emplace(*std::move(made));
  return ok;
}

/// One call with as much as fits; run() comes again while there is more.
Status RedisMesh::add_own() {
  const std::optional<RedisDesk::Batch> batch = desk_->next_batch();
  if (!batch) return ok;
  const std::string log = log_text(settings_.own.log);
  const std::string records_max = std::to_string(settings_.records_max);
  const std::string bytes_max = std::to_string(settings_.bytes_max);
  std::vector<std::string_view> words{log, records_max, bytes_max,
                                      batch->may_leave_hole ? "1" : "0"};
  words.insert(words.end(), batch->words.begin(), batch->words.end());
  const std::array<std::string_view, 1> keys{redis_keys::prefix};
  const Result<RedisReply> have = redis_->script(redis_add_script, keys, words);
  if (!have) return have.error();
  desk_->note_added(static_cast<std::uint64_t>(std::max<std::int64_t>(have->number, 0)));
  return ok;
}

Status RedisMesh::read_missed() {
  while (const std::optional<StreamId> from = desk_->read_from()) {
    if (stopping_) return ok;
    const std::string after = "(" + from->text();
    const Result<RedisReply> answer =
        redis_->command({"XRANGE", redis_keys::stream, after, "+", "COUNT", read_count});
    if (!answer) return answer.error();
    std::vector<RedisDesk::Read> entries;
    for (const RedisReply& entry : answer->list) {
      const bool is_ours = entry.list.size() == 2 && entry.list[1].list.size() == 4;
      if (!entry.list.empty())
        entries.push_back({StreamId::parse(entry.list[0].text),
                           is_ours ? std::string_view{entry.list[1].list[3].text} : ""});
    }
    desk_->take_read(entries);
  }
  return ok;
}

void RedisMesh::note(const Status& done) {
  const std::string before = desk_->set_error(done ? "" : done.error().message());
  if (!done && before.empty()) log_.error("store", {{"error", done.error().message()}});
  if (done && !before.empty()) log_.info("store", {{"hint", "Redis is there again"}});
  if (const std::uint64_t refused = desk_->take_refused(); refused != 0)
    log_.warn("store", {{"warning", "Redis has what no relay wrote"}, {"entries", refused}});
}

}  // namespace netkit::relay
