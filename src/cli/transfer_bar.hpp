// The bar of files on their way, with rate and time left: for a person at a terminal, and nobody
// else. Whatever sends or fetches files shows one.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "cli/command.hpp"
#include "cli/terminal.hpp"

namespace netkit::cli {

/// "4.2M": at most four letters and a unit of 1024, as ls -h has it.
std::string size_text(std::uint64_t bytes);

class TransferBar {
 public:
  /// `label` stands in front. Nothing is shown with -q or --json.
  TransferBar(const Context& context, std::string label);

  /// The file that is under way now, and how much of it was there before.
  void begin(std::string_view path, std::uint64_t size, std::uint64_t kept);
  /// Bytes that came or went.
  void add(std::uint64_t bytes);
  double seconds() const;

 private:
  using Clock = std::chrono::steady_clock;
  void show();

  Progress progress_;
  const Clock::time_point begin_ = Clock::now();
  Clock::time_point shown_{};
  std::string name_;
  std::uint64_t size_ = 0;
  std::uint64_t here_ = 0;  // Of the file under way.
  std::uint64_t bytes_ = 0;
};

}  // namespace netkit::cli
