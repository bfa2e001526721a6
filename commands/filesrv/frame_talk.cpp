// What is asked in frames, but for files themselves: lists, hashes, the time; and their order.
#include "commands/filesrv/frame_talk.hpp"

#include <algorithm>
#include <utility>

#include "base/json.hpp"
#include "cli/remote_error.hpp"
#include "commands/filesrv/clock.hpp"
#include "commands/filesrv/filesrv.hpp"
#include "commands/filesrv/reception.hpp"
#include "net/first_frame.hpp"
#include "net/together.hpp"
#include "net/worker.hpp"
#include "transfer/glob.hpp"
#include "transfer/path.hpp"

namespace netkit::filesrv {
namespace {

using net::Flow;
using transfer::Facts;
using transfer::Kind;

/// Matches of one pattern; whoever has more lists the folder.
constexpr std::size_t matches_max = 100'000;

transfer::Sender::Surroundings around(Depot& depot, Pace& own, net::Connection& connection) {
  transfer::Sender::Surroundings made;
  made.memory = connection.worker().read_memory();
  made.helpers = &depot.helpers();
  made.cache = &depot.cache();
  made.went = [&connection](std::size_t) { connection.touch(); };
  if (depot.pace().is_limited() || own.is_limited()) {
    made.pace = [&depot, &own](std::size_t bytes) { return wait_for(depot.pace(), own, bytes); };
    made.pace_size = pace_size(depot.pace(), own);
  }
  return made;
}

/// The system's words for what the client is to know: a file that is not there, or not for it.
Error as_told(const Error& why) {
  using std::errc;
  if (why.code == errc::no_such_file_or_directory || why.code == errc::not_a_directory)
    return Error{Errc::not_found, why.attempt.str(), why.hint.str()};
  if (why.code == errc::permission_denied || why.code == errc::operation_not_permitted)
    return Error{Errc::refused, why.attempt.str(), "the server may not open it"};
  return why;
}

}  // namespace

FrameTalk::FrameTalk(Depot& depot, Visitor& visitor, net::Connection& connection)
    : depot_{depot},
      visitor_{visitor},
      connection_{connection},
      pace_{depot.settings().client_rate_max},
      decoder_{request_size_max},
      sender_{connection.stream(), around(depot, pace_, connection)},
      intake_{*this, &depot.helpers()} {}

FrameTalk::~FrameTalk() {
  intake_.end();
}

Result<Flow> FrameTalk::take_at_hand() {
  net::ReceiveBuffer& received = connection_.received();
  while (!received.empty() && !asked_ && !intake_.is_full()) {
    auto decoded = decoder_.next(received.unread());
    if (!decoded) return decoded.error();
    Result<Flow> flow = decoded->message ? take(*decoded->message) : Flow::go_on;
    received.consume(decoded->used);
    if (!flow || *flow == Flow::finish) return flow;
    if (decoded->used == 0) break;
  }
  return Flow::go_on;
}

Result<Flow> FrameTalk::take(const transfer::Piece& piece) {
  if (piece.is_data()) {
    if (Status taken = intake_.take_data(piece); !taken) return taken.error();
    taken_ += piece.frame.body.size();
    return Flow::go_on;
  }
  const wire::Frame& frame = piece.frame;
  if (transfer::is_part(frame.type)) {
    if (Status taken = intake_.take_part(frame); !taken) return taken.error();
    return Flow::go_on;
  }
  switch (frame.type) {
    case wire::frame_type::ping:
      wire::append_frame(sender_.out(), {.type = wire::frame_type::pong,
                                         .flags = frame.flags,
                                         .stream = frame.stream,
                                         .body = frame.body});
      return Flow::go_on;
    case wire::frame_type::pong: return Flow::go_on;
    case wire::frame_type::goodbye: return Flow::finish;
    default: break;
  }
  Result<transfer::Request> request = transfer::decode_request(frame);
  if (!request && request.error().code == Errc::malformed) {
    // A path that makes no sense ends its request, not the conversation.
    refuse(frame.stream, request.error());
    if (transfer::is_put_with_data(frame)) intake_.let_pass(frame.stream);
    return Flow::go_on;
  }
  if (!request) return request.error();
  const auto* const put = std::get_if<transfer::Put>(&*request);
  if (put && !put->resume && !intake_.holds(put->path)) {
    if (Status begun = intake_.begin(frame.stream, *put); !begun) return begun.error();
    return Flow::go_on;
  }
  asked_ = Asked{frame.stream, std::move(*request)};
  return Flow::go_on;
}

/// What has to be waited for before more is read; if nothing more will be, that is all.
asio::awaitable<Status> FrameTalk::rest(bool last) {
  connection_.received().keep();
  if (Status brought = co_await intake_.bring_in(); !brought) co_return brought;
  // Who asks behind what was put asks about that, too.
  if (asked_ || last)
    if (Status settled = co_await intake_.settle(); !settled) co_return settled;
  if (asked_) {
    Asked asked = std::move(*asked_);
    asked_.reset();
    if (Status answered = co_await answer(std::move(asked)); !answered) co_return answered;
  }
  if (const std::size_t bytes = std::exchange(taken_, 0); bytes > 0)
    co_await wait_for(depot_.pace(), pace_, bytes);
  co_return co_await sender_.flush();
}

asio::awaitable<Status> FrameTalk::run() {
  using Received = net::Connection::Received;
  for (;;) {
    const Result<Flow> flow = take_at_hand();
    const bool more_to_do = asked_ || intake_.is_full();
    const bool last = !flow || *flow == Flow::finish;
    if (Status rested = co_await rest(last); !rested) co_return rested;
    if (!flow) co_return flow.error();
    if (*flow == Flow::finish) co_return ok;
    if (more_to_do) continue;
    if (intake_.is_bringing()) {
      Result<Received> got = connection_.try_receive();
      if (got && *got == Received::nothing_yet) {
        // That may only mean that others of this thread are to have their turn.
        co_await net::give_turn();
        got = connection_.try_receive();
      }
      if (got && *got == Received::bytes) continue;
      // Only now there is time to wait for what is put in its place.
      if (Status settled = co_await intake_.settle(); !settled) co_return settled;
      if (Status sent = co_await sender_.flush(); !sent) co_return sent;
      if (!got) co_return got.error();
      if (*got == Received::end) co_return ok;
    }
    const Result<bool> got = co_await connection_.receive();
    if (!got) co_return got.error();
    if (!*got) co_return ok;
  }
}

asio::awaitable<Status> FrameTalk::answer(Asked asked) {
  const std::uint32_t stream = asked.stream;
  if (const auto* const list = std::get_if<transfer::List>(&asked.request))
    co_return co_await answer(stream, *list);
  if (const auto* const get = std::get_if<transfer::Get>(&asked.request))
    co_return co_await answer(stream, *get);
  if (const auto* const hashes = std::get_if<transfer::Hashes>(&asked.request))
    co_return co_await answer(stream, *hashes);
  if (const auto* const put = std::get_if<transfer::Put>(&asked.request)) {
    if (!put->resume) co_return intake_.begin(stream, *put);
    co_return co_await intake_.resume(stream, *put);
  }
  co_return co_await answer(stream, std::get<transfer::Ask>(asked.request));
}

void FrameTalk::refuse(std::uint32_t stream, const Error& why) {
  append(sender_.out(), stream, transfer::Refusal{cli::show_failure(stream, as_told(why))});
}

void FrameTalk::append_entry(std::uint32_t stream, const Share& share, const std::string& path,
                             std::size_t base, const Facts& facts) {
  transfer::Entry entry;
  entry.facts = facts;
  entry.path = depot_.path_of(share, path);
  entry.base = base == share_itself ? 0 : entry.path.size() - path.size() + base;
  append(sender_.out(), stream, entry);
}

void FrameTalk::append_failed(std::uint32_t stream, const Share& share, const std::string& path,
                              const Error& why, Counts& counts) {
  ++counts.failed;
  append(sender_.out(), stream,
         transfer::Failed{depot_.path_of(share, path), cli::show_failure(stream, as_told(why))});
}

asio::awaitable<Result<FrameTalk::Meant>> FrameTalk::find(std::string_view verb,
                                                          const std::string& path) {
  const Result<Located> located = depot_.locate(path);
  if (!located) co_return located.error();
  Meant meant;
  meant.share = located->share;
  if (!meant.share) co_return meant;
  Status may = visitor_.let(Right::read, *meant.share, verb, located->path);
  if (!may) co_return may.error();
  // A name with a bracket in it is first of all that name.
  const Result<Facts> there = meant.share->root.look(located->path);
  if (there || !transfer::has_wildcards(located->path)) {
    if (!there) co_return there.error();
    meant.paths.push_back(located->path);
    co_return meant;
  }
  meant.pattern = true;
  const auto work = [share = meant.share, pattern = located->path] {
    return transfer::expand(share->root, pattern, matches_max);
  };
  Result<std::vector<std::string>> paths = co_await depot_.helpers().run(work);
  if (!paths) co_return paths.error();
  meant.paths = std::move(*paths);
  co_return meant;
}

asio::awaitable<Status> FrameTalk::answer(std::uint32_t stream, const transfer::List& list) {
  const Result<Meant> meant = co_await find("list", list.path);
  Counts counts;
  if (!meant) {
    refuse(stream, meant.error());
    co_return ok;
  }
  if (!meant->share) {
    for (const Share& each : depot_.shares()) {
      if (!visitor_.may(Right::read, each, "list", {})) continue;
      if (const Result<Facts> facts = each.root.look({})) {
        append_entry(stream, each, {}, 0, *facts);
        ++counts.things;
      }
    }
  }
  for (const std::string& path : meant->paths)
    if (Status told = co_await list_one(stream, *meant, path, list.recursive, counts); !told)
      co_return told;
  append(sender_.out(), stream, transfer::Done{counts.things, counts.failed});
  co_return ok;
}

asio::awaitable<Status> FrameTalk::list_one(std::uint32_t stream, const Meant& meant,
                                            const std::string& path, bool recursive,
                                            Counts& counts) {
  const Share& share = *meant.share;
  const Result<Facts> facts = share.root.look(path);
  if (!facts) {
    append_failed(stream, share, path, facts.error(), counts);
    co_return ok;
  }
  // What a pattern matches is told itself; of a folder that was named, what is in it.
  const std::size_t base =
      transfer::split_path(path).folder.empty() ? 0 : transfer::split_path(path).folder.size() + 1;
  const bool folder = facts->kind == Kind::folder;
  if (!folder || meant.pattern) {
    append_entry(stream, share, path, base, *facts);
    ++counts.things;
    if (!folder || !recursive) co_return ok;
  }
  transfer::WalkWish wish;
  wish.recursive = recursive;
  Result<transfer::Walk> walk = transfer::Walk::begin(share.root, path, wish);
  if (!walk) {
    append_failed(stream, share, path, walk.error(), counts);
    co_return ok;
  }
  const std::size_t inner = meant.pattern ? base : (path.empty() ? 0 : path.size() + 1);
  for (;;) {
    const Result<std::optional<transfer::Found>> found = walk->next();
    if (!found) {
      append_failed(stream, share, found.error().hint.str(), Error{found.error().code}, counts);
      continue;
    }
    if (!*found) co_return ok;
    append_entry(stream, share, (*found)->path, inner, (*found)->facts);
    ++counts.things;
    if (Status sent = co_await sender_.flush_if_large(); !sent) co_return sent;
  }
}

asio::awaitable<Status> FrameTalk::answer(std::uint32_t stream, const transfer::Hashes& hashes) {
  const Result<Located> located = depot_.locate(hashes.path);
  Status may = located ? Status{ok} : Status{located.error()};
  if (may && !located->share) may = Error{Errc::refused, "hash a folder"};
  if (may) may = visitor_.may(Right::read, *located->share, "get", located->path);
  Result<transfer::OpenFile> file =
      may ? located->share->root.open_file(located->path) : Result<transfer::OpenFile>{may.error()};
  if (file && hashes.version != 0 && hashes.version != file->facts.version)
    file = Error{Errc::mismatch, "go on with the file", "it changed: begin anew"};
  if (!file) {
    refuse(stream, file.error());
    co_return ok;
  }
  append_entry(stream, *located->share, located->path, 0, file->facts);
  transfer::Outgoing outgoing;
  outgoing.file = std::make_shared<const transfer::OpenFile>(std::move(*file));
  outgoing.stream = stream;
  outgoing.hashes_only = true;
  const Result<bool> sent = co_await sender_.send(std::move(outgoing));
  if (!sent) co_return sent.error();
  if (!*sent)
    refuse(stream, sender_.why().error());
  else
    append(sender_.out(), stream, transfer::Done{1, 0});
  co_return ok;
}

asio::awaitable<Status> FrameTalk::answer(std::uint32_t stream, const transfer::Ask& ask) {
  append(sender_.out(), stream,
         transfer::Text{ask.what == transfer::Question::time ? time_of_day() : depot_.describe()});
  co_return ok;
}

asio::awaitable<Status> Reception::serve_frames(net::Connection& connection) {
  connection.introduce("frame");
  const wire::FrameDecoder hello_decoder{request_size_max};
  const Result<std::string> hello = co_await net::await_hello(connection, hello_decoder);
  if (!hello) co_return hello.error();
  Visitor visitor{depot_, guard_, connection};
  if (visitor.must_show()) {
    Status let = co_await visitor.sign_in(access::Showing::frame);
    if (!let) co_return let;
  } else {
    net::take_hello(connection, *hello);
  }
  connection.touch();
  std::string greeting;
  const std::string own = JsonObject{}.add("service", service_name).str();
  wire::append_frame(greeting, {.type = wire::frame_type::hello, .body = own});
  if (Status sent = co_await connection.send(greeting); !sent) co_return sent;
  FrameTalk talk{depot_, visitor, connection};
  Status ended = co_await talk.run();
  static_cast<void>(co_await talk.settle());
  co_return ended;
}

}  // namespace netkit::filesrv
