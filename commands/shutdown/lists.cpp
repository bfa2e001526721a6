// Reading, reporting and editing of the two lists.
#include "commands/shutdown/lists.hpp"

#include <algorithm>

#include "base/text.hpp"

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

}  // namespace

Lists::Lists(asio::io_context& main, log::Logger& log, const std::string& list_path,
             const std::string& orders_path, std::function<void()> on_change)
    : log_{log},
      list_{list_path, lock_limit},
      orders_{orders_path, lock_limit},
      on_change_{std::move(on_change)},
      timer_{main},
      list_watch_{main,
                  folder_of(list_path),
                  {name_of(list_path)},
                  [this](const std::vector<std::string>&) { work(); }},
      orders_watch_{main,
                    folder_of(orders_path),
                    {name_of(orders_path)},
                    [this](const std::vector<std::string>&) { work(); }} {}

void Lists::work() {
  edit(list_, to_add_, true);
  edit(orders_, to_take_, false);
  for (store::AddressList* list : {&list_, &orders_})
    if (list->rescue_pending())
      if (Result<bool> rescued = list->rescue(); !rescued) complain(rescued.error());
  read();
  if (unfinished_) return;  // It is looked at again soon.
  if (!to_add_.empty() || !to_take_.empty())
    schedule(retry_pause);
  else if (list_.rescue_pending() || orders_.rescue_pending())
    schedule(rescue_pause);
}

void Lists::schedule(milliseconds after) {
  timer_.expires_after(after);
  timer_.async_wait([this](std::error_code cancelled) {
    if (!cancelled) work();
  });
}

void Lists::read() {
  std::vector<std::string> ordered;
  std::vector<std::string> listed;
  const bool was_unfinished = std::exchange(unfinished_, false);
  const bool whole = read_list(orders_, ordered) && read_list(list_, listed);
  if (!whole) return;
  // The first look at an unfinished line only starts the wait for the rest of it.
  if (unfinished_ && !was_unfinished) return schedule(unfinished_limit);
  unfinished_ = false;
  known_ = true;
  std::set<std::string> listed_now{listed.begin(), listed.end()};
  const bool changed = ordered != ordered_ || listed_now != listed_;
  ordered_ = std::move(ordered);
  listed_ = std::move(listed_now);
  if (changed) on_change_();
}

bool Lists::read_list(const store::AddressList& list, std::vector<std::string>& to) {
  Result<std::string> text = list.read();
  Result<store::ParsedAddresses> parsed =
      text ? store::parse_addresses(*text) : Result<store::ParsedAddresses>{text.error()};
  if (!parsed) {
    complain(Error{parsed.error().code, "read " + list.path(), parsed.error().hint});
    return false;
  }
  report(list, *parsed);
  for (const store::AddressLine& entry : parsed->entries) {
    to.push_back(entry.address);
    unfinished_ = unfinished_ || entry.unfinished;
  }
  return true;
}

/// Each wrong line is told once, with its place; it stays in the file.
void Lists::report(const store::AddressList& list, const store::ParsedAddresses& parsed) {
  const auto once = [&](std::size_t line, std::string_view text, const char* what) {
    if (reported_.size() >= reported_max) reported_.clear();
    const std::string place = list.path() + ":" + std::to_string(line);
    if (!reported_.insert(place + " " + std::string{text}).second) return;
    log_.warn("list", {{"file", place}, {"text", text}, {"hint", what}});
  };
  for (const store::GarbageLine& each : parsed.garbage)
    if (!each.unfinished) once(each.line, each.text, "not an address; the line is passed over");
  for (const store::AddressLine& each : parsed.duplicates)
    if (!each.unfinished) once(each.line, each.address, "stands there twice");
}

void Lists::edit(store::AddressList& list, std::set<std::string>& addresses, bool adds) {
  if (addresses.empty()) return;
  const std::vector<std::string> all{addresses.begin(), addresses.end()};
  const auto updated = list.update([&](std::string_view text) {
    return adds ? store::with_addresses(text, all) : store::without_addresses(text, all);
  });
  if (updated) {
    addresses.clear();
    complaint_.clear();
  } else if (updated.error().code != Errc::busy) {
    complain(updated.error());
  }
}

/// The same trouble again, on every try, is told once.
void Lists::complain(const Error& error) {
  if (error.message() == complaint_) return;
  complaint_ = error.message();
  log_.error("list", {{"error", complaint_}});
}

void Lists::add_seen(const std::vector<std::string>& addresses) {
  for (const std::string& each : addresses)
    if (!listed_.contains(each) && store::canonical_address(each)) to_add_.insert(each);
  if (!to_add_.empty()) schedule(milliseconds{0});
}

void Lists::take_orders(const std::vector<std::string>& addresses) {
  to_take_.insert(addresses.begin(), addresses.end());
  if (!to_take_.empty()) work();
}

Status Lists::add_order(const std::string& address) {
  const auto updated =
      orders_.update([&](std::string_view text) { return store::with_address(text, address); });
  if (!updated) return updated.error();
  to_take_.erase(address);
  // It stands there from now on, and is not taken for a line that somebody took away.
  if (std::find(ordered_.begin(), ordered_.end(), address) == ordered_.end())
    ordered_.push_back(address);
  schedule(rescue_pause);
  return ok;
}

}  // namespace netkit::shutdown
