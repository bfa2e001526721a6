// What operators and clients ask of other relays: the ways that lead to them, and records that are
// gone here.
#include <algorithm>
#include <utility>

#include "commands/relay/link_machine.hpp"
#include "commands/relay/mesh.hpp"

namespace netkit::relay {
namespace {

constexpr std::size_t seen_probes_max = 1'024;
constexpr std::size_t fetched_size_max = 8 * 1024 * 1024;

}  // namespace

// Each relay passes a probe on once, but answers each time that one comes: so each link of the mesh
// gives a path, and the way back to who asked is the way the first one came.

std::uint64_t Mesh::probe(Moment now) {
  // A log's id is as good as random, so that no two relays ask by the same number.
  const std::uint64_t id = log() + ++probe_number_;
  while (probes_.size() >= seen_probes_max)
    probes_.pop_front();
  probes_.push_back({.id = id, .own = true, .since = now.steady, .from = nullptr, .paths = {}});
  Probe probe{.id = id, .path = {}};
  probe.path.steps.push_back({.relay = settings_.name});
  for (LinkMachine* const link : links_)
    link->send_probe(link_type::probe, probe);
  due();
  return id;
}

std::vector<ProbePath> Mesh::probe_paths(std::uint64_t probe) const {
  for (const SeenProbe& each : probes_)
    if (each.own && each.id == probe) return each.paths;
  return {};
}

Mesh::SeenProbe* Mesh::seen_probe(std::uint64_t id) {
  const auto at = std::find_if(probes_.begin(), probes_.end(),
                               [id](const SeenProbe& probe) { return probe.id == id; });
  return at == probes_.end() ? nullptr : &*at;
}

bool Mesh::may_pass_probe(Instant now) {
  if (now - probes_since_ >= std::chrono::seconds{1}) {
    probes_since_ = now;
    probes_passed_ = 0;
  }
  return ++probes_passed_ <= probes_per_second_max;
}

void Mesh::hear_probe(LinkMachine& link, Probe probe, Moment now) {
  if (probe.path.steps.size() >= probe_steps_max) return;
  const SeenProbe* const seen = seen_probe(probe.id);
  if (seen && seen->own) return;
  if (!seen && !may_pass_probe(now.steady)) return;
  const std::chrono::nanoseconds at = probe.path.steps.back().at + link.delay_ / 2;
  probe.path.steps.push_back({.relay = settings_.name, .at = at});
  link.send_probe(link_type::probe_answer, probe);
  if (!seen) {
    while (probes_.size() >= seen_probes_max)
      probes_.pop_front();
    probes_.push_back(
        {.id = probe.id, .own = false, .since = now.steady, .from = &link, .paths = {}});
    for (LinkMachine* const other : links_)
      if (other != &link) other->send_probe(link_type::probe, probe);
  }
  due();
}

void Mesh::hear_probe_answer(const Probe& probe, Moment now) {
  SeenProbe* const seen = seen_probe(probe.id);
  if (!seen) return;
  if (!seen->own) {
    if (seen->from) seen->from->send_probe(link_type::probe_answer, probe);
    due();
    return;
  }
  if (seen->paths.size() >= probe_paths_max) return;
  seen->paths.push_back(probe.path);
  seen->paths.back().there_and_back = now.steady - seen->since;
}

void Mesh::fetch(LogId log, std::uint64_t from, std::uint64_t to, Fetched done, Moment now) {
  LinkMachine* best = nullptr;
  for (LinkMachine* const link : links_) {
    const LinkMachine::Peer* const peer = link->find(log);
    if (!peer || peer->last < from || peer->floor > to) continue;
    if (!best || peer->floor < best->find(log)->floor) best = link;
  }
  if (!best || from == 0 || from > to || !may_fetch()) {
    done({});
    return;
  }
  const std::uint32_t number = ++fetch_number_;
  const SeqRange range{.log = log, .from = from, .to = to};
  OpenFetch& fetch = fetches_[number];
  fetch.link = best;
  fetch.range = range;
  fetch.until = now.steady + fetch_limit;
  fetch.done = std::move(done);
  best->send_fetch(number, range);
  due();
}

void Mesh::hear_fetched(std::uint32_t request, const LinkMachine& link,
                        std::optional<Bundle> bundle) {
  const auto at = fetches_.find(request);
  if (at == fetches_.end() || at->second.link != &link) return;
  OpenFetch& fetch = at->second;
  if (!bundle) return end_fetch(at);
  const Log* const log = find_log(bundle->log);
  const std::size_t size = bundle->bytes->size();
  const std::uint64_t after = fetch.bundles.empty() ? 0 : fetch.bundles.back().last;
  if (!log || bundle->log != fetch.range.log || bundle->first <= after ||
      bundle->first > fetch.range.to || fetch.size + size > fetched_size_max ||
      !is_signed(*bundle, log->facts.public_key))
    return end_fetch(at);
  fetch.size += size;
  fetch.bundles.push_back(*std::move(bundle));
}

void Mesh::check_fetches(Instant now) {
  for (auto fetch = fetches_.begin(); fetch != fetches_.end();) {
    const auto each = fetch++;
    if (each->second.until <= now) end_fetch(each);
  }
}

void Mesh::end_fetch(std::map<std::uint32_t, OpenFetch>::iterator fetch) {
  const OpenFetch ended = std::move(fetch->second);
  fetches_.erase(fetch);
  ended.done(ended.bundles);
}

}  // namespace netkit::relay
