// Tests of the one mapping from errors to exit codes, by the table of the interface.
#include "cli/exit_code.hpp"

#include <asio/error.hpp>
#include <asio/ssl/error.hpp>
#include <doctest/doctest.h>
#include <openssl/err.h>
#include <utility>
#include <vector>

using namespace netkit;
using namespace netkit::cli;

TEST_CASE("exit_code_of: each of our own errors has its code") {
  const std::vector<std::pair<Errc, int>> table{
      {Errc::busy, 1},          {Errc::stopped, 1},          {Errc::no_reader, 1},
      {Errc::usage, 2},         {Errc::closed, 3},           {Errc::name_not_found, 3},
      {Errc::refused, 4},       {Errc::not_found, 5},        {Errc::mismatch, 5},
      {Errc::malformed, 5},     {Errc::too_large, 5},        {Errc::not_utf8, 5},
      {Errc::wrong_version, 5}, {Errc::unexpected, 5},       {Errc::timed_out, 6},
      {Errc::interrupted, 130}, {Errc::unknown_command, 127}};
  for (const auto& [code, expected] : table) {
    CAPTURE(static_cast<int>(code));
    CHECK(static_cast<int>(exit_code_of(code)) == expected);
  }
}

TEST_CASE("exit_code_of: the system's words for a peer that is away are 3, for silence 6") {
  for (const std::errc code :
       {std::errc::connection_refused, std::errc::connection_reset, std::errc::connection_aborted,
        std::errc::broken_pipe, std::errc::host_unreachable, std::errc::network_unreachable,
        std::errc::network_down, std::errc::not_connected})
    CHECK(exit_code_of(Error{std::make_error_code(code)}) == exit_unreachable);
  CHECK(exit_code_of(Error{std::make_error_code(std::errc::timed_out)}) == exit_timed_out);
  CHECK(exit_code_of(Error{asio::error::connection_refused}) == exit_unreachable);
  CHECK(exit_code_of(Error{asio::error::connection_reset}) == exit_unreachable);
  CHECK(exit_code_of(Error{asio::error::network_unreachable}) == exit_unreachable);
  CHECK(exit_code_of(Error{asio::error::timed_out}) == exit_timed_out);
  for (const std::errc code : {std::errc::address_in_use, std::errc::no_space_on_device,
                               std::errc::permission_denied, std::errc::too_many_files_open})
    CHECK(exit_code_of(Error{std::make_error_code(code)}) == exit_failed);
}

TEST_CASE("exit_code_of: a missing file is a peer only if a socket was looked for there") {
  CHECK(exit_code_of(Error{{ENOENT, asio::error::get_system_category()}}) == exit_unreachable);
  CHECK(exit_code_of(Error{{ENOENT, std::generic_category()}}) == exit_failed);
}

TEST_CASE("exit_code_of: a socket that others may not use is 4, any other such file 1") {
  for (const int number : {EACCES, EPERM}) {
    CHECK(exit_code_of(Error{{number, asio::error::get_system_category()}}) == exit_refused);
    CHECK(exit_code_of(Error{{number, std::generic_category()}}) == exit_failed);
  }
}

TEST_CASE("exit_code_of: a TLS failure is 4, a stream that was cut short 3") {
  const auto wrong_version = static_cast<int>(ERR_PACK(ERR_LIB_SSL, 0, 267));
  CHECK(exit_code_of(Error{{wrong_version, asio::error::get_ssl_category()}}) == exit_refused);
  CHECK(exit_code_of(Error{asio::ssl::error::stream_truncated}) == exit_unreachable);
  CHECK(exit_code_of(Error{}) == exit_failed);
}
