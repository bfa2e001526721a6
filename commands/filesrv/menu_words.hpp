// What somebody types at the menu of the file server: the original's numbers, the names behind
// them, and the file that is asked for next. A state machine without I/O.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace netkit::filesrv {

enum class Choice : std::uint8_t { none, list, get, time, info, quit };

class MenuWords {
 public:
  /// What to do about a line: `say` it, then act.
  struct Step {
    Choice choice = Choice::none;
    std::string name;              ///< Of the file to get, as bytes; of the folder to list.
    std::vector<std::string> say;  ///< Lines.
  };
  Step take(std::string_view line);
  /// Gives up the question for a name; false if none was asked.
  bool forget();

  /// What stands before the cursor.
  std::string_view prompt() const { return asks_name_ ? "file: " : "choice: "; }
  bool asks_name() const { return asks_name_; }

  /// The numbers and what they mean, a line each.
  static std::vector<std::string> menu();

 private:
  bool asks_name_ = false;
};

}  // namespace netkit::filesrv
