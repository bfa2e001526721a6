// Sizes as the bar of a transfer shows them.
#include "cli/transfer_bar.hpp"

#include <doctest/doctest.h>

using namespace netkit::cli;

TEST_CASE("size_text: writes four letters at most and a unit of 1024") {
  CHECK(size_text(0) == "0");
  CHECK(size_text(1023) == "1023");
  CHECK(size_text(1024) == "1.0K");
  CHECK(size_text(10 * 1024) == "10K");
  CHECK(size_text(1536 * 1024) == "1.5M");
  CHECK(size_text(UINT64_MAX) == "16E");
}
