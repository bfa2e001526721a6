// Tests of a folder's page: what hostile names become, and what it may load.
#include "commands/filesrv/folder_page.hpp"

#include <doctest/doctest.h>

using namespace netkit::filesrv;
using netkit::transfer::Kind;

namespace {

FolderView view_of(std::vector<Entry> entries) {
  FolderView view;
  view.path = "docs/a & b";
  view.listing.entries = std::move(entries);
  return view;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("folder_page: names are shown escaped and linked exactly") {
  const std::string page = folder_page(view_of({
      {"<img src=x onerror=1>", Kind::file, 5, 0},
      {"it's \"so\"", Kind::file, 5, 0},
      {"javascript:alert(1)", Kind::file, 5, 0},
      {"a b#c?d%", Kind::folder, 0, 0},
      {"line\nfeed\xff", Kind::file, 5, 0},
      {"\xc3\xbc\xe2\x80\xae", Kind::file, 5, 0},
  }));
  CHECK_FALSE(has(page, "<img"));
  CHECK(has(page, "&lt;img src=x onerror=1&gt;"));
  CHECK(has(page, "it&#39;s &quot;so&quot;"));
  CHECK(has(page, "href=\"./it%27s%20%22so%22\""));
  CHECK(has(page, "href=\"./javascript%3Aalert%281%29\""));
  CHECK(has(page, "href=\"./a%20b%23c%3Fd%25/\""));
  CHECK(has(page, "href=\"./line%0Afeed%FF\""));
  CHECK(has(page, "line\\nfeed\\xff"));
  CHECK(has(page, "href=\"./%C3%BC%E2%80%AE\""));
  CHECK_FALSE(has(page, "\xe2\x80\xae"));
  CHECK(has(page, "<a href=\"/docs/\"><bdi>docs</bdi></a>"));
  CHECK(has(page, "<h1><bdi>a &amp; b</bdi></h1>"));
  CHECK(has(page, "<title>a &amp; b</title>"));
}

TEST_CASE("folder_page: links and devices are told and not linked") {
  const std::string page =
      folder_page(view_of({{"here", Kind::link, 0, 0}, {"pipe", Kind::other, 0, 0}}));
  CHECK_FALSE(has(page, "./here"));
  CHECK_FALSE(has(page, "./pipe"));
  CHECK(has(page, "link, not followed"));
}

TEST_CASE("folder_page: headings turn the order that is shown") {
  FolderView view = view_of({});
  CHECK(has(folder_page(view), "aria-sort=\"ascending\"><a href=\"?sort=name&amp;order=desc\""));
  CHECK(has(folder_page(view), "<a href=\"?sort=size&amp;order=desc\""));
  view.order = {SortKey::size, true};
  CHECK(has(folder_page(view), "aria-sort=\"descending\"><a href=\"?sort=size&amp;order=asc\""));
  CHECK(has(folder_page(view), "<a href=\"?sort=name&amp;order=asc\""));
}

TEST_CASE("folder_page: uploads, archives and what is left out stand there only if they are") {
  FolderView view = view_of({});
  CHECK_FALSE(has(folder_page(view), "type=\"file\""));
  CHECK(has(folder_page(view), "href=\"?tar\""));
  view.upload = true;
  view.has_tar = false;
  view.listing.left_out = 7;
  CHECK(has(folder_page(view), "type=\"file\""));
  CHECK_FALSE(has(folder_page(view), "href=\"?tar\""));
  CHECK(has(folder_page(view), "7 more are not shown"));
  view.drop_box = true;
  view.listing.entries.push_back({"secret", Kind::file, 1, 0});
  CHECK_FALSE(has(folder_page(view), "secret"));
}

TEST_CASE("folder_page: loads nothing, and runs nothing but its own script") {
  const std::string page = folder_page(view_of({{"a", Kind::file, 1, 0}}));
  for (const std::string_view word :
       {"http:", "https:", "//cdn", " src=", "@import", "url(", "onclick=", "style=", "innerHTML"})
    CHECK_FALSE(has(page, word));
  CHECK(page.size() < 16 * 1024);
  const std::string policy{folder_page_policy()};
  CHECK(has(policy, "default-src 'none'"));
  CHECK(has(policy, "script-src 'sha256-"));
  CHECK_FALSE(has(policy, "unsafe"));
}

TEST_CASE("folder_json: tells kinds, sizes, times and exact addresses") {
  FolderView view = view_of({{"d", Kind::folder, 0, 0}, {"\xff\"", Kind::file, 3, 1500000000}});
  CHECK(folder_json(view) ==
        "{\"entries\":[{\"name\":\"d\",\"kind\":\"folder\",\"size\":0,"
        "\"mtime\":\"1970-01-01T00:00:00.000Z\",\"url\":\"./d/\"},"
        "{\"name\":\"\xef\xbf\xbd\\\"\",\"kind\":\"file\",\"size\":3,"
        "\"mtime\":\"1970-01-01T00:00:01.500Z\",\"url\":\"./%FF%22\"}],\"left_out\":0}\n");
  CHECK(folder_json(view_of({})) == "{\"entries\":[],\"left_out\":0}\n");
}

TEST_CASE("size_for_people: short, in binary units") {
  CHECK(size_for_people(0) == "0 B");
  CHECK(size_for_people(1023) == "1023 B");
  CHECK(size_for_people(1024) == "1.0 KiB");
  CHECK(size_for_people(1536) == "1.5 KiB");
  CHECK(size_for_people(10 * 1024) == "10 KiB");
  CHECK(size_for_people(1024 * 1024 - 1) == "1.0 MiB");
  CHECK(size_for_people(std::uint64_t{3} << 30) == "3.0 GiB");
  CHECK(size_for_people(UINT64_MAX) == "16 EiB");
}
