// What the hall tells goes to Redis, what other daemons have put there goes to the hall.
#include "commands/presence/redis_roster.hpp"

#include <asio/post.hpp>

#include "base/hex.hpp"
#include "base/random.hpp"
#include "commands/presence/frames.hpp"
#include "commands/presence/protocol.hpp"
#include "wire/frame.hpp"

namespace netkit::presence {
namespace {

constexpr std::chrono::seconds exchange_interval{1};
constexpr std::string_view kept_s = "10";
constexpr std::size_t daemons_max = 256;
/// Fields of one HSET.
constexpr std::size_t fields_max = 256;
constexpr std::string_view daemons_name = "netkit:presence:daemons";
constexpr std::string_view version_field = "version";

std::string hash_of(const std::string& daemon) {
  return "netkit:presence:" + daemon;
}

bool is_key(std::string_view hex) {
  const auto key = from_hex(hex);
  return key && key->size() == key_size;
}

}  // namespace

/// Hears from the hall what other daemons may know. On the hall's thread.
class RedisRoster::Teller final : public Guest {
 public:
  explicit Teller(RedisRoster& roster) : roster_{roster} { role = Role::daemon; }

  void post(std::string_view frames) override {
    const std::lock_guard lock{roster_.mutex_};
    each_frame(frames, [this](const wire::Frame& frame) {
      take(frame.type, frame.body);
      return true;
    });
  }
  bool takes_more() const override { return true; }
  asio::ip::address address() const override { return asio::ip::address_v4::loopback(); }
  void end() override {}

  void subscribe() {
    std::string frame;
    append_subscribe(frame, 0);
    (void)roster_.porter_.hall().take(*this, message_type::subscribe,
                                      std::string_view{frame}.substr(wire::frame_header_size),
                                      moment());
  }

 private:
  void take(std::uint16_t type, std::string_view body) {
    if (type == message_type::entry) {
      const Result<Entry> entry = decode_entry(body);
      if (!entry) return;
      const bool ours = entry->path != Path::told;
      roster_.changes_[to_hex(entry->said.key)] = ours ? body : std::string_view{};
    } else if (type == message_type::forgotten) {
      if (const auto forgotten = decode_forgotten(body))
        roster_.changes_[to_hex(forgotten->key)] = {};
    }
  }

  RedisRoster& roster_;
};

RedisRoster::RedisRoster(asio::io_context& io, Porter& porter, log::Logger& log,
                         std::string own_key)
    : io_{io}, porter_{porter}, log_{log}, own_key_{to_hex(own_key)} {}

RedisRoster::~RedisRoster() {
  if (thread_.joinable()) stop();
}

Result<std::shared_ptr<RedisRoster>> RedisRoster::open(asio::io_context& io, Porter& porter,
                                                       log::Logger& log, std::string own_key,
                                                       store::RedisAddress address) {
  Result<store::Redis> redis = store::Redis::open(address);
  if (!redis) return redis.error();
  auto roster = std::make_shared<RedisRoster>(io, porter, log, std::move(own_key));
  roster->version_ = random_u64() >> 1;  // Never one that another run has used.
  roster->teller_ = std::make_unique<Teller>(*roster);
  porter.hall().greet(*roster->teller_);
  roster->teller_->subscribe();
  roster->thread_ = std::thread{
      [self = roster.get(), taken = std::move(*redis)]() mutable { self->run(std::move(taken)); }};
  return roster;
}

void RedisRoster::stop() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  woken_.notify_one();
  thread_.join();
  porter_.hall().leave(*teller_, moment());
}

void RedisRoster::run(store::Redis redis) {
  for (;;) {
    const Status done = exchange(redis);
    if (!done) begin_anew();
    const bool away = !done;
    if (std::exchange(away_, away) != away) {
      if (away)
        log_.error("store", {{"error", done.error().message()},
                             {"hint", "the roster of this site goes on alone"}});
      else
        log_.info("store", {{"state", "back"}});
    }
    std::unique_lock lock{mutex_};
    woken_.wait_for(lock, exchange_interval, [this] { return stopping_; });
    if (stopping_) break;
  }
  // Best effort: it expires soon anyhow.
  (void)redis.command({"DEL", hash_of(own_key_)});
  (void)redis.command({"SREM", daemons_name, own_key_});
}

Status RedisRoster::exchange(store::Redis& redis) {
  if (Status written = write(redis); !written) return written;
  return read(redis);
}

/// After a failure nobody knows what Redis has: it gets all of it again.
void RedisRoster::begin_anew() {
  whole_ = false;
  const std::vector<std::string> known = [this] {
    std::vector<std::string> daemons;
    for (const auto& [daemon, other] : others_)
      daemons.push_back(daemon);
    return daemons;
  }();
  for (const std::string& daemon : known)
    part(daemon);
}

Status RedisRoster::write(store::Redis& redis) {
  const std::string hash = hash_of(own_key_);
  if (!whole_) {
    if (const auto done = redis.command({"DEL", hash}); !done) return done.error();
    asio::post(io_, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->teller_->subscribe();
    });
    whole_ = true;
  }
  Changes changes;
  {
    const std::lock_guard lock{mutex_};
    changes = std::exchange(changes_, {});
  }
  std::vector<std::string_view> set{"HSET", hash};
  std::vector<std::string_view> gone{"HDEL", hash};
  const auto send = [&](std::vector<std::string_view>& words) -> Status {
    if (words.size() == 2) return ok;
    const auto done = redis.command(words);
    words.resize(2);
    return done ? Status{ok} : Status{done.error()};
  };
  for (const auto& [peer, body] : changes) {
    if (body.empty()) {
      gone.push_back(peer);
    } else {
      set.push_back(peer);
      set.push_back(body);
    }
    for (auto* words : {&set, &gone})
      if (words->size() >= fields_max)
        if (Status sent = send(*words); !sent) return sent;
  }
  for (auto* words : {&set, &gone})
    if (Status sent = send(*words); !sent) return sent;
  if (!changes.empty()) ++version_;
  const std::string version = std::to_string(version_);
  if (const auto done = redis.command({"HSET", hash, version_field, version}); !done)
    return done.error();
  if (const auto done = redis.command({"EXPIRE", hash, kept_s}); !done) return done.error();
  if (const auto done = redis.command({"SADD", daemons_name, own_key_}); !done) return done.error();
  return ok;
}

Status RedisRoster::read(store::Redis& redis) {
  const Result<store::RedisReply> daemons = redis.command({"SMEMBERS", daemons_name});
  if (!daemons) return daemons.error();
  std::size_t count = 0;
  for (const store::RedisReply& each : daemons->list) {
    if (each.text == own_key_ || !is_key(each.text) || ++count > daemons_max) continue;
    if (Status done = read_other(redis, each.text); !done) return done;
  }
  return ok;
}

Status RedisRoster::read_other(store::Redis& redis, const std::string& daemon) {
  const Result<store::RedisReply> version = redis.command({"HGET", hash_of(daemon), version_field});
  if (!version) return version.error();
  if (version->is_nil()) {
    if (const auto done = redis.command({"SREM", daemons_name, daemon}); !done) return done.error();
    part(daemon);
    return ok;
  }
  Other& other = others_[daemon];
  if (other.version == version->text) return ok;
  const Result<store::RedisReply> all = redis.command({"HGETALL", hash_of(daemon)});
  if (!all) return all.error();
  std::unordered_map<std::string, std::string> entries;
  Changes changes;
  for (std::size_t i = 0; i + 1 < all->list.size() && entries.size() < Roster::entries_max;
       i += 2) {
    const std::string& field = all->list[i].text;
    const std::string& value = all->list[i + 1].text;
    if (field == version_field || !is_key(field) || value.empty()) continue;
    const auto known = other.entries.find(field);
    if (known == other.entries.end() || known->second != value) changes[field] = value;
    entries[field] = value;
  }
  for (const auto& [peer, body] : other.entries)
    if (!entries.contains(peer)) changes[peer] = {};
  other = {version->text, std::move(entries)};
  tell_hall(daemon, std::move(changes));
  return ok;
}

void RedisRoster::tell_hall(const std::string& daemon, Changes changes) {
  asio::post(io_, [weak = weak_from_this(), daemon, told = std::move(changes)]() mutable {
    const auto self = weak.lock();
    if (!self) return;
    Hall& hall = self->porter_.hall();
    for (const auto& [peer, body] : told) {
      if (body.empty()) {
        hall.hear_daemon_forgot(hash_of(daemon), *from_hex(peer), moment());
        continue;
      }
      if (const Result<Entry> entry = decode_entry(body))
        hall.hear_daemon(hash_of(daemon), *entry, moment());
    }
    self->porter_.poke();
  });
}

void RedisRoster::part(const std::string& daemon) {
  if (others_.erase(daemon) == 0) return;
  asio::post(io_, [weak = weak_from_this(), daemon] {
    const auto self = weak.lock();
    if (!self) return;
    self->porter_.hall().part_daemon(hash_of(daemon), moment());
    self->porter_.poke();
  });
}

}  // namespace netkit::presence
