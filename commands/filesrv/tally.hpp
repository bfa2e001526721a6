// What a transfer tells while it goes on: a bar for a person, an object a file under --json, what
// went wrong with which file, and how it ended in the whole.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "cli/command.hpp"
#include "cli/transfer_bar.hpp"

namespace netkit::filesrv {

class Tally {
 public:
  /// `verb` completes "cannot ... NAME".
  Tally(cli::Context& context, std::string verb);

  /// The file that is under way now, and how much of it was there before.
  void begin(std::string_view path, std::uint64_t size, std::uint64_t kept) {
    bar_.begin(path, size, kept);
  }
  /// Bytes that came or went.
  void add(std::uint64_t bytes) { bar_.add(bytes); }
  /// A file is whole and in its place, or was so before.
  Status done(std::string_view path, std::uint64_t size, std::uint64_t kept);
  void failed(std::string_view path, const Error& why);
  /// Something that is left out on purpose: said, and no failure.
  void left_out(std::string_view path, std::string_view why);

  /// The last failure; those before it have been said.
  const Status& outcome() const { return outcome_; }
  /// Under --json the summary.
  Status finish();

 private:
  cli::Context& context_;
  const std::string verb_;
  cli::TransferBar bar_;
  std::uint64_t files_ = 0;
  std::uint64_t bytes_ = 0;  // That those were short of, without what is around them on the wire.
  std::uint64_t failures_ = 0;
  Status outcome_ = ok;
};

}  // namespace netkit::filesrv
