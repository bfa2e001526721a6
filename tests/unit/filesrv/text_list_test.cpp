// Tests of listing as text: order, escapes, what is left out, and what happens without memory.
#include "commands/filesrv/text_list.hpp"

#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>
#include <utility>

#include "support/temporary_folder.hpp"

using namespace netkit;
using netkit::support::TemporaryFolder;
using namespace netkit::filesrv;

namespace {

void touch(const TemporaryFolder& folder, const std::string& name) {
  std::ofstream{folder.path() + "/" + name} << name;
}

transfer::Root open(const TemporaryFolder& folder) {
  Result<transfer::Root> root = transfer::Root::open(folder.path());
  REQUIRE(root);
  return std::move(*root);
}

std::string all_of(const transfer::Root& root, std::shared_ptr<SortMemory> memory,
                   std::string_view path = {}) {
  Result<std::shared_ptr<TextList>> list = TextList::begin(root, path, std::move(memory));
  REQUIRE(list);
  std::string text;
  for (int turn = 0; turn < 1000 && !(*list)->is_done(); ++turn) {
    const Result<std::string> piece = (*list)->next();
    REQUIRE(piece);
    CHECK(piece->size() < list_piece_size + 4 * 255 + 2);
    text += *piece;
  }
  CHECK((*list)->is_done());
  return text;
}

std::shared_ptr<SortMemory> some_memory(std::size_t bytes = sorted_bytes_max) {
  return std::make_shared<SortMemory>(bytes);
}

}  // namespace

TEST_CASE("TextList: names sorted, folders with a slash, no .part, bytes escaped") {
  const TemporaryFolder folder;
  for (const char* name : {"b", "a", "c.part", " d", "\xff", "e\nf", ".hidden"})
    touch(folder, name);
  REQUIRE(std::filesystem::create_directory(folder.path() + "/docs"));
  const transfer::Root root = open(folder);
  CHECK(all_of(root, some_memory()) == ".hidden\n\\x20d\n\\xff\na\nb\ndocs/\ne\\nf\n");
}

TEST_CASE("TextList: an empty folder is no text, what is none an error") {
  const TemporaryFolder folder;
  const transfer::Root root = open(folder);
  CHECK(all_of(root, some_memory()) == "");
  CHECK_FALSE(TextList::begin(root, "nowhere", some_memory()));
  CHECK_FALSE(TextList::begin(root, "..", some_memory()));
}

TEST_CASE("TextList: without memory for sorting every name comes all the same, once") {
  const TemporaryFolder folder;
  for (int number = 0; number < 3000; ++number)
    touch(folder, std::to_string(number) + std::string(40, 'x'));
  const transfer::Root root = open(folder);
  const std::string sorted = all_of(root, some_memory());
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{1000}, std::size_t{100'000}}) {
    const std::string unsorted = all_of(root, some_memory(bytes));
    CHECK(unsorted.size() == sorted.size());
    for (int number = 0; number < 3000; number += 7) {
      const std::string line = std::to_string(number) + std::string(40, 'x') + "\n";
      const std::size_t at = unsorted.find(number == 0 ? line : "\n" + line);
      // One name stands at the very beginning.
      CHECK((at != std::string::npos || unsorted.starts_with(line)));
    }
  }
}

TEST_CASE("TextList: gives the memory back, also when it is dropped half-way") {
  const TemporaryFolder folder;
  touch(folder, "a");
  const transfer::Root root = open(folder);
  const auto memory = some_memory(1000);
  for (int round = 0; round < 2; ++round) {
    Result<std::shared_ptr<TextList>> list = TextList::begin(root, {}, memory);
    REQUIRE(list);
    REQUIRE((*list)->next());
    CHECK_FALSE(memory->take(1000));
    list->reset();
    CHECK(memory->take(1000));
    memory->give_back(1000);
  }
}

TEST_CASE("SortMemory: never more than there is") {
  SortMemory memory{10};
  CHECK(memory.take(4));
  CHECK_FALSE(memory.take(7));
  CHECK(memory.take(6));
  CHECK_FALSE(memory.take(1));
  memory.give_back(1);
  CHECK(memory.take(1));
}
