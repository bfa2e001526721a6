// Tells when one of some files in a folder was changed by whatever means: inotify where it works,
// looking every 100 ms where it does not. Used by servers with files that people edit. Reads none.
#pragma once

#include <asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace netkit::net {

class FileWatch {
 public:
  /// The names that may have changed, in the order they were given in. A call without a change is
  /// possible, a change without a later call is not. It may destroy the FileWatch.
  using OnChange = std::function<void(const std::vector<std::string>& names)>;

  struct Options {
    bool polling_only = false;
    std::chrono::milliseconds poll_interval{100};
    /// How far calls are apart at least. The first change of many is told at once.
    std::chrono::milliseconds quiet{20};
    /// How often files are looked at although inotify works: it is silent about changes made on
    /// another machine and about a parent folder that was renamed.
    std::chrono::milliseconds sweep_interval{1000};
  };

  /// Watches from now on. `folder` need not exist yet, and may go and come back; `names` are names
  /// in it. A symbolic link's target is watched by looking. `on_change` runs on `context`.
  FileWatch(asio::io_context& context, std::string folder, std::vector<std::string> names,
            OnChange on_change, Options options);
  FileWatch(asio::io_context& context, std::string folder, std::vector<std::string> names,
            OnChange on_change)
      : FileWatch{context, std::move(folder), std::move(names), std::move(on_change), Options{}} {}
  /// No call after it.
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  /// True while changes are found by looking every poll_interval.
  bool polling() const;
  /// Why it is polling, for a log line; empty while inotify works.
  std::string polling_reason() const;

 private:
  class Watcher;

  std::shared_ptr<Watcher> watcher_;
};

}  // namespace netkit::net
