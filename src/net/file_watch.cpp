// inotify on the folder, looking at the files beside it, and calls that are not too many.
#include "net/file_watch.hpp"

#include <algorithm>
#include <array>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <cstring>
#include <optional>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "base/file.hpp"
#include "base/text.hpp"

namespace netkit::net {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint32_t folder_events = IN_MODIFY | IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_TO |
                                        IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF |
                                        IN_ONLYDIR | IN_EXCL_UNLINK;
/// The folder is not what was watched any more.
constexpr std::uint32_t folder_gone = IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT;

constexpr std::size_t events_size_max = 16 * 1024;
/// Reads in a row before others get their turn.
constexpr int reads_max = 8;

/// What tells one state of a file from another without reading it. All zero: no file.
struct Look {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  std::int64_t modified_s = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_s = 0;
  std::int64_t changed_ns = 0;

  bool operator==(const Look&) const = default;
};

Look look_at(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return {};
  return {info.st_dev,          info.st_ino,         info.st_size,        info.st_mtim.tv_sec,
          info.st_mtim.tv_nsec, info.st_ctim.tv_sec, info.st_ctim.tv_nsec};
}

bool is_link(const std::string& path) {
  struct stat info {};
  return lstat(path.c_str(), &info) == 0 && S_ISLNK(info.st_mode);
}

struct File {
  std::string name;
  std::string path;
  Look seen;
  bool changed = false;
};

}  // namespace

/// Held by its owner and by what it waits for, so that a callback may destroy the FileWatch.
class FileWatch::Watcher : public std::enable_shared_from_this<Watcher> {
 public:
  Watcher(asio::io_context& context, std::string folder, std::vector<std::string> names,
          OnChange on_change, Options options);

  void start();
  void stop();
  bool polling() const { return !events_.is_open(); }
  const std::string& reason() const { return reason_; }

 private:
  using Failed = const std::error_code&;

  void watch_folder();
  void unwatch_folder(std::string reason);
  void wait_for_events();
  void read_events();
  bool take_events(const char* bytes, std::size_t size);
  void look_again();
  bool has_link() const;
  void sweep();
  void note(File& file);
  void note_all();
  void tell_in_time();
  void tell();

  std::string folder_;
  std::vector<File> files_;
  OnChange on_change_;
  Options options_;
  asio::posix::stream_descriptor events_;  ///< Open while inotify works.
  asio::steady_timer sweep_timer_;
  asio::steady_timer tell_timer_;
  Look folder_seen_;  ///< Only its device and inode.
  std::string reason_;
  std::optional<Clock::time_point> told_;
  bool telling_ = false;
  bool stopped_ = false;
};

FileWatch::Watcher::Watcher(asio::io_context& context, std::string folder,
                            std::vector<std::string> names, OnChange on_change, Options options)
    : folder_{std::move(folder)},
      on_change_{std::move(on_change)},
      options_{options},
      events_{context},
      sweep_timer_{context},
      tell_timer_{context} {
  for (std::string& name : names) {
    std::string path = folder_ + "/" + name;
    files_.push_back({std::move(name), std::move(path), {}, false});
  }
}

void FileWatch::Watcher::start() {
  watch_folder();
  // After the watch began: what changes from here on is told by one or the other.
  for (File& file : files_)
    file.seen = look_at(file.path);
  look_again();
}

void FileWatch::Watcher::stop() {
  stopped_ = true;
  std::error_code ignored;
  events_.close(ignored);
  sweep_timer_.cancel();
  tell_timer_.cancel();
}

void FileWatch::Watcher::watch_folder() {
  if (options_.polling_only) {
    reason_ = "it was told to";
    return;
  }
  const Look before = look_at(folder_);
  FileDescriptor set{inotify_init1(IN_NONBLOCK | IN_CLOEXEC)};
  if (!set || inotify_add_watch(set.get(), folder_.c_str(), folder_events) < 0) {
    // ENOSPC here is not a full disk, and the system's words for it would mislead.
    const bool limit = errno == ENOSPC || errno == EMFILE;
    reason_ = limit ? "the system's limit of inotify watches is reached"
                    : "cannot watch " + escape_for_display(folder_) + ": " +
                          std::generic_category().message(errno);
    return;
  }
  std::error_code failed;
  events_.assign(set.get(), failed);
  if (failed) {
    reason_ = "cannot wait for inotify: " + failed.message();
    return;
  }
  static_cast<void>(set.release());
  // If it was replaced in between, the next sweep sees a difference and begins anew.
  folder_seen_ = before;
  reason_.clear();
  wait_for_events();
}

void FileWatch::Watcher::unwatch_folder(std::string reason) {
  std::error_code ignored;
  events_.close(ignored);
  reason_ = std::move(reason);
  look_again();
}

void FileWatch::Watcher::wait_for_events() {
  events_.async_wait(asio::posix::stream_descriptor::wait_read,
                     [self = shared_from_this()](Failed failed) {
                       if (!failed && !self->stopped_ && self->events_.is_open())
                         self->read_events();
                     });
}

void FileWatch::Watcher::read_events() {
  alignas(inotify_event) std::array<char, events_size_max> bytes;
  for (int round = 0; round < reads_max; ++round) {
    const ssize_t size = ::read(events_.native_handle(), bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) break;
    if (size <= 0 || !take_events(bytes.data(), static_cast<std::size_t>(size))) {
      note_all();
      unwatch_folder(escape_for_display(folder_) + " is not where it was");
      return tell_in_time();
    }
  }
  wait_for_events();
  // A file that has just become a link is not to wait for the slow sweep.
  if (has_link() && sweep_timer_.expiry() > Clock::now() + options_.poll_interval) look_again();
  tell_in_time();
}

/// False if the folder is not the watched one any more.
bool FileWatch::Watcher::take_events(const char* bytes, std::size_t size) {
  bool there = true;
  for (std::size_t at = 0; at + sizeof(inotify_event) <= size;) {
    inotify_event event{};
    std::memcpy(&event, bytes + at, sizeof event);
    const char* const name = bytes + at + sizeof event;
    at += sizeof event + event.len;
    if ((event.mask & folder_gone) != 0) there = false;
    if ((event.mask & IN_Q_OVERFLOW) != 0) note_all();
    if (event.len == 0) continue;
    for (File& file : files_)
      if (file.name == name) note(file);
  }
  return there;
}

/// Sets the time of the next sweep: soon where inotify is silent, else just to be sure.
void FileWatch::Watcher::look_again() {
  if (stopped_) return;
  const bool soon = polling() || has_link();
  sweep_timer_.expires_after(soon ? options_.poll_interval : options_.sweep_interval);
  sweep_timer_.async_wait([self = shared_from_this()](Failed failed) {
    if (failed || self->stopped_) return;
    self->sweep();
    self->look_again();
  });
}

bool FileWatch::Watcher::has_link() const {
  return std::any_of(files_.begin(), files_.end(),
                     [](const File& file) { return is_link(file.path); });
}

void FileWatch::Watcher::sweep() {
  const Look folder = look_at(folder_);
  if (!polling() && (folder.device != folder_seen_.device || folder.inode != folder_seen_.inode)) {
    std::error_code ignored;
    events_.close(ignored);
    reason_ = escape_for_display(folder_) + " is not where it was";
  }
  if (polling()) watch_folder();
  for (File& file : files_)
    if (look_at(file.path) != file.seen) note(file);
  tell_in_time();
}

void FileWatch::Watcher::note(File& file) {
  file.seen = look_at(file.path);
  file.changed = true;
}

void FileWatch::Watcher::note_all() {
  for (File& file : files_)
    note(file);
}

void FileWatch::Watcher::tell_in_time() {
  const bool news =
      std::any_of(files_.begin(), files_.end(), [](const File& file) { return file.changed; });
  if (!news || telling_ || stopped_) return;
  telling_ = true;
  // Always by the timer, also at once: a call from within start() or a sweep could come at a moment
  // when its receiver is not ready for it.
  tell_timer_.expires_at(told_ ? *told_ + options_.quiet : Clock::now());
  tell_timer_.async_wait([self = shared_from_this()](Failed failed) {
    self->telling_ = false;
    if (!failed && !self->stopped_) self->tell();
  });
}

void FileWatch::Watcher::tell() {
  std::vector<std::string> names;
  for (File& file : files_)
    if (std::exchange(file.changed, false)) names.push_back(file.name);
  told_ = Clock::now();
  on_change_(names);
}

FileWatch::FileWatch(asio::io_context& context, std::string folder, std::vector<std::string> names,
                     OnChange on_change, Options options)
    : watcher_{std::make_shared<Watcher>(context, std::move(folder), std::move(names),
                                         std::move(on_change), options)} {
  watcher_->start();
}

FileWatch::~FileWatch() {
  watcher_->stop();
}

bool FileWatch::polling() const {
  return watcher_->polling();
}

std::string FileWatch::polling_reason() const {
  return watcher_->reason();
}

}  // namespace netkit::net
