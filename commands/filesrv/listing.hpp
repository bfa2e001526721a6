// What is in a folder, in the order that somebody wants it, in bounded memory however much there
// is. Used by the file server's pages; opens nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "transfer/root.hpp"

namespace netkit::filesrv {

/// Entries of one page.
inline constexpr std::size_t listing_max = 10'000;

struct Entry {
  std::string name;
  transfer::Kind kind = transfer::Kind::file;
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;
};

enum class SortKey : std::uint8_t { name, size, time };

struct Order {
  SortKey key = SortKey::name;
  bool descending = false;
};
/// "name", "size", "time".
std::string_view to_text(SortKey key);
/// Of a query "sort=size&order=desc"; by name where it says nothing or something else.
Order order_of_query(std::string_view query);

/// Whether `left` stands before `right`: folders first, then by the key, then by name. Names are
/// compared without the case of ASCII letters first.
bool stands_before(const Entry& left, const Entry& right, Order order);

struct Listing {
  std::vector<Entry> entries;  ///< In their order, at most as many as were asked for.
  std::uint64_t left_out = 0;  ///< More there are that stand behind these.
  std::uint64_t size = 0;      ///< Of all files, also those that were left out.
};

/// Takes the entries in any order.
class ListingMaker {
 public:
  explicit ListingMaker(Order order, std::size_t count_max = listing_max)
      : order_{order}, count_max_{count_max} {}

  void add(Entry entry);
  Listing finish();

 private:
  void cut();

  const Order order_;
  const std::size_t count_max_;
  Listing made_;
};

}  // namespace netkit::filesrv
