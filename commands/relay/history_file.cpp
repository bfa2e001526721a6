// The tables of relay.db and the statements on them.
#include "commands/relay/history_file.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "base/text.hpp"

namespace netkit::relay {
namespace {

using store::Blob;
using store::Statement;

constexpr std::int32_t application_id = 0x4e4b524c;  // "NKRL"
constexpr std::size_t logs_before_cleaning = 4'096;
/// In one transaction, so that a bound that was lowered does not hold up what comes.
constexpr std::size_t trimmed_max = 2'000;

// Counting all rows at each write would cost more than the write: the totals have a row.
constexpr std::array<std::string_view, 1> migrations{R"sql(
CREATE TABLE logs(
  log INTEGER PRIMARY KEY, name TEXT NOT NULL, key BLOB NOT NULL, started_ms INTEGER NOT NULL)
  STRICT;
CREATE TABLE bundles(
  place INTEGER PRIMARY KEY, log INTEGER NOT NULL, records INTEGER NOT NULL, bytes BLOB NOT NULL)
  STRICT;
CREATE TABLE totals(records INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT;
INSERT INTO totals VALUES(0, 0);
CREATE TABLE bans(
  kind INTEGER NOT NULL, by INTEGER NOT NULL, of TEXT NOT NULL, nick TEXT NOT NULL,
  decided_by TEXT NOT NULL, why TEXT NOT NULL, since_ms INTEGER NOT NULL,
  until_ms INTEGER NOT NULL, PRIMARY KEY(kind, by, of)) STRICT, WITHOUT ROWID;
)sql"};

std::int64_t signed_of(std::uint64_t number) {
  return static_cast<std::int64_t>(number);
}

std::uint64_t unsigned_of(std::int64_t number) {
  return static_cast<std::uint64_t>(number);
}

template <typename Row>
Status each_row(store::Database& database, std::string_view sql, const Row& see) {
  Result<Statement> rows = database.statement(sql);
  if (!rows) return rows.error();
  for (;;) {
    const Result<bool> row = rows->step();
    if (!row) return row.error();
    if (!*row) return ok;
    see(*rows);
  }
}

Ban ban_of(const Statement& row) {
  Ban ban;
  ban.key.kind = static_cast<BanKey::Kind>(row.number(0));
  ban.key.by = static_cast<BanKey::By>(row.number(1));
  ban.key.of = row.text(2);
  ban.nick = row.text(3);
  ban.from = row.text(4);
  ban.why = row.text(5);
  ban.since_ms = unsigned_of(row.number(6));
  ban.until_ms = unsigned_of(row.number(7));
  return ban;
}

}  // namespace

Result<HistoryFile> HistoryFile::open(const std::string& path, HistoryBounds bounds,
                                      bool everything_synced) {
  Result<store::Database> database = store::Database::open(path, application_id, migrations);
  if (!database) return database.error();
  if (!everything_synced)
    if (Status set = database->run("PRAGMA synchronous = NORMAL"); !set) return set.error();
  HistoryFile file{*std::move(database), bounds};
  if (Status cleaned = file.forget_empty_logs(); !cleaned) return cleaned.error();
  if (Status loaded = file.load_totals(); !loaded) return loaded.error();
  return file;
}

Status HistoryFile::load_totals() {
  return each_row(database_, "SELECT records, bytes FROM totals", [this](const Statement& row) {
    totals_ = {unsigned_of(row.number(0)), unsigned_of(row.number(1))};
  });
}

Result<std::vector<RelayFacts>> HistoryFile::logs() {
  std::vector<RelayFacts> found;
  const Status read =
      each_row(database_, "SELECT log, name, key, started_ms FROM logs", [&](const Statement& row) {
        RelayFacts facts;
        facts.log = unsigned_of(row.number(0));
        facts.name = row.text(1);
        facts.public_key = row.text(2);
        facts.started_ms = unsigned_of(row.number(3));
        facts.away = true;
        found.push_back(std::move(facts));
      });
  if (!read) return read.error();
  return found;
}

Result<HistoryFile::Restored> HistoryFile::restore(const Take& take) {
  const Result<std::vector<RelayFacts>> logs = this->logs();
  if (!logs) return logs.error();
  std::map<LogId, const RelayFacts*> by_id;
  for (const RelayFacts& facts : *logs)
    by_id.emplace(facts.log, &facts);
  Restored restored;
  const Status read = each_row(
      database_, "SELECT log, bytes FROM bundles ORDER BY place", [&](const Statement& row) {
        const auto facts = by_id.find(unsigned_of(row.number(0)));
        Result<Bundle> bundle = from_kept(std::string{row.text(1)});
        Status taken = facts == by_id.end() ? Status{Errc::malformed} : Status{ok};
        if (taken && !bundle) taken = bundle.error();
        if (taken) taken = take(*facts->second, *std::move(bundle));
        ++(taken ? restored.bundles : restored.refused);
        if (!taken) restored.why = taken.error();
      });
  if (!read) return read.error();
  return restored;
}

Result<std::vector<Ban>> HistoryFile::bans() {
  std::vector<Ban> found;
  const Status read = each_row(
      database_, "SELECT kind, by, of, nick, decided_by, why, since_ms, until_ms FROM bans",
      [&](const Statement& row) { found.push_back(ban_of(row)); });
  if (!read) return read.error();
  return found;
}

Result<bool> HistoryFile::write(std::span<const HistoryItem> items) {
  Result<store::Transaction> transaction = database_.begin();
  if (!transaction) return transaction.error();
  Totals totals = totals_;
  Result<bool> more = write_all(items, totals);
  if (more)
    if (Status done = transaction->commit(); !done) more = done.error();
  // Whether the row of a log that was new is there is not known then; asking again does no harm.
  if (!more)
    logs_.clear();
  else
    totals_ = totals;
  return more;
}

Result<bool> HistoryFile::write_all(std::span<const HistoryItem> items, Totals& totals) {
  for (const HistoryItem& item : items) {
    Status done = ok;
    if (const auto* kept = std::get_if<KeptBundle>(&item)) done = put(*kept, totals);
    if (const auto* ban = std::get_if<Ban>(&item)) done = put(*ban);
    if (const auto* key = std::get_if<BanKey>(&item)) done = remove(*key);
    if (!done) return done.error();
  }
  const Result<bool> more = trim(totals);
  if (!more) return more;
  if (logs_.size() >= logs_due_)
    if (Status cleaned = forget_empty_logs(); !cleaned) return cleaned.error();
  const Status counted = database_.run("UPDATE totals SET records = ?, bytes = ?",
                                       signed_of(totals.records), signed_of(totals.bytes));
  if (!counted) return counted.error();
  return more;
}

Status HistoryFile::put(const KeptBundle& kept, Totals& totals) {
  if (Status known = put_log(*kept.facts); !known) return known;
  const Bundle& bundle = kept.bundle;
  const std::uint64_t records = bundle.last - bundle.first + 1;
  totals.records += records;
  const std::string bytes = to_kept(bundle);
  totals.bytes += bytes.size();
  return database_.run("INSERT INTO bundles(log, records, bytes) VALUES(?, ?, ?)",
                       signed_of(bundle.log), signed_of(records), Blob{bytes});
}

Status HistoryFile::put_log(const RelayFacts& facts) {
  if (logs_.contains(facts.log)) return ok;
  Status done = database_.run("INSERT OR IGNORE INTO logs VALUES(?, ?, ?, ?)", signed_of(facts.log),
                              std::string_view{facts.name}, Blob{facts.public_key},
                              signed_of(facts.started_ms));
  if (done) logs_.insert(facts.log);
  return done;
}

Status HistoryFile::put(const Ban& ban) {
  return database_.run("INSERT OR REPLACE INTO bans VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
                       static_cast<std::int64_t>(ban.key.kind),
                       static_cast<std::int64_t>(ban.key.by), std::string_view{ban.key.of},
                       std::string_view{ban.nick}, std::string_view{ban.from},
                       std::string_view{ban.why}, signed_of(ban.since_ms), signed_of(ban.until_ms));
}

Status HistoryFile::remove(const BanKey& key) {
  return database_.run("DELETE FROM bans WHERE kind = ? AND by = ? AND of = ?",
                       static_cast<std::int64_t>(key.kind), static_cast<std::int64_t>(key.by),
                       std::string_view{key.of});
}

/// True if it stopped before the bounds were reached.
Result<bool> HistoryFile::trim(Totals& totals) {
  const auto above = [&] {
    return totals.records > bounds_.records_max || totals.bytes > bounds_.bytes_max;
  };
  for (std::size_t i = 0; i < trimmed_max && above(); ++i) {
    std::int64_t place = 0;
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;
    const Status found = each_row(
        database_, "SELECT place, records, length(bytes) FROM bundles ORDER BY place LIMIT 1",
        [&](const Statement& row) {
          place = row.number(0);
          records = unsigned_of(row.number(1));
          bytes = unsigned_of(row.number(2));
        });
    if (!found) return found.error();
    if (place == 0) {
      totals = {};
      return false;
    }
    if (Status gone = database_.run("DELETE FROM bundles WHERE place = ?", place); !gone)
      return gone.error();
    totals.records -= std::min(records, totals.records);
    totals.bytes -= std::min(bytes, totals.bytes);
  }
  return above();
}

Status HistoryFile::forget_empty_logs() {
  const Status gone = database_.run("DELETE FROM logs WHERE log NOT IN (SELECT log FROM bundles)");
  if (!gone) return gone;
  const Result<std::vector<RelayFacts>> left = logs();
  if (!left) return left.error();
  logs_.clear();
  for (const RelayFacts& facts : *left)
    logs_.insert(facts.log);
  logs_due_ = std::max(logs_before_cleaning, 2 * logs_.size());
  return ok;
}

}  // namespace netkit::relay
