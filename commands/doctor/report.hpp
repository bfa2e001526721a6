// Findings on their way to stdout: each is shown as soon as it is made.
#pragma once

#include <vector>

#include "cli/output.hpp"
#include "commands/doctor/findings.hpp"

namespace netkit::doctor {

class Report {
 public:
  explicit Report(cli::Output& out) : out_{out} {}

  void add(const Finding& finding);
  void add(const std::vector<Finding>& findings);
  /// Errc::mismatch if anything was bad; why stdout failed, if it did.
  Status end();

 private:
  cli::Output& out_;
  bool bad_ = false;
  Status shown_ = ok;
};

}  // namespace netkit::doctor
