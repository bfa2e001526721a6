// Reading, reporting and editing of an address list.
#include "commands/shutdown/list_door.hpp"

#include <algorithm>
#include <ctime>
#include <sys/stat.h>

namespace netkit::shutdown {
namespace {

using std::chrono::milliseconds;

/// A lock that a script holds must not hold up the server; it is asked for again soon.
constexpr milliseconds lock_limit{10};
constexpr milliseconds retry_pause{200};
/// A line without its end that stays so for this long is a whole one.
constexpr milliseconds unfinished_limit{100};
/// Replaced files are looked at again while a writer may still have them open.
constexpr milliseconds rescue_pause{100};
/// Wrong lines that are remembered as reported.
constexpr std::size_t reported_max = 1000;

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
}

std::string name_of(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

/// True if nobody has written to the file for as long as an unfinished line may take.
bool is_quiet(const std::string& path) {
  struct stat about {};
  timespec now{};
  if (::stat(path.c_str(), &about) != 0 || clock_gettime(CLOCK_REALTIME, &now) != 0) return false;
  const auto instant = [](const timespec& at) {
    return std::chrono::seconds{at.tv_sec} + std::chrono::nanoseconds{at.tv_nsec};
  };
  return instant(now) - instant(about.st_mtim) >= unfinished_limit;
}

std::vector<std::string> as_vector(const std::set<std::string>& addresses) {
  return {addresses.begin(), addresses.end()};
}

}  // namespace

ListDoor::ListDoor(asio::io_context& main, log::Logger& log, const std::string& path, Events events)
    : log_{log},
      list_{path, lock_limit},
      events_{std::move(events)},
      timer_{main},
      watch_{main, folder_of(path), {name_of(path)}, [this](const std::vector<std::string>&) {
               work();
             }} {}

void ListDoor::work() {
  write_lines();
  if (list_.rescue_pending())
    if (Result<bool> rescued = list_.rescue(); !rescued) complain(rescued.error());
  read();
  if (unfinished_) return;  // It is looked at again soon.
  if (!to_add_.empty() || !to_take_.empty())
    schedule(retry_pause);
  else if (list_.rescue_pending())
    schedule(rescue_pause);
}

void ListDoor::schedule(milliseconds after) {
  timer_.expires_after(after);
  timer_.async_wait([this](std::error_code cancelled) {
    if (!cancelled) work();
  });
}

void ListDoor::write_lines() {
  if (to_add_.empty() && to_take_.empty()) return;
  const std::vector<std::string> added = as_vector(to_add_);
  const std::vector<std::string> taken = as_vector(to_take_);
  const auto updated = list_.update([&](std::string_view text) {
    return store::with_addresses(store::without_addresses(text, taken), added);
  });
  if (!updated) {
    if (updated.error().code != Errc::busy) complain(updated.error());
    return;
  }
  to_add_.clear();
  to_take_.clear();
  complaint_.clear();
  if (!added.empty()) events_.written(added);
}

void ListDoor::read() {
  const bool was_unfinished = std::exchange(unfinished_, false);
  Result<std::string> text = list_.read();
  Result<store::ParsedAddresses> parsed =
      text ? store::parse_addresses(*text) : Result<store::ParsedAddresses>{text.error()};
  if (!parsed)
    return complain(Error{parsed.error().code, "read " + list_.path(), parsed.error().hint});
  report(*parsed);
  std::set<std::string> addresses;
  for (const store::AddressLine& entry : parsed->entries) {
    addresses.insert(entry.address);
    unfinished_ = unfinished_ || entry.unfinished;
  }
  // The first look at an unfinished line only starts the wait for the rest of it.
  if (unfinished_ && !was_unfinished && !is_quiet(list_.path())) return schedule(unfinished_limit);
  unfinished_ = false;
  const bool changed = !std::exchange(known_, true) || addresses != addresses_;
  addresses_ = std::move(addresses);
  if (changed) events_.changed();
}

/// Each wrong line is told once, with its place; it stays in the file.
void ListDoor::report(const store::ParsedAddresses& parsed) {
  const auto once = [&](std::size_t line, std::string_view text, const char* what) {
    if (reported_.size() >= reported_max) reported_.clear();
    const std::string place = list_.path() + ":" + std::to_string(line);
    if (!reported_.insert(place + " " + std::string{text}).second) return;
    log_.warn("list", {{"file", place}, {"text", text}, {"hint", what}});
  };
  for (const store::GarbageLine& each : parsed.garbage)
    if (!each.unfinished) once(each.line, each.text, "not an address; the line is passed over");
  for (const store::AddressLine& each : parsed.duplicates)
    if (!each.unfinished) once(each.line, each.address, "stands there twice");
}

/// The same trouble again, on every try, is told once.
void ListDoor::complain(const Error& error) {
  if (error.message() == complaint_) return;
  complaint_ = error.message();
  log_.error("list", {{"error", complaint_}});
}

void ListDoor::add(const std::vector<std::string>& addresses) {
  const std::size_t before = to_add_.size();
  for (const std::string& each : addresses) {
    to_take_.erase(each);
    if (store::canonical_address(each)) to_add_.insert(each);
  }
  if (to_add_.size() > before) schedule(milliseconds{0});
}

void ListDoor::take(const std::vector<std::string>& addresses) {
  const std::size_t before = to_take_.size();
  for (const std::string& each : addresses) {
    to_add_.erase(each);
    to_take_.insert(each);
  }
  if (to_take_.size() > before) schedule(milliseconds{0});
}

}  // namespace netkit::shutdown
