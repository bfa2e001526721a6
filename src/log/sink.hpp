// Where log lines go: stderr or memory (file_sink.hpp has the file). A sink never ends the process
// and never reports through the log; the logger counts what it could not take.
#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <sys/uio.h>
#include <vector>

namespace netkit::log {

/// Takes whole lines from any thread.
class Sink {
 public:
  virtual ~Sink() = default;
  /// Writes one line, its '\n' included. False: the line is lost (full disk, closed pipe).
  virtual bool write(std::string_view line) noexcept = 0;
};

/// One write(2) a line to a descriptor that it does not own and may share with other programs. A
/// pipe, terminal or socket that is full loses the line: a service must not wait for whoever reads
/// its log. Files and other devices take their time. The process must ignore SIGPIPE.
class StderrSink final : public Sink {
 public:
  explicit StderrSink(int fd = 2) noexcept : fd_{fd} {}
  bool write(std::string_view line) noexcept override;

 private:
  ssize_t write_now(const iovec* parts, int count) const noexcept;

  const int fd_;
  std::mutex mutex_;
  bool torn_ = false;  // The last line was cut: the next one must not continue it.
};

/// Keeps the last `lines_max` lines for tests.
class MemorySink final : public Sink {
 public:
  explicit MemorySink(std::size_t lines_max = 10'000) : lines_max_{lines_max} {}
  bool write(std::string_view line) noexcept override;

  /// The lines so far, without line ends.
  std::vector<std::string> lines() const;
  /// All lines with their line ends.
  std::string text() const;
  void clear();
  /// From now on refuses each line, as a full disk does.
  void refuse(bool yes);

 private:
  const std::size_t lines_max_;
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
  bool refuse_ = false;
};

/// Whether `fd` is the stream that `journal_stream` (the variable JOURNAL_STREAM, "DEVICE:INODE";
/// empty if it is not set) names, so that journald reads our lines (systemd.exec(5)).
bool is_journal(int fd, std::string_view journal_stream) noexcept;

}  // namespace netkit::log
