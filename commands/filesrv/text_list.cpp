// Gathering, sorting, and what happens where there is too much for that.
#include "commands/filesrv/text_list.hpp"

#include <algorithm>
#include <utility>

#include "commands/filesrv/text_words.hpp"

namespace netkit::filesrv {
namespace {

std::string line_of(const transfer::Found& found) {
  std::string line = show_name(found.name);
  if (found.facts.kind == transfer::Kind::folder) line += '/';
  return line;
}

}  // namespace

bool SortMemory::take(std::size_t bytes) {
  std::size_t left = left_;
  do {
    if (left < bytes) return false;
  } while (!left_.compare_exchange_weak(left, left - bytes));
  return true;
}

Result<std::shared_ptr<TextList>> TextList::begin(const transfer::Root& root, std::string_view path,
                                                  std::shared_ptr<SortMemory> memory) {
  Result<transfer::Walk> walk = transfer::Walk::begin(root, path, transfer::WalkWish{});
  if (!walk) return walk.error();
  return std::shared_ptr<TextList>{new TextList{std::move(*walk), std::move(memory)}};
}

Result<std::string> TextList::next() {
  if (stage_ == Stage::done) return std::string{};
  if (stage_ == Stage::gathering) {
    if (Status gathered = gather(); !gathered) return gathered.error();
    return std::string{};
  }
  if (told_ < lines_.size()) return take_held();
  release();
  if (!walked_) return read_on();
  stage_ = Stage::done;
  return std::string{};
}

Status TextList::gather() {
  for (unsigned count = 0; count < list_entries_in_a_row_max; ++count) {
    const Result<std::optional<transfer::Found>> found = walk_.next();
    if (!found) return found.error();
    if (!*found) {
      walked_ = true;
      sort();
      stage_ = Stage::telling;
      return ok;
    }
    if (hold(line_of(**found))) continue;
    stage_ = Stage::telling;  // Unsorted: the end is not in sight.
    return ok;
  }
  return ok;
}

/// Keeps the line, and says whether there is room for more.
bool TextList::hold(std::string_view line) {
  lines_.push_back(
      {static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(line.size())});
  text_ += line;
  const std::size_t used = text_.capacity() + lines_.capacity() * sizeof(Line);
  if (used > held_) {
    if (!memory_->take(used - held_)) return false;
    held_ = used;
  }
  return lines_.size() < sorted_names_max;
}

void TextList::sort() {
  const std::string_view text = text_;
  std::ranges::sort(lines_, {}, [text](Line line) { return text.substr(line.begin, line.size); });
}

std::string TextList::take_held() {
  std::string piece;
  const std::string_view text = text_;
  while (told_ < lines_.size() && piece.size() < list_piece_size) {
    const Line line = lines_[told_++];
    piece += text.substr(line.begin, line.size);
    piece += '\n';
  }
  return piece;
}

void TextList::release() {
  memory_->give_back(std::exchange(held_, 0));
  std::string{}.swap(text_);
  std::vector<Line>{}.swap(lines_);
  told_ = 0;
}

Result<std::string> TextList::read_on() {
  std::string piece;
  for (unsigned count = 0; count < list_entries_in_a_row_max; ++count) {
    const Result<std::optional<transfer::Found>> found = walk_.next();
    if (!found) return found.error();
    if (!*found) {
      walked_ = true;
      break;
    }
    piece += line_of(**found);
    piece += '\n';
    if (piece.size() >= list_piece_size) break;
  }
  return piece;
}

}  // namespace netkit::filesrv
