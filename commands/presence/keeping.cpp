// When the roster is written, and what happens if it cannot be.
#include "commands/presence/keeping.hpp"

#include "base/file.hpp"

namespace netkit::presence {
namespace {

constexpr std::chrono::seconds save_interval{10};
/// 20,000 entries, each a whole announcement.
constexpr std::size_t file_size_max = 32 * 1024 * 1024;

}  // namespace

Keeping::Keeping(asio::io_context& context, std::string path, Porter& porter, log::Logger& log)
    : timer_{context}, path_{std::move(path)}, porter_{porter}, log_{log} {}

std::shared_ptr<Keeping> Keeping::open(asio::io_context& context, std::string path, Porter& porter,
                                       log::Logger& log) {
  auto keeping = std::make_shared<Keeping>(context, std::move(path), porter, log);
  keeping->restore();
  keeping->plan();
  return keeping;
}

void Keeping::restore() {
  const Result<std::string> kept = read_file(path_, file_size_max);
  if (!kept) {
    if (kept.error().code != std::errc::no_such_file_or_directory)
      log_.warn("roster", {{"error", kept.error().message()}});
    return;
  }
  const Status restored = porter_.hall().restore(*kept, moment());
  if (!restored)
    log_.warn("roster", {{"path", path_},
                         {"error", restored.error().message()},
                         {"hint", "peers that are here come back by themselves"}});
  saved_ = porter_.hall().roster().version();
  log_.info("roster", {{"restored", porter_.hall().roster().size()}});
}

void Keeping::save() {
  const std::uint64_t version = porter_.hall().roster().version();
  if (version == saved_) return;
  const Status written = write_file_atomically(path_, porter_.hall().save(), 0600);
  if (written)
    saved_ = version;
  else if (!failed_)
    log_.error("roster", {{"error", written.error().message()},
                          {"hint", "a restart will not know who was here"}});
  else
    log_.debug("roster", {{"error", written.error().message()}});
  failed_ = !written;
}

void Keeping::plan() {
  timer_.expires_after(save_interval);
  timer_.async_wait([weak = weak_from_this()](std::error_code cancelled) {
    const auto self = weak.lock();
    if (!self || cancelled || self->stopped_) return;
    self->save();
    self->plan();
  });
}

void Keeping::stop() {
  stopped_ = true;
  timer_.cancel();
  save();
}

}  // namespace netkit::presence
