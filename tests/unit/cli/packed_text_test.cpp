// Tests of packed texts: they come back as they were, smaller.
#include "cli/packed_text.hpp"

#include <doctest/doctest.h>

using namespace netkit::cli;

namespace {

constexpr std::string_view text = "the thing\n\nis 'this' \x7f\\";
constexpr auto bytes = packed<packed_size(text)>(text);
constexpr std::string_view odd = "q";
constexpr auto odd_bytes = packed<packed_size(odd)>(odd);

}  // namespace

TEST_CASE("packed: what is unpacked is what was packed, and it was smaller") {
  CHECK(unpacked(view_of(bytes)) == text);
  CHECK(bytes.size() < text.size());
  CHECK(unpacked(view_of(odd_bytes)) == "q");
  static_assert(packed_size("") == 0);
  static_assert(packed_size("th") == 1);
}

TEST_CASE("unpacked: ASCII that was never packed stays, every pair is two letters") {
  CHECK(unpacked(text) == text);
  CHECK(unpacked("") == "");
  std::string all;
  for (int code = 128; code < 256; ++code)
    all += static_cast<char>(code);
  CHECK(unpacked(all) == text_pairs);
}
