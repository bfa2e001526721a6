// How orders that somebody waits for have gone so far, and what that means for the exit code. Pure.
#pragma once

#include <map>
#include <string>

#include "base/result.hpp"
#include "wire/json.hpp"

namespace netkit::shutdown {

class Outcome {
 public:
  /// `order` is one of those waited for.
  void expect(const wire::Json& order);
  /// True if it is waited for and this is news of it.
  bool note(const wire::Json& order);
  bool is_over() const;
  /// A host of a plan that no order could be given to.
  void not_ordered(const std::string& host);

  /// ok if every host is down. Else the worst end: cancelled ends with 1, never delivered with 3,
  /// refused with 4, a host that stayed up with 6; the message names the hosts.
  Status verdict() const;
  /// The wait itself took too long.
  Error too_late() const;

 private:
  struct Seen {
    std::string host;
    std::string state;
    std::string why;
  };
  std::map<std::string, Seen, std::less<>> orders_;
};

}  // namespace netkit::shutdown
