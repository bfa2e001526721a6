// What may stand against an order on the host itself: the executables in pre-shutdown.d, and
// programs that hold a systemd inhibitor. Answers with a reason for people, or none.
#pragma once

#include <asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "net/process.hpp"

namespace netkit::shutdown {

/// The executable files of `folder` in the order of their names; none if there is no such folder.
/// Passed over: names with a dot in front or ~ at the end, files that are not executable.
/// Errc::refused if the folder or one of the files is another user's or others may write to it.
Result<std::vector<std::string>> find_hooks(const std::string& folder);

/// Runs hooks one after the other, and can be told to stop from the same thread.
class HookRun {
 public:
  /// The first failure as a reason, empty if all succeeded; "stopped" after stop().
  asio::awaitable<std::string> run(std::string folder, std::vector<std::string> environment,
                                   std::chrono::nanoseconds limit);
  void stop();

 private:
  asio::awaitable<std::string> run_one(std::string hook, std::vector<std::string> environment,
                                       std::chrono::nanoseconds limit);

  net::Process* running_ = nullptr;
  bool stopped_ = false;
};

/// Who keeps the host from being turned off, as a reason; empty for nobody. Asks systemd-inhibit if
/// systemd runs and `path` has it; not being answered counts as nobody.
asio::awaitable<std::string> find_inhibitor(std::string path, std::vector<std::string> environment);

/// The same from the text of `systemd-inhibit --list --no-legend`.
std::string parse_inhibitors(std::string_view list);

/// What a program printed, for a sentence: one line that is safe to show, its end if it is long.
std::string last_words(std::string_view output, std::size_t size_max = 300);

}  // namespace netkit::shutdown
