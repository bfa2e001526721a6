// The mesh's own log, its backlog and its turns. What comes from others is in mesh_take.cpp, who
// they are in mesh_logs.cpp, what is asked of them in mesh_wants.cpp and mesh_ask.cpp.
#include "commands/relay/mesh.hpp"

#include <algorithm>

#include "commands/relay/link_machine.hpp"

namespace netkit::relay {
namespace {

constexpr std::chrono::seconds check_interval{1};

bool changes_roster(RecordKind kind) {
  return kind >= RecordKind::enter && kind <= RecordKind::nick;
}

}  // namespace

Mesh::Mesh(MeshSettings settings, LogKey key, Hearer& hearer, Moment now)
    : settings_{std::move(settings)},
      key_{std::move(key)},
      hearer_{hearer},
      started_ms_{now.wall_ms},
      roster_{key_.log()},
      backlog_{settings_.records_max, settings_.bytes_max},
      checked_{now.steady} {
  own_ = &logs_[key_.log()];
  own_->facts = {.log = key_.log(),
                 .name = settings_.name,
                 .public_key = key_.public_key(),
                 .started_ms = started_ms_};
  beat();
  beat_due_ = now.steady + beat_interval;
}

Mesh::~Mesh() = default;

Vector Mesh::have() const {
  Vector have;
  for (const auto& [id, log] : logs_)
    have.emplace(id, log.facts.last);
  return have;
}

RecordId Mesh::add(const Record& record) {
  const std::uint64_t seq = ++own_->facts.last;
  if (pending_.empty() || pending_.back().count == bundle_count_max)
    pending_.push_back({.first = seq, .bytes = {}});
  std::string* bytes = &pending_.back().bytes;
  const std::size_t before = bytes->size();
  append_record(*bytes, record);
  pending_bytes_ += bytes->size() - before;
  ++pending_records_;
  if (before > 0 && bytes->size() > bundle_size_max) {
    std::string moved = bytes->substr(before);
    bytes->resize(before);
    pending_.push_back({.first = seq, .bytes = std::move(moved)});
  }
  ++pending_.back().count;
  while (pending_.size() > 1 &&
         (pending_records_ > settings_.records_max || pending_bytes_ > settings_.bytes_max)) {
    pending_records_ -= pending_.front().count;
    pending_bytes_ -= pending_.front().bytes.size();
    pending_.pop_front();
  }
  if (changes_roster(record.kind)) {
    own_roster_ = seq;
    roster_.apply(log(), record);
  }
  return {.log = log(), .seq = seq};
}

void Mesh::seal() {
  if (pending_.empty()) return;
  while (!pending_.empty()) {
    const Pending pending = std::move(pending_.front());
    pending_.pop_front();
    // What nobody sealed in time is gone from the front.
    if (pending.first > sealed_ + 1) own_->floor = pending.first;
    Bundle bundle = key_.seal(pending.first, pending.count, pending.bytes);
    sealed_ = bundle.last;
    hearer_.keep(bundle);
    push(std::move(bundle));
  }
  pending_records_ = 0;
  pending_bytes_ = 0;
  due();
}

void Mesh::push(Bundle bundle) {
  backlog_.push(std::move(bundle));
  while (backlog_.is_over()) {
    const Bundle gone = backlog_.pop();
    if (Log* const log = find_log(gone.log)) log->floor = std::max(log->floor, gone.last + 1);
  }
}

void Mesh::tick(Moment now) {
  end_restoring();
  let_go_late(now.steady);
  unpark(now);
  check_lagging(now.steady);
  check_fetches(now.steady);
  if (now.steady >= beat_due_) {
    beat_due_ = now.steady + beat_interval;
    beat();
  }
  if (now.steady - checked_ >= check_interval) {
    checked_ = now.steady;
    check_away(now.steady);
    ask_rosters(now.steady);
  }
  if (!links_.empty()) due();
}

std::vector<Bundle> Mesh::find(LogId log, std::uint64_t from, std::uint64_t to) const {
  std::vector<Bundle> found;
  std::uint64_t at = 0;
  for (; const Bundle* const bundle = backlog_.next(at); ++at)
    if (bundle->log == log && bundle->first <= to && bundle->last >= from) found.push_back(*bundle);
  return found;
}

void Mesh::add_link(LinkMachine& link) {
  end_restoring();
  links_.push_back(&link);
  due();
}

void Mesh::remove_link(LinkMachine& link) {
  links_.erase(std::remove(links_.begin(), links_.end(), &link), links_.end());
  for (auto& [id, log] : logs_)
    if (log.only_by == &link) log.only_by = nullptr;
  for (SeenProbe& probe : probes_)
    if (probe.from == &link) probe.from = nullptr;
  for (auto fetch = fetches_.begin(); fetch != fetches_.end();) {
    const auto each = fetch++;
    if (each->second.link == &link) end_fetch(each);
  }
}

}  // namespace netkit::relay
