// Tests of reading the kernel's tables of sockets; the lines are a kernel's own.
#include "commands/doctor/ports.hpp"

#include <doctest/doctest.h>

using namespace netkit::doctor;

TEST_CASE("read_socket_row: the port, state and inode of each table's lines") {
  auto row = read_socket_row(
      "   0: 0100007F:2382 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        "
      "0 274353 1 0000000000000000 100 0 0 10 0");
  REQUIRE(row);
  CHECK(row->port == 9090);
  CHECK(row->state == 10);
  CHECK(row->inode == 274353);
  row = read_socket_row(
      "  12: 00000000000000000000000000000000:07D3 00000000000000000000000000000000:0000 07 "
      "00000000:00000000 00:00000000 00000000  1000        0 18446744073709551615 2 "
      "0000000000000000 0");
  REQUIRE(row);
  CHECK(row->port == 2003);
  CHECK(row->state == 7);
  CHECK(row->inode == UINT64_MAX);
}

TEST_CASE("read_socket_row: a heading, what is cut short and nonsense are none") {
  CHECK_FALSE(read_socket_row(""));
  CHECK_FALSE(
      read_socket_row("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when "
                      "retrnsmt   uid  timeout inode"));
  CHECK_FALSE(read_socket_row("   0: 0100007F:2382 00000000:0000 0A 00000000:00000000"));
  CHECK_FALSE(read_socket_row("0: 0100007F:12382 0:0 0A 0:0 00:0 0 0 0 274353"));
  CHECK_FALSE(read_socket_row("0: 0100007F2382 0:0 0A 0:0 00:0 0 0 0 274353"));
  CHECK_FALSE(read_socket_row("0: 0100007F:2382 0:0 0A 0:0 00:0 0 0 0 ?"));
}
