// What is put in frames: what is stored, refused, gone on with, and what makes no sense.
#include "transfer/intake.hpp"

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <doctest/doctest.h>
#include <filesystem>
#include <map>

#include "base/file.hpp"
#include "support/temporary_folder.hpp"
#include "transfer/limits.hpp"

using namespace netkit;
using namespace netkit::transfer;

namespace {

/// Takes all that check_not_part() takes into one folder, and writes down what it is told.
struct Inbox final : Intake::Owner {
  Result<Place> admit(const Put& file) override {
    if (Status whole = check_not_part(file.path); !whole) return whole.error();
    return root->make_place(file.path);
  }
  Status make_room(std::uint64_t bytes) override {
    if (bytes > room - kept) return Errc::too_large;
    kept += bytes;
    return ok;
  }
  Result<FileDescriptor> make_folder(const Put& made) override {
    return root->make_folder(made.path);
  }
  bool is_there(const Put& file) const override {
    const auto facts = root->look(file.path);
    return facts && facts->size == file.size && facts->mtime_ns == file.mtime_ns;
  }
  void stored(const Put& file) override { came.push_back(file.path); }
  void refuse(std::uint32_t stream, const Error& why) override { refused[stream] = why; }
  std::string& out() override { return answers; }
  asio::awaitable<Status> flush() override { co_return ok; }
  asio::awaitable<Status> flush_if_large() override { co_return ok; }

  std::string read(const std::string& name) const {
    const auto text = read_file(folder.path() + "/" + name, 64 * 1024 * 1024);
    return text ? *text : "none";
  }

  const support::TemporaryFolder folder;
  Result<Root> root = Root::open(folder.path());
  std::uint64_t room = UINT64_MAX;
  std::uint64_t kept = 0;
  std::vector<std::string> came;
  std::map<std::uint32_t, Error> refused;
  std::string answers;
};

/// On `io`, which outlives the helpers that come back to it.
Status finish(asio::io_context& io, asio::awaitable<Status> part) {
  Status result = Errc::stopped;
  asio::co_spawn(io, std::move(part), [&](std::exception_ptr thrown, Status ended) {
    if (thrown) std::rethrow_exception(thrown);
    result = std::move(ended);
  });
  io.restart();
  io.run();
  return result;
}

Status finish(asio::awaitable<Status> part) {
  asio::io_context io{1};
  return finish(io, std::move(part));
}

Put put(std::string path, std::uint64_t size) {
  Put made;
  made.mode = 0640;
  made.mtime_ns = 1'500'000'000'000'000'007;
  made.size = size;
  made.path = std::move(path);
  return made;
}

Piece data(std::uint32_t stream, std::uint64_t offset, std::string_view bytes) {
  return {.frame = {.type = frame_type::data, .stream = stream, .body = bytes}, .offset = offset};
}

Hash root_of(std::string_view bytes) {
  RootHasher root;
  root.begin(bytes.size());
  for (std::size_t at = 0; at < bytes.size(); at += chunk_size)
    root.add(hash_of_chunk(bytes.substr(at, chunk_size)));
  return root.finish();
}

/// One frame, as it is decoded.
template <typename Message>
Status take(Intake& intake, std::uint32_t stream, const Message& message) {
  std::string bytes;
  append(bytes, stream, message);
  const wire::FrameDecoder decoder{frame_body_max};
  const auto decoded = decoder.next(bytes);
  REQUIRE(decoded);
  REQUIRE(decoded->message);
  return intake.take_part(*decoded->message);
}

std::vector<Answer> answers_of(std::string& bytes) {
  std::vector<Answer> answers;
  const wire::FrameDecoder decoder{frame_body_max};
  for (std::span<char> unread{bytes}; !unread.empty();) {
    const auto decoded = decoder.next(unread);
    REQUIRE(decoded);
    REQUIRE(decoded->message);
    const auto answer = decode_answer(*decoded->message);
    REQUIRE(answer);
    answers.push_back(*answer);
    unread = unread.subspan(decoded->used);
  }
  bytes.clear();
  return answers;
}

}  // namespace

TEST_CASE("Intake: files are stored one after the other, and told once they are in their places") {
  Inbox inbox;
  Intake intake{inbox, nullptr};
  REQUIRE(intake.begin(1, put("a", 5)));
  REQUIRE(intake.take_data(data(1, 0, "hel")));
  REQUIRE(intake.take_data(data(1, 3, "lo")));
  CHECK_FALSE(intake.has_whole());
  REQUIRE(take(intake, 1, End{5, root_of("hello")}));
  REQUIRE(intake.begin(2, put("empty", 0)));
  REQUIRE(take(intake, 2, End{0, root_of("")}));
  CHECK(intake.has_whole());
  CHECK(inbox.answers.empty());
  REQUIRE(finish(intake.settle()));
  CHECK_FALSE(intake.has_whole());
  CHECK(inbox.came == std::vector<std::string>{"a", "empty"});
  CHECK(inbox.read("a") == "hello");
  const auto facts = inbox.root->look("a");
  REQUIRE(facts);
  CHECK(facts->mode == 0640);
  CHECK(facts->mtime_ns == 1'500'000'000'000'000'007);
  const auto answers = answers_of(inbox.answers);
  REQUIRE(answers.size() == 2);
  CHECK(std::get<Stored>(answers[0]).version == facts->version);
  CHECK(inbox.kept == 5);
  CHECK(inbox.refused.empty());
}

TEST_CASE("Intake: what its owner refuses is let pass, and the next file is taken") {
  Inbox inbox;
  Intake intake{inbox, nullptr};
  REQUIRE(intake.begin(1, put("a.part", 3)));
  CHECK(inbox.refused.at(1).code == Errc::refused);
  REQUIRE(intake.take_data(data(1, 0, "abc")));
  REQUIRE(take(intake, 1, End{3, root_of("abc")}));
  REQUIRE(intake.begin(2, put("b", 1)));
  REQUIRE(intake.take_data(data(2, 0, "b")));
  REQUIRE(take(intake, 2, End{1, root_of("b")}));
  REQUIRE(finish(intake.settle()));
  CHECK(inbox.came == std::vector<std::string>{"b"});
  CHECK(inbox.read("a.part") == "none");
  CHECK(inbox.kept == 1);
}

TEST_CASE("Intake: a file that is there is kept, and one that comes meanwhile as well") {
  Inbox inbox;
  Intake intake{inbox, nullptr};
  REQUIRE(write_file_atomically(inbox.folder.path() + "/a", "first"));
  REQUIRE(intake.begin(1, put("a", 5)));
  CHECK(inbox.refused.at(1).code == std::errc::file_exists);
  REQUIRE(take(intake, 1, End{given_up, {}}));
  REQUIRE(intake.begin(2, put("b", 5)));
  REQUIRE(intake.take_data(data(2, 0, "later")));
  REQUIRE(write_file_atomically(inbox.folder.path() + "/b", "first"));
  REQUIRE(take(intake, 2, End{5, root_of("later")}));
  REQUIRE(finish(intake.settle()));
  CHECK(inbox.refused.at(2).code == std::errc::file_exists);
  CHECK(inbox.came.empty());
  CHECK(inbox.read("a") == "first");
  CHECK(inbox.read("b") == "first");
}

TEST_CASE("Intake: damage is refused, and what came of it still counts") {
  Inbox inbox;
  Intake intake{inbox, nullptr};
  REQUIRE(intake.begin(1, put("a", 5)));
  REQUIRE(intake.take_data(data(1, 0, "hellO")));
  REQUIRE(take(intake, 1, End{5, root_of("hello")}));
  CHECK(inbox.refused.at(1).code == Errc::mismatch);
  CHECK_FALSE(intake.has_whole());
  CHECK(inbox.kept == 5);
  // What is announced alone takes no room.
  REQUIRE(intake.begin(2, put("b", file_size_max)));
  intake.end();
  CHECK(inbox.kept == 5);
}

TEST_CASE("Intake: a file for which there is no more room is refused when that is full") {
  Inbox inbox;
  inbox.room = 4;
  Intake intake{inbox, nullptr};
  REQUIRE(intake.begin(1, put("a", 5)));
  REQUIRE(intake.take_data(data(1, 0, "hel")));
  CHECK(inbox.refused.empty());
  REQUIRE(intake.take_data(data(1, 3, "lo")));
  CHECK(inbox.refused.at(1).code == Errc::too_large);
  REQUIRE(take(intake, 1, End{5, root_of("hello")}));
  CHECK_FALSE(intake.has_whole());
}

TEST_CASE("Intake: what follows a put that was refused elsewhere is let pass") {
  Inbox inbox;
  Intake intake{inbox, nullptr};
  intake.let_pass(1);
  REQUIRE(intake.take_data(data(1, 0, "abc")));
  REQUIRE(take(intake, 1, End{3, root_of("abc")}));
  CHECK_FALSE(intake.has_whole());
  REQUIRE(intake.begin(2, put("b", 0)));
  REQUIRE(take(intake, 2, End{0, root_of("")}));
  CHECK(intake.has_whole());
}

TEST_CASE("Intake: a put that goes on is refused without a trace") {
  Inbox inbox;
  Intake intake{inbox, nullptr};
  REQUIRE(write_file_atomically(inbox.folder.path() + "/a", "first"));
  Put again = put("a", 9);
  again.resume = true;
  REQUIRE(finish(intake.resume(1, again)));
  CHECK(inbox.refused.at(1).code == std::errc::file_exists);
  CHECK(inbox.kept == 0);
  REQUIRE(intake.begin(2, put("b", 0)));  // Nothing more comes of the other one.
}

TEST_CASE("Intake: a put goes on with the chunks that are there") {
  Inbox inbox;
  const std::string bytes = std::string(chunk_size, 'x') + std::string(chunk_size, 'y') + "tail";
  {
    Intake broken{inbox, nullptr};
    REQUIRE(broken.begin(1, put("a", bytes.size())));
    REQUIRE(broken.take_data(data(1, 0, std::string_view{bytes}.substr(0, chunk_size))));
    REQUIRE(broken.take_data(data(1, chunk_size, "yyy")));
    broken.end();
  }
  Intake intake{inbox, nullptr};
  Put again = put("a", bytes.size());
  again.resume = true;
  REQUIRE(finish(intake.resume(2, again)));
  const auto answers = answers_of(inbox.answers);
  REQUIRE(answers.size() == 1);
  const auto& have = std::get<Have>(answers[0]);
  CHECK(have.last);
  CHECK(have.first == 0);
  REQUIRE(have.hashes.size() == 1);
  CHECK(have.hashes[0] == hash_of_chunk(std::string(chunk_size, 'x')));
  REQUIRE(intake.take_data(data(2, chunk_size, std::string(chunk_size, 'y'))));
  REQUIRE(take(intake, 2, Chunk{1, hash_of_chunk(std::string(chunk_size, 'y'))}));
  REQUIRE(intake.take_data(data(2, 2 * std::uint64_t{chunk_size}, "tail")));
  REQUIRE(take(intake, 2, End{bytes.size(), root_of(bytes)}));
  REQUIRE(finish(intake.settle()));
  CHECK(inbox.read("a") == bytes);

  // Its answer was lost: it is not sent again.
  inbox.answers.clear();
  REQUIRE(finish(intake.resume(3, again)));
  CHECK(std::holds_alternative<Stored>(answers_of(inbox.answers).at(0)));
  CHECK(inbox.came.size() == 1);
}

TEST_CASE("Intake: folders are made, and hashed by helpers or not it is the same") {
  Inbox inbox;
  asio::io_context io{1};
  Offload helpers{1};
  Intake intake{inbox, &helpers};
  Put folder = put("new/folder", 0);
  folder.folder = true;
  REQUIRE(intake.begin(1, folder));
  // That it is there is told once it is on the disk.
  CHECK(inbox.answers.empty());
  REQUIRE(intake.has_whole());
  REQUIRE(finish(io, intake.settle()));
  CHECK(std::holds_alternative<Stored>(answers_of(inbox.answers).at(0)));
  CHECK(inbox.came.empty());
  CHECK(std::filesystem::is_directory(inbox.folder.path() + "/new/folder"));
  Put file = put("new/folder/f", 2);
  file.resume = true;
  REQUIRE(finish(io, intake.resume(2, file)));
  REQUIRE(intake.take_data(data(2, 0, "hi")));
  REQUIRE(take(intake, 2, Chunk{0, hash_of_chunk("hi")}));
  REQUIRE(take(intake, 2, End{2, root_of("hi")}));
  REQUIRE(finish(io, intake.settle()));
  CHECK(inbox.read("new/folder/f") == "hi");
}

TEST_CASE("Intake: files come while others are put in their places, and are told in their order") {
  Inbox inbox;
  asio::io_context io{1};
  Offload helpers{2};
  Intake intake{inbox, &helpers};
  const auto put_one = [&](std::uint32_t stream, const std::string& name) {
    REQUIRE(intake.begin(stream, put(name, 2)));
    REQUIRE(intake.take_data(data(stream, 0, "hi")));
    REQUIRE(take(intake, stream, End{2, root_of("hi")}));
  };
  put_one(1, "a");
  put_one(2, "b");
  CHECK_FALSE(intake.is_bringing());
  REQUIRE(finish(io, intake.bring_in()));
  CHECK(intake.is_bringing());
  CHECK_FALSE(intake.has_whole());
  // Nothing is told before somebody asks for it, wherever the file is by then.
  CHECK(inbox.came.empty());
  CHECK(inbox.answers.empty());
  CHECK(intake.holds("a"));
  put_one(3, "c");
  CHECK(intake.holds("c"));
  CHECK_FALSE(intake.holds("d"));
  REQUIRE(intake.begin(4, put("d", 2)));
  REQUIRE(finish(io, intake.settle()));
  CHECK(inbox.came == std::vector<std::string>{"a", "b", "c"});
  CHECK_FALSE(intake.is_bringing());
  CHECK_FALSE(intake.holds("a"));
  REQUIRE(intake.take_data(data(4, 0, "hi")));
  REQUIRE(take(intake, 4, End{2, root_of("hi")}));
  REQUIRE(finish(io, intake.settle()));
  CHECK(inbox.came == std::vector<std::string>{"a", "b", "c", "d"});
  const std::vector<Answer> answers = answers_of(inbox.answers);
  CHECK(answers.size() == 4);
  for (const Answer& each : answers)
    CHECK(std::holds_alternative<Stored>(each));
  // With nothing to do, both do nothing.
  REQUIRE(finish(io, intake.bring_in()));
  REQUIRE(finish(io, intake.settle()));
  CHECK(inbox.answers.empty());
}

TEST_CASE(
    "Intake: what is in its place is told while more comes, and a full batch waits for room") {
  Inbox inbox;
  asio::io_context io{1};
  Offload helpers{1};
  Intake intake{inbox, &helpers};
  std::uint32_t stream = 0;
  const auto fill = [&] {
    while (!intake.is_full()) {
      ++stream;
      REQUIRE(intake.begin(stream, put("f" + std::to_string(stream), 0)));
      REQUIRE(take(intake, stream, End{0, root_of("")}));
    }
  };
  fill();
  // This runs until the helper is done, which is not told by that.
  REQUIRE(finish(io, intake.bring_in()));
  CHECK(inbox.came.empty());
  ++stream;
  REQUIRE(intake.begin(stream, put("next", 2)));
  REQUIRE(finish(io, intake.bring_in()));
  CHECK(inbox.came.size() == Harvest::files_max);
  REQUIRE(intake.take_data(data(stream, 0, "hi")));
  REQUIRE(take(intake, stream, End{2, root_of("hi")}));
  fill();
  REQUIRE(finish(io, intake.bring_in()));
  fill();
  REQUIRE(finish(io, intake.bring_in()));
  CHECK(inbox.came.size() == 2 * Harvest::files_max);
  CHECK_FALSE(intake.is_full());
  REQUIRE(finish(io, intake.settle()));
  CHECK(inbox.came.size() == 3 * Harvest::files_max);
  CHECK(inbox.refused.empty());
}

TEST_CASE("Intake: what belongs to nothing, or lies, is an error of the conversation") {
  Inbox inbox;
  Intake intake{inbox, nullptr};
  CHECK(intake.take_data(data(1, 0, "x")).error().code == Errc::unexpected);
  CHECK(take(intake, 1, End{0, {}}).error().code == Errc::unexpected);
  REQUIRE(intake.begin(1, put("a", 5)));
  CHECK(intake.begin(2, put("b", 5)).error().code == Errc::unexpected);
  CHECK(intake.take_data(data(2, 0, "x")).error().code == Errc::unexpected);
  CHECK(take(intake, 2, End{0, {}}).error().code == Errc::unexpected);
  CHECK(intake.take_data(data(1, 3, "x")).error().code == Errc::malformed);
  CHECK(intake.take_data(data(1, 0, "123456")).error().code == Errc::malformed);
}
