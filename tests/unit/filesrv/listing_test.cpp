// Tests of listings: their orders, and that they stay bounded.
#include "commands/filesrv/listing.hpp"

#include <doctest/doctest.h>

using namespace netkit::filesrv;
using netkit::transfer::Kind;

namespace {

std::string names(const Listing& listing) {
  std::string text;
  for (const Entry& entry : listing.entries)
    text += entry.name + " ";
  return text;
}

Listing listed(Order order, std::size_t count_max = 100) {
  ListingMaker maker{order, count_max};
  maker.add({"b", Kind::file, 1, 30});
  maker.add({"A", Kind::file, 3, 20});
  maker.add({"z", Kind::folder, 0, 10});
  maker.add({"c", Kind::file, 2, 40});
  maker.add({"a", Kind::file, 3, 10});
  maker.add({"Y", Kind::folder, 0, 20});
  maker.add({"l", Kind::link, 0, 5});
  return maker.finish();
}

}  // namespace

TEST_CASE("ListingMaker: folders first, then by the key, then by name") {
  CHECK(names(listed({})) == "Y z A a b c l ");
  CHECK(names(listed({SortKey::name, true})) == "z Y l c b a A ");
  CHECK(names(listed({SortKey::size, false})) == "Y z l b c A a ");
  CHECK(names(listed({SortKey::size, true})) == "Y z A a c b l ");
  CHECK(names(listed({SortKey::time, false})) == "z Y l a A b c ");
  CHECK(names(listed({SortKey::time, true})) == "Y z c b A a l ");
  CHECK(listed({}).size == 9);
}

TEST_CASE("ListingMaker: keeps the first ones of the order and counts the others") {
  for (std::size_t count = 1; count < 7; ++count) {
    const Listing listing = listed({}, count);
    CHECK(names(listing) == std::string{"Y z A a b c l "}.substr(0, 2 * count));
    CHECK(listing.left_out == 7 - count);
    CHECK(listing.size == 9);
  }
  CHECK(listed({}, 7).left_out == 0);
}

TEST_CASE("order_of_query: takes what it knows") {
  CHECK(order_of_query("sort=size&order=desc").key == SortKey::size);
  CHECK(order_of_query("sort=size&order=desc").descending);
  CHECK(order_of_query("json&sort=time").key == SortKey::time);
  CHECK_FALSE(order_of_query("sort=time&order=asc").descending);
  CHECK(order_of_query("sort=colour&order=up").key == SortKey::name);
  CHECK(order_of_query("").key == SortKey::name);
}
