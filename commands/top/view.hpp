// What `netkit top` makes of the metrics of servers: readings, the rates between two of them, a
// table, an object each. Pure; what a server says is shown so that it drives no terminal.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"

namespace netkit::top {

/// What one answer says of its server.
struct Reading {
  std::string command;
  std::string version;
  double started_s = 0;  ///< Since 1970.
  bool draining = false;
  double connections = 0;
  double received = 0;  ///< Bytes, as all below since the start.
  double sent = 0;
  double refused = 0;
  std::optional<double> messages = {};
};

/// Errc::malformed for what is no metrics, Errc::mismatch for those of another program.
Result<Reading> read_metrics(std::string_view text);

/// One server, as it is now.
struct Row {
  std::string endpoint;
  std::optional<Reading> now = {};
  std::optional<Reading> before = {};  ///< The one before that, of the same run of the server.
  double between_s = 0;                ///< From one to the other.
  std::string away = {};               ///< Why there is no reading.
};

/// Takes the reading, or why there is none, `elapsed_s` after the last.
void take_reading(Row& row, const Result<Reading>& reading, double elapsed_s);

/// A heading and a line each, columns aligned.
std::string table(std::span<const Row> rows, double now_s);
JsonObject show_object(const Row& row, double now_s);

}  // namespace netkit::top
