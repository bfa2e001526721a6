// A log file that is renamed away when it is full (`--log-file`). Several processes may share it:
// a line is one append, only one of them renames. Never blocks on a FIFO, never ends the process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <sys/stat.h>

#include "base/file.hpp"
#include "base/result.hpp"
#include "log/sink.hpp"

namespace netkit::log {

struct FileLimits {
  std::uint64_t size_max = 16 * 1024 * 1024;  ///< Bytes before it is renamed; 0: never.
  int old_files = 4;                          ///< Kept as PATH.1 (newest) to PATH.N; 0..99.
};

/// Appends to PATH (mode 0640 if it creates it). At `size_max` PATH becomes PATH.1, PATH.1 becomes
/// PATH.2 and so on. If renaming fails it goes on in the same file and tries again later; while
/// another process renames, lines still go to the old file, which may pass the limit by them.
class FileSink final : public Sink {
 public:
  /// Opens the file, so that a wrong path is told at the start. The attempt names the path.
  static Result<std::unique_ptr<FileSink>> open(std::string path, FileLimits limits = {});

  bool write(std::string_view line) noexcept override;

  /// Opens PATH again (SIGHUP, after logrotate moved it). On an error the old file stays in use.
  Status reopen();

 private:
  FileSink(std::string path, FileLimits limits, FileDescriptor file);
  bool append(std::string_view line) noexcept;
  void make_room(std::size_t line_size) noexcept;
  bool rotate() noexcept;

  const std::string path_;
  const FileLimits limits_;
  std::mutex mutex_;
  FileDescriptor file_;
  std::uint64_t rotate_again_at_ = 0;  // After a failed rename: the size at which to try again.
  bool torn_ = false;                  // A fragment ends the file: the next line must not join it.
};

}  // namespace netkit::log
