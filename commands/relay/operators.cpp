// Answers put together from the hub and the links.
#include "commands/relay/operators.hpp"

#include <array>
#include <asio/steady_timer.hpp>
#include <set>

#include "base/bytes.hpp"
#include "base/hex.hpp"
#include "base/units.hpp"
#include "cli/remote_error.hpp"
#include "net/spawn.hpp"

namespace netkit::relay {
namespace {

/// An answer lists no more of each.
constexpr std::size_t listed_max = 10'000;
constexpr std::chrono::milliseconds probe_interval{20};
/// For further ways to relays that have answered by one.
constexpr std::chrono::milliseconds probe_grace{200};

using SystemTime = std::chrono::system_clock::time_point;

std::string rfc3339(std::uint64_t ms) {
  return to_rfc3339(SystemTime{std::chrono::milliseconds{static_cast<std::int64_t>(ms)}});
}

std::string hex_of(LogId log) {
  std::string bytes;
  append_be(bytes, log);
  return to_hex(bytes);
}

/// "[a,b]" of complete JSON values.
class JsonList {
 public:
  void add(std::string_view json) {
    if (++count_ <= listed_max) text_.append(text_.empty() ? "" : ",").append(json);
  }
  void add_text(std::string_view text) {
    std::string quoted;
    append_json_string(quoted, text);
    add(quoted);
  }
  std::string str() const { return "[" + text_ + "]"; }

 private:
  std::string text_;
  std::size_t count_ = 0;
};

std::string_view to_text(Ack ack) {
  switch (ack) {
    case Ack::memory: break;
    case Ack::disk: return "disk";
    case Ack::links: return "links";
  }
  return "memory";
}

std::string show(const LinkView& link) {
  JsonObject shown;
  shown.add("place", link.place)
      .add("outgoing", link.outgoing)
      .add("state", link.up ? "up" : "down")
      .add("since", to_rfc3339(link.since))
      .add("relay", link.status.peer)
      .add("key", link.fingerprint);
  if (!link.up) shown.add("reason", link.reason);
  shown.add("delay", seconds(link.status.delay))
      .add("sent", link.status.sent)
      .add("received", link.status.received)
      .add("duplicates", link.status.duplicates)
      .add("behind", link.status.behind);
  return shown.str();
}

std::string show(const RelayFacts& relay) {
  return JsonObject{}
      .add("relay", relay.name)
      .add("log", hex_of(relay.log))
      .add("hops", relay.hops)
      .add("away", relay.away)
      .add("last", relay.last)
      .add("since", rfc3339(relay.started_ms))
      .str();
}

std::string show(const ProbePath& path) {
  JsonList steps;
  for (const ProbePath::Step& step : path.steps)
    steps.add(JsonObject{}.add("relay", step.relay).add("at", seconds(step.at)).str());
  return JsonObject{}
      .add("relay", path.steps.empty() ? std::string_view{} : path.steps.back().relay)
      .add("delay", seconds(path.there_and_back))
      .add_raw("steps", steps.str())
      .str();
}

std::string show(const Ban& ban) {
  constexpr std::array by{"", "sender", "user", "address"};
  JsonObject shown;
  shown.add("kind", ban.key.kind == BanKey::Kind::mute ? "mute" : "ban")
      .add("by", by[static_cast<std::size_t>(ban.key.by)])
      .add("of", ban.key.of)
      .add("nick", ban.nick)
      .add("from", ban.from)
      .add("why", ban.why)
      .add("since", rfc3339(ban.since_ms));
  if (ban.until_ms != 0) shown.add("until", rfc3339(ban.until_ms));
  return shown.str();
}

}  // namespace

Operators::Operators(Hub& hub, const Links& links, StoreState store)
    : hub_{hub}, links_{links}, store_{std::move(store)} {}

asio::awaitable<std::string> Operators::answer(wire::Json request, std::int64_t id) {
  const std::string_view what = request.string("do").value_or("");
  if (what == "status") co_return status(id);
  if (what == "bans") co_return bans(id);
  if (what == "names") co_return names(id);
  if (what == "check") co_return co_await check(id);
  co_return moderate(request, id);
}

std::string Operators::status(std::int64_t id) {
  const HubCounts counts = hub_.counts();
  constexpr std::array<const char*, lane_count> dialects{"frame", "line", "len64", "web"};
  JsonObject by_dialect;
  for (std::size_t lane = 0; lane < lane_count; ++lane)
    by_dialect.add(dialects[lane], counts.by_lane[lane]);
  JsonList links;
  for (const LinkView& each : links_.views())
    links.add(show(each));
  JsonList relays;
  JsonObject answer = cli::success(id);
  hub_.with_mesh([&](Mesh& mesh) {
    for (const RelayFacts& each : mesh.relays())
      relays.add(show(each));
    answer.add("relay", mesh.name())
        .add("log", hex_of(mesh.log()))
        .add("backlog", mesh.backlog())
        .add("duplicates", mesh.duplicates());
  });
  answer.add("since", to_rfc3339(since_))
      .add("ack", to_text(hub_.settings().ack))
      .add("link_key", links_.fingerprint())
      .add("store", store_ ? store_() : std::string{"memory"})
      .add("clients", counts.clients)
      .add_raw("by_dialect", by_dialect.str())
      .add("rooms", counts.rooms)
      .add("messages", counts.messages)
      .add("repeats", counts.repeats)
      .add("skipped", counts.skipped)
      .add_raw("links", links.str())
      .add_raw("relays", relays.str());
  return answer.str();
}

std::string Operators::bans(std::int64_t id) {
  JsonList bans;
  const Bans all = hub_.bans();
  for (const auto& [key, ban] : all.all())
    bans.add(show(ban));
  return cli::success(id).add_raw("bans", bans.str()).str();
}

std::string Operators::names(std::int64_t id) {
  JsonList nicks;
  JsonList rooms;
  hub_.with_mesh([&](Mesh& mesh) {
    mesh.roster().each({}, [&](const Person& each) {
      const bool clash = mesh.roster().is_clash(each);
      nicks.add_text(clash ? each.nick + "@" + mesh.relay_name(each.log) : each.nick);
    });
    for (const auto& [room, people] : mesh.roster().rooms())
      rooms.add_text(room);
  });
  return cli::success(id).add_raw("nicks", nicks.str()).add_raw("rooms", rooms.str()).str();
}

std::string Operators::moderate(const wire::Json& request, std::int64_t id) {
  const Result<Request> wanted = read_request(request);
  if (!wanted) return cli::show_failure(id, wanted.error());
  if (wanted->what != Ask::moderate)
    return cli::show_failure(id, {Errc::unexpected, "answer that to an operator"});
  if (Status done = hub_.moderate("operator", *wanted); !done)
    return cli::show_failure(id, done.error());
  return cli::success(id).str();
}

/// Asks all relays and waits for those that are known. A name stands for all runs of its relay.
asio::awaitable<std::string> Operators::check(std::int64_t id) {
  std::set<std::string> silent;
  std::vector<ProbePath> paths;
  const std::uint64_t probe = hub_.with_mesh([&](Mesh& mesh) {
    for (const RelayFacts& each : mesh.relays())
      if (each.hops > 0 && each.name != mesh.name()) silent.insert(each.name);
    return mesh.probe(moment_now());
  });
  asio::steady_timer timer{co_await asio::this_coro::executor};
  const auto begin = std::chrono::steady_clock::now();
  auto end = begin + probe_limit;
  while (std::chrono::steady_clock::now() < end) {
    const bool waited = !silent.empty();
    paths = hub_.with_mesh([&](Mesh& mesh) { return mesh.probe_paths(probe); });
    for (const ProbePath& path : paths)
      if (!path.steps.empty()) silent.erase(path.steps.back().relay);
    const auto now = std::chrono::steady_clock::now();
    if (silent.empty() && waited) end = std::min(end, now + probe_grace);
    if (silent.empty() && now == begin) break;
    timer.expires_after(probe_interval);
    std::error_code cancelled;
    co_await timer.async_wait(net::into(cancelled));
  }
  JsonList shown;
  for (const ProbePath& path : paths)
    shown.add(show(path));
  JsonList missing;
  for (const std::string& name : silent)
    missing.add_text(name);
  co_return cli::success(id).add_raw("paths", shown.str()).add_raw("silent", missing.str()).str();
}

}  // namespace netkit::relay
