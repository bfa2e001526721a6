// Which store, and what passes between it and the hub.
#include "commands/relay/keeping.hpp"

#include <asio/post.hpp>

#include "commands/relay/link.hpp"

namespace netkit::relay {
namespace {

/// Nothing outlives the process.
constexpr std::string_view no_store = "memory";
/// What is on disk or in Redis, of what is in memory.
constexpr std::uint64_t kept_share = 10;

}  // namespace

Status Keeping::check(const cli::StoreChoice& choice, Ack ack) {
  if (Status fits = cli::check_store(choice); !fits) return fits;
  if (!choice.url) return ok;
  if (ack == Ack::disk)
    return Error{Errc::usage, "use --ack disk with --store " + *choice.url,
                 "nothing goes to a disk here; try: --ack links"};
  if (*choice.url == no_store) return ok;
  const Result<store::RedisAddress> address = store::parse_redis_url(*choice.url);
  return address ? ok : Status{address.error()};
}

Result<std::unique_ptr<Keeping>> Keeping::open(const cli::StoreChoice& choice,
                                               const std::string& state, Hub& hub,
                                               asio::io_context& main, log::Logger& log) {
  std::unique_ptr<Keeping> keeping{new Keeping{hub, main, log}};
  Status opened = ok;
  if (!choice.url)
    opened = keeping->open_history(state + "/relay.db");
  else if (*choice.url != no_store)
    opened = keeping->open_redis(choice);
  if (!opened) return opened.error();
  keeping->take_from_hub();
  return keeping;
}

Status Keeping::open_history(const std::string& path) {
  HistorySettings settings;
  settings.own = hub_.with_mesh([](Mesh& mesh) { return mesh.log(); });
  settings.acks_wait = hub_.settings().ack == Ack::disk;
  settings.bounds.records_max = hub_.settings().rooms.messages_max * kept_share;
  HistoryStore::Hooks hooks;
  // Called by keep(), which the hub calls with its mesh in hand.
  hooks.facts = [mesh = hub_.with_mesh([](Mesh& each) { return &each; })](LogId log) {
    return mesh->facts_of(log);
  };
  hooks.durable = [&hub = hub_](std::uint64_t seq) { hub.stored(seq); };
  hooks.room = [&hub = hub_] { hub.hold(false); };
  Result<std::unique_ptr<HistoryStore>> opened =
      HistoryStore::open(path, settings, std::move(hooks), log_);
  if (!opened) return opened.error();
  history_ = std::move(*opened);
  Result<Bans> bans = history_->bans();
  if (!bans) return bans.error();
  hub_.restore(std::move(*bans));
  return history_->restore([&](const RelayFacts& facts, Bundle bundle) {
    return hub_.restore(facts, std::move(bundle));
  });
}

Status Keeping::open_redis(const cli::StoreChoice& choice) {
  Result<store::RedisAddress> address = cli::redis_address(choice);
  if (!address) return address.error();
  RedisMeshSettings settings;
  settings.address = std::move(*address);
  settings.own = hub_.with_mesh([](Mesh& mesh) { return *mesh.facts_of(mesh.log()); });
  settings.records_max = hub_.settings().rooms.messages_max * kept_share;
  RedisHooks hooks;
  hooks.post = [&hub = hub_, &main = main_](std::function<void(Mesh&, Moment)> task) {
    asio::post(main, [&hub, task = std::move(task)] {
      hub.with_mesh([&](Mesh& mesh) { task(mesh, moment_now()); });
    });
  };
  hooks.acknowledged = [&hub = hub_](std::uint64_t seq) { hub.copied(seq); };
  Result<std::unique_ptr<RedisMesh>> opened =
      RedisMesh::open(std::move(settings), std::move(hooks), log_);
  if (!opened) return opened.error();
  redis_ = std::move(*opened);
  return ok;
}

void Keeping::take_from_hub() {
  if (!history_ && !redis_) return;
  hub_.on_keep([this](const Bundle& bundle) {
    if (redis_) redis_->keep(bundle);
    if (!history_ || history_->keep(bundle)) return;
    hub_.hold(true);
    // Its thread may have made room, and said so, before that.
    if (history_->has_room()) hub_.hold(false);
  });
  if (history_) hub_.on_ban([this](const BanChange& change) { history_->change(change); });
}

void Keeping::stop() {
  hub_.with_mesh([](Mesh& mesh) { mesh.seal(); });
  hub_.on_keep({});
  hub_.on_ban({});
  redis_.reset();
  history_.reset();
}

std::string Keeping::state() const {
  if (redis_) {
    const RedisMeshState state = redis_->state();
    return state.error.empty() ? "redis" : "redis is away: " + state.error;
  }
  if (!history_) return std::string{no_store};
  const HistoryState state = history_->state();
  if (!state.error.empty()) return "not written: " + state.error;
  return "disk, " + std::to_string(state.records) + " records, " + std::to_string(state.bytes) +
         " bytes";
}

}  // namespace netkit::relay
