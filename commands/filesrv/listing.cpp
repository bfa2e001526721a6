// Sorting and cutting.
#include "commands/filesrv/listing.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"

namespace netkit::filesrv {
namespace {

char lower(char byte) {
  return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
}

/// Below, at or above 0, as left is before, at or behind right.
int compare_names(std::string_view left, std::string_view right) {
  const std::size_t common = std::min(left.size(), right.size());
  for (std::size_t i = 0; i < common; ++i) {
    const auto one = static_cast<unsigned char>(lower(left[i]));
    const auto other = static_cast<unsigned char>(lower(right[i]));
    if (one != other) return one < other ? -1 : 1;
  }
  if (left.size() != right.size()) return left.size() < right.size() ? -1 : 1;
  return left.compare(right);
}

template <typename Number>
int compare(Number left, Number right) {
  return left < right ? -1 : left > right ? 1 : 0;
}

int compare_by(SortKey key, const Entry& left, const Entry& right) {
  switch (key) {
    case SortKey::size: return compare(left.size, right.size);
    case SortKey::time: return compare(left.mtime_ns, right.mtime_ns);
    case SortKey::name: break;
  }
  return compare_names(left.name, right.name);
}

}  // namespace

std::string_view to_text(SortKey key) {
  switch (key) {
    case SortKey::size: return "size";
    case SortKey::time: return "time";
    case SortKey::name: break;
  }
  return "name";
}

Order order_of_query(std::string_view query) {
  Order order;
  for (const std::string_view each : split(query, '&')) {
    if (each == "sort=size") order.key = SortKey::size;
    if (each == "sort=time") order.key = SortKey::time;
    if (each == "order=desc") order.descending = true;
  }
  return order;
}

bool stands_before(const Entry& left, const Entry& right, Order order) {
  const bool left_folder = left.kind == transfer::Kind::folder;
  const bool right_folder = right.kind == transfer::Kind::folder;
  if (left_folder != right_folder) return left_folder;
  const int compared = compare_by(order.key, left, right);
  if (compared != 0) return order.descending ? compared > 0 : compared < 0;
  return compare_names(left.name, right.name) < 0;
}

void ListingMaker::add(Entry entry) {
  made_.size += entry.size;
  made_.entries.push_back(std::move(entry));
  // Twice as many are kept as are shown, so that each is looked at a few times only.
  if (made_.entries.size() >= 2 * count_max_) cut();
}

void ListingMaker::cut() {
  std::vector<Entry>& entries = made_.entries;
  if (entries.size() <= count_max_) return;
  const auto before = [order = order_](const Entry& left, const Entry& right) {
    return stands_before(left, right, order);
  };
  const auto end = entries.begin() + static_cast<std::ptrdiff_t>(count_max_);
  std::nth_element(entries.begin(), end, entries.end(), before);
  made_.left_out += entries.size() - count_max_;
  entries.erase(end, entries.end());
}

Listing ListingMaker::finish() {
  cut();
  std::sort(made_.entries.begin(), made_.entries.end(),
            [order = order_](const Entry& left, const Entry& right) {
              return stands_before(left, right, order);
            });
  return std::exchange(made_, {});
}

}  // namespace netkit::filesrv
