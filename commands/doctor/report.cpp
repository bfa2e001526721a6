// One line or one object a finding.
#include "commands/doctor/report.hpp"

namespace netkit::doctor {

void Report::add(const Finding& finding) {
  bad_ = bad_ || finding.verdict == Verdict::bad;
  if (!shown_) return;
  const std::string_view verdict = to_text(finding.verdict);
  if (out_.json())
    shown_ = out_.object(JsonObject{}
                             .add("what", finding.what)
                             .add("verdict", verdict)
                             .add("detail", finding.detail)
                             .add("hint", finding.hint));
  else
    shown_ = out_.line(filled(finding.hint.empty() ? "%1\t%2\t%3" : "%1\t%2\t%3; %4",
                              {finding.what, verdict, finding.detail, finding.hint}));
}

void Report::add(const std::vector<Finding>& findings) {
  for (const Finding& each : findings)
    add(each);
}

Status Report::end() {
  if (shown_ && bad_)
    shown_ = Error{Errc::mismatch, "find everything in order", "see the lines marked bad"};
  return std::move(shown_);
}

}  // namespace netkit::doctor
