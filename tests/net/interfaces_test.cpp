// Tests of the list of interfaces and its watch, on what every machine has: loopback. The lab
// script `multicast` has those with interfaces that come and go.
#include "net/interfaces.hpp"

#include <algorithm>
#include <asio/io_context.hpp>
#include <doctest/doctest.h>

using namespace netkit;
using namespace netkit::net;
using namespace std::chrono_literals;

TEST_CASE("read_interfaces: loopback is there with its address") {
  const auto all = read_interfaces();
  REQUIRE(all);
  const auto lo =
      std::find_if(all->begin(), all->end(), [](const Interface& each) { return each.loopback; });
  REQUIRE(lo != all->end());
  CHECK(lo->index != 0);
  CHECK(lo->name == "lo");
  CHECK(lo->up);
  CHECK(lo->running);
  CHECK(lo->has(false));
  CHECK(std::count(lo->addresses.begin(), lo->addresses.end(),
                   asio::ip::make_address("127.0.0.1")) == 1);
  CHECK(std::is_sorted(all->begin(), all->end(), [](const auto& left, const auto& right) {
    return left.index < right.index;
  }));
}

TEST_CASE("InterfaceWatch: knows the interfaces from its start, by either means") {
  asio::io_context context{1};
  InterfaceWatch::Options options;
  for (const bool polling : {false, true}) {
    options.polling_only = polling;
    const InterfaceWatch watch{context, [](const auto&) {}, options};
    CHECK_FALSE(watch.interfaces().empty());
    if (polling) CHECK(watch.polling_reason() == "it was told to");
    CHECK(watch.polling_reason().empty() == !watch.polling());
  }
  context.run();  // Ends, since no watch is left.
}
