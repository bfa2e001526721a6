// The tables and their rows.
#include "commands/shutdown/records.hpp"

#include <algorithm>
#include <array>

#include "base/bytes.hpp"
#include "base/text.hpp"
#include "identity/token.hpp"

namespace netkit::shutdown {
namespace {

using store::Blob;
using store::Statement;

constexpr std::int32_t application_id = 0x4e4b5344;  // "NKSD"

constexpr std::array<std::string_view, 1> migrations{R"sql(
CREATE TABLE hosts(
  key TEXT PRIMARY KEY, machine BLOB NOT NULL, boot BLOB NOT NULL, name TEXT NOT NULL,
  address TEXT NOT NULL, exec TEXT NOT NULL, version TEXT NOT NULL,
  hardware_addresses BLOB NOT NULL, ports BLOB NOT NULL, dry_run INTEGER NOT NULL,
  enrolled INTEGER NOT NULL, since_ms INTEGER NOT NULL, last_seen_ms INTEGER) WITHOUT ROWID;
CREATE TABLE orders(
  id INTEGER PRIMARY KEY, host TEXT NOT NULL, state INTEGER NOT NULL, why TEXT NOT NULL,
  issuer TEXT NOT NULL, reason TEXT NOT NULL, line TEXT NOT NULL, boot BLOB NOT NULL,
  force INTEGER NOT NULL, offered INTEGER NOT NULL, cancel_wanted INTEGER NOT NULL,
  plan INTEGER NOT NULL, ordered_ms INTEGER NOT NULL, due_ms INTEGER NOT NULL,
  expires_ms INTEGER, changed_ms INTEGER NOT NULL, line_due INTEGER NOT NULL);
CREATE INDEX orders_by_time ON orders(ordered_ms);
CREATE INDEX orders_by_host ON orders(host, ordered_ms);
CREATE INDEX orders_active ON orders(id) WHERE state < 4 OR line <> '';
CREATE TABLE plans(
  id INTEGER PRIMARY KEY, text TEXT NOT NULL, issuer TEXT NOT NULL, reason TEXT NOT NULL,
  force INTEGER NOT NULL, running INTEGER NOT NULL, stopped INTEGER NOT NULL,
  started_ms INTEGER NOT NULL, progress TEXT NOT NULL);
CREATE TABLE codes(hash BLOB PRIMARY KEY, expires_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE credentials(
  hash BLOB PRIMARY KEY, access INTEGER NOT NULL, name TEXT NOT NULL, machine BLOB NOT NULL,
  created_ms INTEGER NOT NULL) WITHOUT ROWID;
)sql"};

// The migration says 4 for the first final state.
static_assert(static_cast<int>(State::refused) == 4);

/// Orders beyond these are forgotten, oldest first.
constexpr std::int64_t orders_kept_max = 100'000;

std::int64_t milliseconds(Time time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

std::optional<std::int64_t> milliseconds(const std::optional<Time>& time) {
  if (!time) return std::nullopt;
  return milliseconds(*time);
}

Time time_of(const Statement& row, int column) {
  return Time{std::chrono::milliseconds{row.number(column)}};
}

std::optional<Time> optional_time_of(const Statement& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return time_of(row, column);
}

std::string_view view(const Id& id) {
  return {id.data(), id.size()};
}

Id id_of(const Statement& row, int column) {
  Id id{};
  const std::string_view bytes = row.text(column);
  if (bytes.size() == id.size()) std::copy(bytes.begin(), bytes.end(), id.begin());
  return id;
}

std::string packed(const std::vector<HardwareAddress>& addresses) {
  std::string bytes;
  for (const HardwareAddress& each : addresses)
    bytes.append(each.data(), each.size());
  return bytes;
}

std::string packed(const std::vector<std::uint16_t>& ports) {
  std::string bytes;
  for (const std::uint16_t port : ports)
    append_be(bytes, port);
  return bytes;
}

Host host_of(const Statement& row) {
  Host host;
  host.key = row.text(0);
  host.machine = id_of(row, 1);
  host.boot = id_of(row, 2);
  host.name = row.text(3);
  host.address = row.text(4);
  host.exec = row.text(5);
  host.version = row.text(6);
  for (std::string_view rest = row.text(7); rest.size() >= 6; rest.remove_prefix(6))
    std::copy_n(rest.begin(), 6, host.hardware_addresses.emplace_back().begin());
  for (std::string_view rest = row.text(8); rest.size() >= 2; rest.remove_prefix(2))
    host.ports.push_back(load_be<std::uint16_t>(rest.data()));
  host.dry_run = row.number(9) != 0;
  host.enrolled = row.number(10) != 0;
  host.since = time_of(row, 11);
  host.last_seen = optional_time_of(row, 12);
  return host;
}

constexpr std::string_view order_columns =
    "id, host, state, why, issuer, reason, line, boot, force, offered, cancel_wanted, plan, "
    "ordered_ms, due_ms, expires_ms, changed_ms, line_due";

Order order_of(const Statement& row) {
  Order order;
  order.id = static_cast<OrderId>(row.number(0));
  order.host = row.text(1);
  order.state = static_cast<State>(row.number(2));
  order.why = row.text(3);
  order.issuer = row.text(4);
  order.reason = row.text(5);
  order.line = row.text(6);
  order.boot = id_of(row, 7);
  order.force = row.number(8) != 0;
  order.offered = row.number(9) != 0;
  order.cancel_wanted = row.number(10) != 0;
  order.plan = static_cast<std::uint64_t>(row.number(11));
  order.ordered = time_of(row, 12);
  order.due = time_of(row, 13);
  order.expires = optional_time_of(row, 14);
  order.changed = time_of(row, 15);
  order.line_due = row.number(16) != 0;
  return order;
}

std::int64_t as_number(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}

}  // namespace

Result<Records> Records::open(const std::string& state_directory) {
  Result<store::Database> database =
      store::Database::open(state_directory + "/shutdown.db", application_id, migrations);
  if (!database) return database.error();
  return Records{std::move(*database)};
}

std::vector<std::string> Records::host_names(const std::string& state_directory) {
  std::vector<std::string> names;
  Result<store::Database> database = store::Database::open_to_read(
      state_directory + "/shutdown.db", application_id, migrations.size());
  if (!database) return names;
  Result<Statement> rows = database->statement("SELECT DISTINCT name FROM hosts LIMIT 1000");
  if (!rows) return names;
  for (Result<bool> row = rows->step(); row && *row; row = rows->step())
    names.emplace_back(rows->text(0));
  return names;
}

Status Records::restore(Book& book, Time now) {
  Result<Statement> hosts = database_.statement(
      "SELECT key, machine, boot, name, address, exec, version, hardware_addresses, ports, "
      "dry_run, "
      "enrolled, since_ms, last_seen_ms FROM hosts");
  if (!hosts) return hosts.error();
  Result<bool> row = hosts->step();
  for (; row && *row; row = hosts->step())
    book.restore(host_of(*hosts));
  if (!row) return row.error();

  Result<Statement> orders = database_.statement(
      "SELECT " + std::string{order_columns} +
      " FROM orders WHERE state < 4 OR line <> '' OR ordered_ms = (SELECT max(ordered_ms) FROM "
      "orders AS later WHERE later.host = orders.host)");
  if (!orders) return orders.error();
  row = orders->step();
  for (; row && *row; row = orders->step())
    book.restore(order_of(*orders), now);
  if (!row) return row.error();
  return ok;
}

Status Records::keep(const Book& book, const Changes& changes, const PlanRecord* plan) {
  if (changes.hosts.empty() && changes.orders.empty() && !plan) return ok;
  Result<store::Transaction> transaction = database_.begin();
  if (!transaction) return transaction.error();
  for (const HostKey& key : changes.hosts)
    if (Status kept = keep_host(key, book.find_host(key)); !kept) return kept;
  for (const OrderId id : changes.orders)
    if (const Order* const order = book.find_order(id))
      if (Status kept = keep_order(*order); !kept) return kept;
  if (plan)
    if (Status kept = keep_plan(*plan); !kept) return kept;
  return transaction->commit();
}

/// A host that the book no longer has goes.
Status Records::keep_host(const HostKey& key, const Host* host) {
  if (!host) return database_.run("DELETE FROM hosts WHERE key = ?", key);
  return database_.run(
      "INSERT OR REPLACE INTO hosts(key, machine, boot, name, address, exec, version, "
      "hardware_addresses, ports, dry_run, enrolled, since_ms, last_seen_ms) "
      "VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)",
      key, Blob{view(host->machine)}, Blob{view(host->boot)}, host->name, host->address, host->exec,
      host->version, Blob{packed(host->hardware_addresses)}, Blob{packed(host->ports)},
      std::int64_t{host->dry_run}, std::int64_t{host->enrolled}, milliseconds(host->since),
      milliseconds(host->last_seen));
}

Status Records::keep_order(const Order& order) {
  return database_.run(
      "INSERT OR REPLACE INTO orders(" + std::string{order_columns} +
          ") VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
      as_number(order.id), order.host, static_cast<std::int64_t>(order.state), order.why,
      order.issuer, order.reason, order.line, Blob{view(order.boot)}, std::int64_t{order.force},
      std::int64_t{order.offered}, std::int64_t{order.cancel_wanted}, as_number(order.plan),
      milliseconds(order.ordered), milliseconds(order.due), milliseconds(order.expires),
      milliseconds(order.changed), std::int64_t{order.line_due});
}

Result<std::vector<Order>> Records::history(std::size_t limit) {
  Result<Statement> rows = database_.statement("SELECT " + std::string{order_columns} +
                                               " FROM orders ORDER BY ordered_ms DESC, id LIMIT ?");
  if (!rows) return rows.error();
  rows->bind(1, static_cast<std::int64_t>(limit));
  std::vector<Order> orders;
  Result<bool> row = rows->step();
  for (; row && *row; row = rows->step())
    orders.push_back(order_of(*rows));
  if (!row) return row.error();
  return orders;
}

Status Records::forget_old_orders() {
  return database_.run(
      "DELETE FROM orders WHERE state >= 4 AND line = '' AND id NOT IN "
      "(SELECT id FROM orders ORDER BY ordered_ms DESC LIMIT ?)",
      orders_kept_max);
}

Result<std::optional<PlanRecord>> Records::running_plan() {
  Result<Statement> row = database_.statement(
      "SELECT id, text, issuer, reason, force, started_ms, progress FROM plans "
      "WHERE running ORDER BY started_ms DESC LIMIT 1");
  if (!row) return row.error();
  const Result<bool> found = row->step();
  if (!found) return found.error();
  if (!*found) return std::optional<PlanRecord>{};
  PlanRecord plan;
  plan.id = static_cast<std::uint64_t>(row->number(0));
  plan.text = row->text(1);
  plan.issuer = row->text(2);
  plan.reason = row->text(3);
  plan.force = row->number(4) != 0;
  plan.started = time_of(*row, 5);
  plan.progress = row->text(6);
  return std::optional{std::move(plan)};
}

Status Records::keep_plan(const PlanRecord& plan) {
  return database_.run(
      "INSERT OR REPLACE INTO plans(id, text, issuer, reason, force, running, stopped, started_ms, "
      "progress) VALUES(?,?,?,?,?,?,?,?,?)",
      as_number(plan.id), plan.text, plan.issuer, plan.reason, std::int64_t{plan.force},
      std::int64_t{plan.running}, std::int64_t{plan.stopped}, milliseconds(plan.started),
      plan.progress);
}

Status Records::add_code(std::string_view code, Time expires) {
  return database_.run("INSERT OR REPLACE INTO codes(hash, expires_ms) VALUES(?,?)",
                       Blob{identity::secret_hash(code)}, milliseconds(expires));
}

Result<std::string> Records::enrol(std::string_view code, const Credential& agent, Time now) {
  Result<store::Transaction> transaction = database_.begin();
  if (!transaction) return transaction.error();
  const Status cleared =
      database_.run("DELETE FROM codes WHERE expires_ms <= ?", milliseconds(now));
  if (!cleared) return cleared.error();
  const Status used =
      database_.run("DELETE FROM codes WHERE hash = ?", Blob{identity::secret_hash(code)});
  if (!used) return used.error();
  if (database_.changes() != 1)
    return Error{Errc::refused, "enrol " + escape_for_display(agent.name),
                 "the code is wrong, used or too old; try: netkit shutdown-server enrol"};
  // What the machine had before is void: its state may have been stolen or lost.
  const Status former = database_.run("DELETE FROM credentials WHERE access = 1 AND machine = ?",
                                      Blob{view(agent.machine)});
  if (!former) return former.error();
  const std::string token = identity::make_token();
  if (Status added = add_credential(token, agent, now); !added) return added.error();
  if (Status kept = transaction->commit(); !kept) return kept.error();
  return token;
}

Status Records::add_credential(std::string_view token, const Credential& credential, Time now) {
  return database_.run(
      "INSERT INTO credentials(hash, access, name, machine, created_ms) VALUES(?,?,?,?,?)",
      Blob{identity::secret_hash(token)}, static_cast<std::int64_t>(credential.right),
      credential.name, Blob{view(credential.machine)}, milliseconds(now));
}

Result<std::int64_t> Records::revoke(std::string_view name) {
  const std::optional<Id> machine = parse_id(name);
  const std::string id = machine ? std::string{view(*machine)} : std::string{"none"};
  const Status done =
      database_.run("DELETE FROM credentials WHERE name = ? OR machine = ?", name, Blob{id});
  if (!done) return done.error();
  return database_.changes();
}

Result<std::optional<Credential>> Records::find_credential(std::string_view token) {
  Result<Statement> row =
      database_.statement("SELECT access, name, machine FROM credentials WHERE hash = ?");
  if (!row) return row.error();
  const std::string hash = identity::secret_hash(token);
  const Result<bool> found = row->bind(1, Blob{hash}).step();
  if (!found) return found.error();
  if (!*found) return std::optional<Credential>{};
  Credential credential;
  credential.right = static_cast<Right>(row->number(0));
  credential.name = row->text(1);
  credential.machine = id_of(*row, 2);
  return std::optional{std::move(credential)};
}

Result<bool> Records::is_enrolled(const Id& machine) {
  Result<Statement> row =
      database_.statement("SELECT 1 FROM credentials WHERE access = 1 AND machine = ?");
  if (!row) return row.error();
  return row->bind(1, Blob{view(machine)}).step();
}

}  // namespace netkit::shutdown
