// Names under which files of strangers may be stored, and what an inbox says to its sender.
#include "commands/presence/inbox.hpp"

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <doctest/doctest.h>

#include "support/temporary_folder.hpp"
#include "transfer/limits.hpp"

using namespace netkit;
using namespace netkit::presence;

namespace {

/// An inbox for a folder, what it said and what came.
struct Desk {
  explicit Desk(bool takes = true) {
    REQUIRE(root);
    Inbox::Plan plan;
    plan.own_name = "bert";
    plan.folder = takes ? &*root : nullptr;
    plan.came = [this](const std::string& name, std::uint64_t) { came.push_back(name); };
    plan.refused = [this](const Error& why) { refused.push_back(why); };
    plan.send = [this](const std::string& answers) { return keep(answers); };
    inbox.emplace(std::move(plan));
  }
  asio::awaitable<Status> keep(std::string answers) {
    said += answers;
    co_return ok;
  }

  /// All of `bytes`, as they would come; a rest wherever one is wanted, and at the end.
  Status take(std::string bytes) {
    transfer::PieceDecoder decoder{4096};
    for (std::span<char> unread{bytes}; !unread.empty();) {
      const auto decoded = decoder.next(unread);
      REQUIRE(decoded);
      if (decoded->message)
        if (Status taken = inbox->take(*decoded->message); !taken) return taken;
      unread = unread.subspan(decoded->used);
      if (inbox->must_rest()) rest();
    }
    rest();
    return ok;
  }
  void rest() {
    asio::io_context io{1};
    asio::co_spawn(io, inbox->rest(), [](std::exception_ptr thrown, Status rested) {
      if (thrown) std::rethrow_exception(thrown);
      CHECK(rested);
    });
    io.run();
  }

  const support::TemporaryFolder folder;
  const Result<transfer::Root> root = transfer::Root::open(folder.path());
  std::vector<std::string> came;
  std::vector<Error> refused;
  std::string said;
  std::optional<Inbox> inbox;
};

std::string file(std::uint32_t stream, const std::string& name, std::string_view bytes,
                 bool resume = false) {
  std::string out;
  transfer::Put put;
  put.path = name;
  put.size = bytes.size();
  put.mode = 0644;
  put.mtime_ns = 1'000'000'007;
  put.resume = resume;
  put.replace = true;
  append(out, stream, put);
  transfer::append_data_head(out, stream, 0, static_cast<std::uint32_t>(bytes.size()));
  out += bytes;
  transfer::RootHasher root;
  root.begin(bytes.size());
  root.add(transfer::hash_of_chunk(bytes));
  append(out, stream, transfer::End{bytes.size(), root.finish()});
  return out;
}

}  // namespace

TEST_CASE("check_file_name: takes plain names that can be shown") {
  for (const char* name : {"a", "report.pdf", "two words", "übung", "a..b", "-rf", "CON"})
    CHECK(check_file_name(name));
}

TEST_CASE("check_file_name: refuses what leads elsewhere, hides, or cannot be shown") {
  using namespace std::string_view_literals;
  for (const std::string_view name :
       {""sv, "."sv, ".."sv, "/"sv, "a/b"sv, "/etc/passwd"sv, "../a"sv, "a/"sv, "a\0b"sv,
        ".bashrc"sv, ".ssh"sv, "a\nb"sv, "\x1b[2J"sv, "a\xff"sv, "back\\slash"sv, "a\u202e"sv,
        "a.part"sv, ".part"sv}) {
    CAPTURE(name);
    const Status fits = check_file_name(name);
    REQUIRE_FALSE(fits);
    CHECK(fits.error().code == Errc::refused);
  }
  CHECK_FALSE(check_file_name(std::string(256, 'x')));
}

TEST_CASE("Inbox: stores what comes, and nothing over what is there, whatever the sender wishes") {
  Desk desk;
  REQUIRE(desk.take(file(1, "a", "one")));
  CHECK(desk.came == std::vector<std::string>{"a"});
  REQUIRE(desk.take(file(2, "a", "two")));
  REQUIRE(desk.refused.size() == 1);
  CHECK(desk.refused[0].code == Errc::refused);
  CHECK(support::bytes_of(desk.folder / "a") == "one");
  CHECK(desk.said.find("none is replaced") != std::string::npos);
}

TEST_CASE("Inbox: without a folder it refuses with what to do, and lets the bytes pass") {
  Desk desk{false};
  REQUIRE(desk.take(file(1, "a", "one") + file(2, "b", "two")));
  CHECK(desk.refused.size() == 2);
  CHECK(desk.came.empty());
  CHECK(desk.said.find("bert takes no files: netkit peer listen --files DIR") != std::string::npos);
}

TEST_CASE("Inbox: hostile names are refused, and no folders are made") {
  Desk desk;
  for (const char* name : {".bashrc", "a/b", "x.part", "a\nb"})
    REQUIRE(desk.take(file(1, name, "evil")));
  CHECK(desk.refused.size() == 4);
  transfer::Put folder;
  folder.folder = true;
  folder.path = "folder";
  std::string bytes;
  append(bytes, 2, folder);
  REQUIRE(desk.take(bytes));
  CHECK(desk.refused.size() == 5);
  CHECK(std::filesystem::is_empty(desk.folder.path()));
  CHECK(desk.take(file(1, "../a", "evil")).error().code == Errc::malformed);
  CHECK(desk.take(file(0, "a", "evil")).error().code == Errc::unexpected);
}

TEST_CASE("Inbox: what came already is only told again to who goes on with it") {
  Desk desk;
  REQUIRE(desk.take(file(1, "a", "one")));
  // Its put alone: the sender waits for an answer.
  transfer::Put put;
  put.path = "a";
  put.size = 3;
  put.mtime_ns = 1'000'000'007;
  put.resume = true;
  desk.said.clear();
  std::string bytes;
  append(bytes, 2, put);
  REQUIRE(desk.take(bytes));
  CHECK(desk.came.size() == 1);
  CHECK(desk.refused.empty());
  CHECK(desk.said.size() == wire::frame_header_size + 8);  // Stored.
  // Another time, or another size, is another file.
  put.mtime_ns += 1;
  bytes.clear();
  append(bytes, 3, put);
  REQUIRE(desk.take(bytes));
  CHECK(desk.refused.size() == 1);
}
