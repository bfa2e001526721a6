// The names in a folder as text, in pieces: sorted while they are few enough to be held, else in
// the folder's own order. Made on a helper's thread for the text dialects; sends nothing.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "transfer/root.hpp"
#include "transfer/walk.hpp"

namespace netkit::filesrv {

inline constexpr std::size_t sorted_names_max = 100'000;
/// Of what all clients' sorted lists hold together: one that nobody reads stays in memory. Once it
/// is used up, lists come unsorted.
inline constexpr std::size_t sorted_bytes_max = 64 * 1024 * 1024;
inline constexpr std::size_t list_piece_size = 64 * 1024;
/// Entries that are looked at before others have their turn on the helper's thread.
inline constexpr unsigned list_entries_in_a_row_max = 4096;

/// The bytes that may still be held for sorting, of all lists of a server. Any thread.
class SortMemory {
 public:
  explicit SortMemory(std::size_t bytes = sorted_bytes_max) : left_{bytes} {}
  bool take(std::size_t bytes);
  void give_back(std::size_t bytes) { left_ += bytes; }

 private:
  std::atomic<std::size_t> left_;
};

class TextList {
 public:
  /// What is in `path` below `root`, which outlives it; .part files are left out.
  static Result<std::shared_ptr<TextList>> begin(const transfer::Root& root, std::string_view path,
                                                 std::shared_ptr<SortMemory> memory);
  TextList(const TextList&) = delete;
  TextList& operator=(const TextList&) = delete;
  ~TextList() { release(); }

  /// Names as show_name() has them, an LF after each, folders with a slash before it. An empty
  /// piece is no end: other lists should have their turn. An error is final.
  Result<std::string> next();
  bool is_done() const { return stage_ == Stage::done; }

 private:
  enum class Stage : std::uint8_t { gathering, telling, done };
  /// Where a line is in text_, its LF left out.
  struct Line {
    std::uint32_t begin;
    std::uint32_t size;
  };

  TextList(transfer::Walk walk, std::shared_ptr<SortMemory> memory)
      : walk_{std::move(walk)}, memory_{std::move(memory)} {}
  Status gather();
  bool hold(std::string_view line);
  void sort();
  std::string take_held();
  void release();
  Result<std::string> read_on();

  transfer::Walk walk_;
  const std::shared_ptr<SortMemory> memory_;
  std::size_t held_ = 0;  // Taken from there.
  std::string text_;
  std::vector<Line> lines_;
  std::size_t told_ = 0;  // Of lines_.
  Stage stage_ = Stage::gathering;
  bool walked_ = false;  // To the end.
};

}  // namespace netkit::filesrv
