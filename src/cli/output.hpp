// stdout: the data a script wants, line by line, as text or as NDJSON, and nothing else. A reader
// that has gone (`| head`) is noticed and ends the command.
#pragma once

#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"

namespace netkit::cli {

class Output {
 public:
  Output(int descriptor, bool json) : descriptor_{descriptor}, json_{json} {}

  /// True under --json.
  bool json() const { return json_; }

  /// Writes one line at once, adding the line end. Errc::no_reader when nobody reads any more;
  /// ENOSPC and the like when the data cannot be kept: both end the command.
  Status line(std::string_view text);
  Status object(const JsonObject& object) { return line(object.str()); }
  /// Bytes as they are.
  Status bytes(std::string_view bytes);

 private:
  int descriptor_;
  bool json_;
};

}  // namespace netkit::cli
