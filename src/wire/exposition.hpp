// Prometheus' text format 0.0.4: what /metrics says and what `netkit top` reads. Pure; knows no
// metric's meaning.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace netkit::wire {

struct MetricLabel {
  std::string_view name;
  std::string_view value;
};

/// Appends "# HELP" and "# TYPE" of a metric whose samples follow; `type` is counter, gauge or
/// histogram.
void append_metric(std::string& out, std::string_view name, std::string_view type,
                   std::string_view help);
/// Appends one sample. Names are ours, values may be any text.
void append_sample(std::string& out, std::string_view name,
                   std::initializer_list<MetricLabel> labels, double value);

/// One line that is no comment. Its name lies in the text that it was read from.
struct MetricSample {
  std::string_view name;
  std::vector<std::pair<std::string_view, std::string>> labels;
  double value = 0;

  /// Empty for a label that it does not have.
  std::string_view label(std::string_view wanted) const;
};

/// Cuts the next sample off `text`; nullopt at its end. A time stamp behind it is passed over.
/// Errc::malformed for a line that is none, or that has more than 32 labels.
Result<std::optional<MetricSample>> take_sample(std::string_view& text);

}  // namespace netkit::wire
