// Tests of reading secrets: one line, whole and unchanged, or nothing.
#include "cli/secret.hpp"

#include <doctest/doctest.h>
#include <string_view>
#include <unistd.h>

#include "base/file.hpp"
#include "support/temporary_folder.hpp"

using namespace netkit;
using namespace netkit::cli;
using namespace std::string_view_literals;
using support::put_bytes;
using support::TemporaryFolder;

namespace {

Result<std::string> read(std::string_view bytes, std::size_t size_max = 100) {
  const TemporaryFolder folder;
  put_bytes(folder / "secret", bytes);
  return read_secret_file(folder / "secret", size_max);
}

/// Standard input from a pipe that holds `bytes`, for the time of this object.
class StandardInput {
 public:
  explicit StandardInput(std::string_view bytes) : former_{::dup(STDIN_FILENO)} {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    REQUIRE(write_all(ends[1], bytes));
    ::close(ends[1]);
    ::dup2(ends[0], STDIN_FILENO);
    ::close(ends[0]);
  }
  StandardInput(const StandardInput&) = delete;
  StandardInput& operator=(const StandardInput&) = delete;
  ~StandardInput() { ::dup2(former_.get(), STDIN_FILENO); }

 private:
  const FileDescriptor former_;
};

}  // namespace

TEST_CASE("read_secret_file: the first line without its end, blanks and all") {
  CHECK(*read("nk_1\n") == "nk_1");
  CHECK(*read("nk_1") == "nk_1");
  CHECK(*read("nk_1\r\n") == "nk_1");
  CHECK(*read(" two words \nsecond\n") == " two words ");
  CHECK(*read("\xc3\xa9\xff\r\r\n") == "\xc3\xa9\xff\r");
}

TEST_CASE("read_secret_file: a limit of the line, not of what follows it") {
  CHECK(*read("1234\n", 4) == "1234");
  CHECK(*read("1234\r\n", 4) == "1234");
  CHECK(*read("1234", 4) == "1234");
  CHECK(read("12345\n", 4).error().code == Errc::usage);
  CHECK(read("12345", 4).error().code == Errc::usage);
  CHECK(read("12345\r\n", 4).error().code == Errc::usage);
  CHECK(*read("1234\n" + std::string(100'000, 'x'), 4) == "1234");
}

TEST_CASE("read_secret_file: refuses what cannot be a secret") {
  CHECK(read("").error().code == Errc::usage);
  CHECK(read("\nsecond").error().code == Errc::usage);
  CHECK(read("\r\n").error().code == Errc::usage);
  CHECK(read("a\0b\n"sv).error().code == Errc::usage);
  CHECK(*read("a\n\0"sv) == "a");
}

TEST_CASE("read_secret_file: errors of the system name the file") {
  const TemporaryFolder folder;
  const auto missing = read_secret_file(folder / "none", 100);
  CHECK(missing.error().code == std::errc::no_such_file_or_directory);
  CHECK(missing.error().attempt.str() == "read " + (folder / "none"));
  CHECK(read_secret_file(folder.path(), 100).error().code == std::errc::is_a_directory);
}

TEST_CASE("read_secret_file: of standard input it takes the first line and leaves the rest") {
  const StandardInput input{"first\nsecond\n"};
  CHECK(*read_secret_file("-", 100) == "first");
  CHECK(*read_secret_file("-", 100) == "second");
  const auto none = read_secret_file("-", 100);
  CHECK(none.error().message() == "cannot read standard input: its first line is empty");
}
