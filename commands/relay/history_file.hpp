// STATE/relay.db: the logs of all relays as bundles in the order they came, and the bans. Only the
// history store uses it, from one thread at a time; decides nothing about when.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "commands/relay/bans.hpp"
#include "commands/relay/bundle.hpp"
#include "commands/relay/mesh.hpp"
#include "store/database.hpp"

namespace netkit::relay {

struct KeptBundle {
  std::shared_ptr<const RelayFacts> facts;  ///< Of its log.
  Bundle bundle;
};

/// One thing to be written.
using HistoryItem = std::variant<KeptBundle, Ban, BanKey>;

struct HistoryBounds {
  std::uint64_t records_max = 100'000;
  std::uint64_t bytes_max = std::uint64_t{256} * 1024 * 1024;
};

class HistoryFile {
 public:
  /// `everything_synced`: what write() wrote survives the machine's end too; otherwise only that of
  /// the process. Errors are those of store::Database::open.
  static Result<HistoryFile> open(const std::string& path, HistoryBounds bounds,
                                  bool everything_synced);

  using Take = std::function<Status(const RelayFacts&, Bundle)>;
  struct Restored {
    std::uint64_t bundles = 0;
    std::uint64_t refused = 0;  ///< Damaged, or not taken.
    Error why;                  ///< Of the last refused one.
  };
  /// All bundles in the order they were written. Errc::malformed if the file is damaged.
  Result<Restored> restore(const Take& take);
  Result<std::vector<Ban>> bans();

  /// All of it or nothing, in one transaction, which also drops the oldest bundles above the
  /// bounds. True: there is more to drop, which another call does.
  Result<bool> write(std::span<const HistoryItem> items);

  std::uint64_t records() const { return totals_.records; }
  std::uint64_t bytes() const { return totals_.bytes; }

 private:
  struct Totals {
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;
  };

  HistoryFile(store::Database database, HistoryBounds bounds)
      : database_{std::move(database)}, bounds_{bounds} {}
  Status load_totals();
  Result<std::vector<RelayFacts>> logs();
  Status put(const KeptBundle& kept, Totals& totals);
  Status put_log(const RelayFacts& facts);
  Status put(const Ban& ban);
  Status remove(const BanKey& key);
  Result<bool> trim(Totals& totals);
  Status forget_empty_logs();
  Result<bool> write_all(std::span<const HistoryItem> items, Totals& totals);

  store::Database database_;
  HistoryBounds bounds_;
  Totals totals_;
  std::set<LogId> logs_;      ///< Those that have a row for sure.
  std::size_t logs_due_ = 0;  ///< At how many to look for some without bundles.
};

}  // namespace netkit::relay
