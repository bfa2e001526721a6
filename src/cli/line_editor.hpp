// A line being edited at the bottom of a terminal while other lines appear above it: libedit, fed
// key by key, so that it never waits. Used by Prompt; knows nothing of what is typed.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace netkit::cli {

class LineEditor {
 public:
  /// What a key meant that is not editing.
  struct Events {
    std::function<void(std::string line)> line;  ///< Enter; the line is empty again.
    std::function<void(bool empty)> interrupt;   ///< ^C; the line is empty again, and was before.
    std::function<void()> end;                   ///< ^D on an empty line.
    std::function<void()> suspend;               ///< ^Z.
    /// What may stand in the place of the last word before the cursor, given all before it.
    std::function<std::vector<std::string>(std::string_view before)> complete;
  };

  /// Takes the terminal: keys come one by one from then on. The descriptors stay the caller's.
  static Result<std::unique_ptr<LineEditor>> open(int input, int output, Events events);
  /// The terminal is as it was, and the line is gone.
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  /// What was typed, in whatever pieces. After it, true if the last piece may be half a key; the
  /// rest comes within key_limit, or give_up_key().
  bool type(std::string_view bytes);
  void give_up_key();
  /// Lines above the one being edited; they may have colours and nothing else that moves.
  void print(const std::vector<std::string>& lines);
  void set_prompt(std::string_view prompt);
  /// Lines to come back to by the arrow keys, the oldest first.
  void remember(const std::string& line);
  /// Gives the terminal back, and takes it again.
  void release();
  void take();
  /// The terminal has another size, or somebody else wrote on it.
  void redraw();

  static constexpr std::size_t remembered_max = 1000;
  static constexpr std::size_t line_size_max = 16 * 1024;

 private:
  struct Core;
  explicit LineEditor(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace netkit::cli
