// What the server keeps on disk, in one SQLite file: hosts, orders, plans, credentials. Knows rows,
// no rules; the desk decides when to write.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "commands/shutdown/book.hpp"
#include "store/database.hpp"

namespace netkit::shutdown {

/// A plan that was started, as it is kept.
struct PlanRecord {
  std::uint64_t id = 0;
  std::string text;
  std::string issuer;
  std::string reason;
  bool force = false;
  bool running = true;
  bool stopped = false;  ///< It ended because an operator said so.
  Time started;
  std::string progress;  ///< What PlanRun needs to go on after a restart.
};

enum class Right : std::uint8_t { agent = 1, order = 2 };

/// Who a token belongs to.
struct Credential {
  Right right = Right::agent;
  std::string name;
  Id machine{};  ///< Of an agent.
};

class Records {
 public:
  /// STATE/shutdown.db.
  static Result<Records> open(const std::string& state_directory);

  /// Names of all hosts kept in STATE/shutdown.db; none if that cannot be read. Changes nothing.
  static std::vector<std::string> host_names(const std::string& state_directory);

  /// Hands over all hosts, and the orders that are active, hold a line or are their host's last.
  Status restore(Book& book, Time now);
  /// Writes what changed, and `plan` unless it is nullptr, all or nothing.
  Status keep(const Book& book, const Changes& changes, const PlanRecord* plan);

  /// Newest first.
  Result<std::vector<Order>> history(std::size_t limit);
  /// Once in a while: forgets the oldest orders beyond 100,000.
  Status forget_old_orders();

  Result<std::optional<PlanRecord>> running_plan();

  /// Only hashes of secrets are kept.
  Status add_code(std::string_view code, Time expires);
  /// A new token for an agent that shows a code, which is used up; the machine's former tokens are
  /// void. Errc::refused for a code that is not there (any more).
  Result<std::string> enrol(std::string_view code, const Credential& agent, Time now);
  Status add_credential(std::string_view token, const Credential& credential, Time now);
  /// Takes all tokens of an operator's name, a host's name or a machine id back: how many.
  Result<std::int64_t> revoke(std::string_view name);
  Result<std::optional<Credential>> find_credential(std::string_view token);
  /// True if some agent was enrolled for this machine: nobody else may claim it.
  Result<bool> is_enrolled(const Id& machine);

 private:
  explicit Records(store::Database database) : database_{std::move(database)} {}

  Status keep_host(const HostKey& key, const Host* host);
  Status keep_order(const Order& order);
  Status keep_plan(const PlanRecord& plan);

  store::Database database_;
};

}  // namespace netkit::shutdown
