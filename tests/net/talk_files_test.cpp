// Tests of files between two peers over loopback: whole or not at all, after a break, beside
// messages, and from those who send what makes no sense.
#include "base/hex.hpp"
#include "identity/certificate.hpp"
#include "net/connect.hpp"
#include "net/message_reader.hpp"
#include "net/talk_world.hpp"
#include "transfer/limits.hpp"

using namespace netkit;
using namespace netkit::net::tests;
using namespace netkit::presence;
using namespace netkit::presence::tests;

namespace {

/// Files to be sent, in a folder of their own.
struct Desk {
  Parcel parcel(const std::string& name, std::string_view bytes) const {
    support::put_bytes(folder / name, bytes);
    Result<Parcel> opened = open_parcel(folder / name);
    REQUIRE(opened);
    return *opened;
  }
  const support::TemporaryFolder folder;
};

SendReport send(const Writer& from, const Listener& to, std::vector<std::string> texts,
                std::vector<Parcel> parcels, std::size_t* went = nullptr) {
  SendPlan plan = from.plan(to, std::move(texts));
  plan.parcels = std::move(parcels);
  if (went) plan.watch.went = [went](std::size_t bytes) { *went += bytes; };
  return Writer::send(plan);
}

}  // namespace

TEST_CASE("Talk: files arrive whole, after the texts, in their order") {
  Listener bert{{.takes_files = true}};
  const Writer ana;
  const Desk desk;
  const std::string large = noise(5'000'001);
  const SendReport report =
      send(ana, bert, {"look"},
           {desk.parcel("large", large), desk.parcel("empty", ""), desk.parcel("one", "1")});
  CHECK(report.all_delivered());
  CHECK(bert.heard() == std::vector<std::string>{"ana: look", "ana sent large 5000001",
                                                 "ana sent empty 0", "ana sent one 1"});
  CHECK(support::bytes_of(bert.files() / "large") == large);
  CHECK(support::bytes_of(bert.files() / "one") == "1");
}

TEST_CASE("Talk: a peer that wants no files refuses each, and takes texts") {
  Listener bert;
  const Writer ana;
  const Desk desk;
  const SendReport report =
      send(ana, bert, {"hello"}, {desk.parcel("large", noise(3'000'000)), desk.parcel("b", "b")});
  CHECK(report.texts.at(0));
  CHECK(report.ended);
  for (const Parcel& each : report.parcels) {
    REQUIRE(each.told);
    CHECK(each.told->error().code == Errc::refused);
    CHECK(each.told->error().hint == "bert takes no files: netkit peer listen --files DIR");
  }
  CHECK(bert.heard() == std::vector<std::string>{"ana: hello"});
}

TEST_CASE("Talk: a file never takes the place of another, and what comes with it is taken") {
  Listener bert{{.takes_files = true}};
  const Writer ana;
  const Desk desk;
  support::put_bytes(bert.files() / "a", "old");
  const SendReport report = send(ana, bert, {}, {desk.parcel("a", "new"), desk.parcel("b", "b")});
  CHECK(report.parcels.at(0).told->error().code == Errc::refused);
  CHECK(*report.parcels.at(1).told);
  CHECK(support::bytes_of(bert.files() / "a") == "old");
  CHECK(bert.heard() == std::vector<std::string>{"ana sent b 1"});
}

TEST_CASE("Talk: a file that was begun goes on with what is missing or wrong") {
  Listener bert{{.takes_files = true}};
  const Writer ana;
  const Desk desk;
  constexpr std::size_t chunk = transfer::chunk_size;
  const std::string bytes = noise(4 * chunk + 5);
  std::string part = bytes.substr(0, 3 * chunk + 100);
  part[chunk + 7] ^= 1;
  support::put_bytes(bert.files() / "f.part", part);
  Parcel parcel = desk.parcel("f", bytes);
  parcel.begun = true;
  std::size_t went = 0;
  const SendReport report = send(ana, bert, {}, {parcel}, &went);
  CHECK(report.all_delivered());
  CHECK(support::bytes_of(bert.files() / "f") == bytes);
  // The damaged chunk, the one that was cut off, and the tail.
  CHECK(went > 2 * chunk + 5);
  CHECK(went < 2 * chunk + 1000);

  // All of it came, and that was not heard: it is not sent again, nor told twice.
  went = 0;
  CHECK(send(ana, bert, {}, {parcel}, &went).all_delivered());
  CHECK(went < 1000);
  CHECK(bert.heard().size() == 1);
  // The same bytes, as a file that was never begun: it is there.
  parcel.begun = false;
  CHECK_FALSE(send(ana, bert, {}, {parcel}).all_delivered());
}

TEST_CASE("Talk: a file that changes while it waits is not sent as it was") {
  Listener bert{{.takes_files = true}};
  const Writer ana;
  const Desk desk;
  const Parcel parcel = desk.parcel("f", noise(300'000));
  support::put_bytes(desk.folder / "f", noise(200'000));
  const SendReport report = send(ana, bert, {}, {parcel, desk.parcel("g", "g")});
  CHECK(report.parcels.at(0).told->error().code == Errc::mismatch);
  CHECK(*report.parcels.at(1).told);
  CHECK(bert.heard() == std::vector<std::string>{"ana sent g 1"});
}

TEST_CASE("Talk: the rate of messages does not hold up the bytes of a file") {
  // More messages than the burst would have to wait for hours.
  Listener bert{{.limits = {.messages_per_s = 0.001, .messages_burst = 20}, .takes_files = true}};
  const Writer ana;
  const Desk desk;
  const std::string large = noise(40 * std::size_t{transfer::chunk_size});
  CHECK(send(ana, bert, {"now"}, {desk.parcel("large", large)}).all_delivered());
  CHECK(support::bytes_of(bert.files() / "large") == large);
}

TEST_CASE("Talk: who is lost before all is told of is tried at the next address, and goes on") {
  Listener bert{{.takes_files = true}};
  const Writer ana;
  const Desk desk;
  SendPlan plan = ana.plan(bert, {});
  plan.parcels = {desk.parcel("f", "f")};
  plan.addresses = {"127.0.0.2"};
  const SendReport lost = Writer::send(plan);
  CHECK_FALSE(lost.all_delivered());
  CHECK_FALSE(lost.parcels.at(0).told);
  CHECK_FALSE(lost.ended);
  plan.addresses = {"127.0.0.2", "127.0.0.1"};
  CHECK(Writer::send(plan).all_delivered());
}

namespace {

/// Opens a conversation, sends `bytes` and a goodbye, and answers with what the other side says.
asio::awaitable<Result<std::string>> say_raw(const Listener& to, const Writer& from,
                                             std::string bytes) {
  const net::Endpoint endpoint{
      .scheme = net::Scheme::tls, .host = "127.0.0.1", .port = to.port(), .path = {}};
  const std::optional<net::TlsContext> tls{
      *net::TlsContext::client([](const std::string&) -> Status { return ok; })};
  Result<net::Stream> stream = co_await net::connect(endpoint, tls, hang_limit);
  if (!stream) co_return stream.error();
  struct Nobody final : TalkMachine::Hearer {
    Status meet(const Announcement&) override { return ok; }
    Status deliver(const Announcement&, const Say&) override { return ok; }
    void acknowledged(std::uint64_t) override {}
  } nobody;
  TalkMemory memory;
  TalkSelf self{.pair = &from.key.pair(), .said = {}, .nonce = 1};
  self.said.name = from.name;
  const std::string certificate = *from_hex(stream->server_mark(net::TlsSession::Side::client));
  TalkMachine machine{TalkMachine::Role::opener, self, certificate, memory, nobody};
  std::string out;
  machine.begin(out);
  net::MessageReader<wire::FrameDecoder> reader{wire::FrameDecoder{4096}, 8192};
  while (!machine.is_open()) {
    if (Status sent = co_await stream->write(out); !sent) co_return sent.error();
    out.clear();
    const Result<wire::Frame> frame = co_await reader.next(*stream);
    if (!frame) co_return frame.error();
    if (Status heard = machine.hear(*frame, out); !heard) co_return heard.error();
  }
  out += bytes;
  wire::append_frame(out, {.type = wire::frame_type::goodbye, .body = {}});
  if (Status sent = co_await stream->write(out); !sent) co_return sent.error();
  std::string said;
  for (;;) {
    const Result<wire::Frame> frame = co_await reader.next(*stream);
    if (!frame) co_return said;
    said += std::to_string(frame->type) + "/" + std::to_string(frame->stream) + " " +
            std::string{frame->body} + "\n";
  }
}

template <typename... Message>
std::string frames(std::uint32_t stream, const Message&... message) {
  std::string bytes;
  (append(bytes, stream, message), ...);
  return bytes;
}

transfer::Put put(std::string path, std::uint64_t size) {
  transfer::Put made;
  made.path = std::move(path);
  made.size = size;
  return made;
}

}  // namespace

TEST_CASE("Talk: what is no file, or nobody asked for, ends the conversation and stores nothing") {
  Listener bert{{.takes_files = true}};
  const Writer ana;
  std::string data;
  transfer::append_data_head(data, 1, 0, 5);
  data += "hello";
  const auto says = [&](const std::string& bytes) {
    const auto said = run(say_raw(bert, ana, bytes));
    REQUIRE(said);
    return *said;
  };
  CHECK(says(data).starts_with("2/0 cannot take file data for nothing"));
  CHECK(says(frames(1, transfer::End{})).starts_with("2/0 "));
  CHECK(says(frames(1, transfer::List{})).starts_with("2/0 "));
  CHECK(says(frames(0, put("zero", 5))).starts_with("2/0 "));
  CHECK(says(frames(1, put("a", 5)) + frames(2, put("b", 5))).starts_with("2/0 "));
  CHECK(says(frames(1, put("../up", 5))).starts_with("2/0 "));
  CHECK(says(frames(1, put("a/b", 0))).find("2/0 ") == std::string::npos);
  transfer::Put over = put("over", 0);
  over.replace = true;
  support::put_bytes(bert.files() / "over", "old");
  says(frames(1, over, transfer::End{}));
  CHECK(support::bytes_of(bert.files() / "over") == "old");
  CHECK(bert.heard().empty());
  CHECK(Writer{.name = "carl"}.send(bert, {"still there"}).all_delivered());
}
