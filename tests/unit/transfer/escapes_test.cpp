// The corpus of escapes: every way that is known to lead out of a shared folder, tried against both
// resolvers and each function of Root.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <functional>
#include <string>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <vector>

#include "transfer/limits.hpp"
#include "transfer/path.hpp"
#include "transfer/root.hpp"
#include "unit/transfer/escape_world.hpp"

namespace netkit::transfer {
namespace {

using namespace std::string_literals;

/// What a function of Root says about a path; no error at all if it gives something.
struct Answer {
  std::string function;
  std::error_code code;
  bool repeats_path;
};

template <typename T>
Answer answer(const char* function, std::string_view path, const Result<T>& result) {
  if (result) return {function, {}, false};
  return {function, result.error().code,
          !path.empty() && result.error().message().find(path) != std::string::npos};
}

std::vector<Answer> ask_all(const Root& root, std::string_view path) {
  return {answer("open_file", path, root.open_file(path)),
          answer("open_folder", path, root.open_folder(path)),
          answer("look", path, root.look(path)),
          answer("place", path, root.place(path)),
          answer("make_place", path, root.make_place(path)),
          answer("make_folder", path, root.make_folder(path))};
}

void check_all(const EscapeWorld& world, const std::vector<std::string>& paths,
               std::error_code code) {
  for (const Root::Way way : ways) {
    const Root root = world.root(way);
    for (const std::string& path : paths) {
      CAPTURE(name_of(way));
      CAPTURE(path.substr(0, 100));
      for (const Answer& each : ask_all(root, path)) {
        CAPTURE(each.function);
        CHECK(each.code == code);
        CHECK_FALSE(each.repeats_path);
      }
    }
  }
  CHECK(world.is_outside_untouched());
}

/// Paths that are refused by how they are written, before anything is opened.
std::vector<std::string> malformed_paths() {
  std::string deep;
  for (unsigned i = 0; i <= depth_max; ++i)
    deep = join_path(deep, "d");
  return {"..",
          "../outside",
          "../outside/secret",
          "../shared/inside",
          "sub/..",
          "sub/../inside",
          "sub/../../outside/secret",
          "sub/deep/../../../outside/secret",
          "nowhere/../inside",
          ".",
          "./inside",
          "sub/.",
          "sub/./name",
          "/",
          "/etc/passwd",
          "/proc/self/root",
          "//etc/passwd",
          "sub//name",
          "sub/",
          "inside/",
          "out/",
          "inside\0"s,
          "\0"s,
          "inside\0.txt"s,
          "sub\0/../../outside/secret"s,
          "..\0"s + "/outside",
          std::string(name_size_max + 1, 'n'),
          std::string(path_size_max + 1, 'n'),
          std::string(1'000'000, '/'),
          deep};
}

const std::vector<std::string> links{"out",       "out_absolute", "slash",     "up",
                                     "here",      "in",           "dangling",  "dangling_out",
                                     "loop",      "chain",        "magic_cwd", "magic_root",
                                     "magic_exe", "magic_folder", "out_file",  "out_file_absolute",
                                     "in_file",   "sub/out"};

bool leads_to_machine(std::string_view link) {
  return link == "slash" || link == "magic_cwd" || link == "magic_root";
}

}  // namespace

TEST_CASE("Root: refuses malformed paths in each function, by both ways") {
  check_all(EscapeWorld{}, malformed_paths(), Errc::malformed);
}

TEST_CASE("Root: goes through no link, wherever it leads, by both ways") {
  std::vector<std::string> paths;
  for (const std::string& link : links)
    for (const char* const rest :
         {"/name", "/secret", "/sub/name", "/folder/name", "/new/made", "/out/secret"})
      if (!leads_to_machine(link)) paths.push_back(link + rest);
  // There, only what exists: a resolver that is broken must not fill the machine with folders.
  for (const std::string& link : links)
    for (const char* const rest : {"/usr/bin", "/etc", "/etc/passwd"})
      if (leads_to_machine(link)) paths.push_back(link + rest);
  check_all(EscapeWorld{}, paths, Errc::refused);
}

TEST_CASE("Root: opens no link, tells that it is one, and gives the place that it has") {
  const EscapeWorld world;
  for (const Root::Way way : ways) {
    const Root root = world.root(way);
    for (const std::string& link : links) {
      CAPTURE(name_of(way));
      CAPTURE(link);
      CHECK(root.open_file(link).error().code == Errc::refused);
      CHECK(root.open_folder(link).error().code == Errc::refused);
      CHECK(root.make_folder(link).error().code == Errc::refused);
      const auto seen = root.look(link);
      REQUIRE(seen);
      CHECK(seen->kind == Kind::link);
      CHECK(seen->size == 0);
      const auto place = root.place(link);
      REQUIRE(place);
      CHECK(place->name == split_path(link).name);
      CHECK(open_file_in(place->folder.get(), place->name).error().code == Errc::refused);
    }
  }
  CHECK(world.is_outside_untouched());
}

TEST_CASE("Root: refuses the kernel's magic links where they are") {
  const FileDescriptor held{::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  const std::string fd = "fd/" + std::to_string(held.get());
  for (const Root::Way way : ways) {
    CAPTURE(name_of(way));
    const auto root = Root::open("/proc/self", way);
    REQUIRE(root);
    for (const std::string& path : {"cwd"s, "root"s, "exe"s, fd}) {
      CAPTURE(path);
      CHECK(root->open_file(path).error().code == Errc::refused);
      CHECK(root->open_folder(path).error().code == Errc::refused);
      CHECK(root->look(path)->kind == Kind::link);
      CHECK(root->look(path + "/etc").error().code == Errc::refused);
    }
    for (const std::string& path : {"root/etc/passwd"s, fd + "/etc/passwd"})
      for (const Answer& each : ask_all(*root, path))
        CHECK(each.code == Errc::refused);
    CHECK(root->open_file("status"));
  }
}

TEST_CASE("Root: neither waits for a FIFO nor opens sockets and devices") {
  const EscapeWorld world;
  std::vector<std::string> names{"fifo", "socket"};
  if (world.has_device()) names.push_back("device");
  for (const Root::Way way : ways) {
    const Root root = world.root(way);
    for (const std::string& name : names) {
      CAPTURE(name_of(way));
      CAPTURE(name);
      CHECK(root.open_file(name).error().code == Errc::refused);
      CHECK(root.open_folder(name).error().code == std::errc::not_a_directory);
      CHECK(root.make_folder(name).error().code == std::errc::not_a_directory);
      CHECK(root.look(name)->kind == Kind::other);
      for (const Answer& each : ask_all(root, name + "/name"))
        CHECK(each.code == std::errc::not_a_directory);
    }
  }
}

TEST_CASE("Root: what is missing or of another kind is told as the system does, by both ways") {
  const EscapeWorld world;
  for (const Root::Way way : ways) {
    CAPTURE(name_of(way));
    const Root root = world.root(way);
    CHECK(root.open_file("nowhere").error().code == std::errc::no_such_file_or_directory);
    CHECK(root.open_file("nowhere/x").error().code == std::errc::no_such_file_or_directory);
    CHECK(root.open_folder("nowhere").error().code == std::errc::no_such_file_or_directory);
    CHECK(root.look("nowhere").error().code == std::errc::no_such_file_or_directory);
    CHECK(root.place("nowhere/x").error().code == std::errc::no_such_file_or_directory);
    CHECK(root.open_file("sub").error().code == std::errc::is_a_directory);
    CHECK(root.open_file("").error().code == std::errc::is_a_directory);
    CHECK(root.open_folder("inside").error().code == std::errc::not_a_directory);
    CHECK(root.make_folder("inside").error().code == std::errc::not_a_directory);
    for (const Answer& each : ask_all(root, "inside/name"))
      CHECK(each.code == std::errc::not_a_directory);
    CHECK(root.place("").error().code == Errc::malformed);
    CHECK(root.make_place("").error().code == Errc::malformed);
  }
}

}  // namespace netkit::transfer
