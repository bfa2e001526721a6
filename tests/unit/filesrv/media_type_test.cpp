// Tests of the table of media types.
#include "commands/filesrv/media_type.hpp"

#include <doctest/doctest.h>

using netkit::filesrv::media_type;

TEST_CASE("media_type: goes by the last suffix, in any case") {
  CHECK(media_type("a.txt") == "text/plain; charset=utf-8");
  CHECK(media_type("A.PNG") == "image/png");
  CHECK(media_type("a.tar.gz") == "application/gzip");
  CHECK(media_type("a.7z") == "application/x-7z-compressed");
  CHECK(media_type("a.zst") == "application/zstd");
  for (const std::string_view unknown : {"", "a", ".txt", "a.", "a.xyz", "txt", "a.txt~"})
    CHECK(media_type(unknown) == "application/octet-stream");
}
