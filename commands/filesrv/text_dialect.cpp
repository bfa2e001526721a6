// Lines, and the 64 byte lengths of the original's clients: names, times and bare bytes of files.
// What nc prints is data: nothing is said that was not asked for, and quit is answered by the end.
#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <sys/stat.h>
#include <utility>
#include <vector>

#include "commands/filesrv/clock.hpp"
#include "commands/filesrv/reception.hpp"
#include "commands/filesrv/text_list.hpp"
#include "commands/filesrv/text_words.hpp"
#include "commands/filesrv/visitor.hpp"
#include "net/send_file.hpp"
#include "net/text_reader.hpp"
#include "net/worker.hpp"
#include "transfer/path.hpp"

namespace netkit::filesrv {
namespace {

/// One conversation, as its parts see it. Their errors are the connection's: what a peer may not
/// have, or what is not there, it is told.
struct Talk {
  net::Connection& connection;
  Depot& depot;
  Visitor& visitor;
  std::shared_ptr<SortMemory> sort_memory;
  bool len64;
  Pace pace;
};

asio::awaitable<Status> send(Talk& talk, std::string bytes) {
  co_await wait_for(talk.depot.pace(), talk.pace, bytes.size());
  co_return co_await talk.connection.send(bytes);
}

/// Lines end with LF; len64 clients get bare bytes, as from the original.
asio::awaitable<Status> answer(Talk& talk, std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  if (!talk.len64) text += '\n';
  return send(talk, std::move(text));
}

asio::awaitable<Status> refuse(Talk& talk, const Error& error) {
  return answer(talk, "netkit: " + error.message());
}

/// Where a name that was typed leads, if the visitor may look there.
Result<Located> locate(Talk& talk, std::string_view argument, std::string_view verb) {
  const Result<std::string> path = transfer::path_of_text(argument);
  if (!path) return path.error();
  Result<Located> located = talk.depot.locate(*path);
  if (!located || !located->share) return located;
  Status may = talk.visitor.let(Right::read, *located->share, verb, located->path);
  if (!may) return may.error();
  return located;
}

/// The folders that are served by name, as far as the visitor may see them.
std::string list_shares(Talk& talk) {
  std::vector<std::string> lines;
  for (const Share& each : talk.depot.shares())
    if (talk.visitor.may(Right::read, each, "list", {})) lines.push_back(show_name(each.name));
  std::ranges::sort(lines);
  std::string text;
  for (const std::string& line : lines)
    text += line + "/\n";
  return text;
}

/// Sends a list piece by piece. Each piece's last LF waits for the next, as len64 has none at the
/// end.
asio::awaitable<Status> send_list(Talk& talk, std::shared_ptr<TextList> list) {
  bool begun = false;
  while (!list->is_done()) {
    const auto read = [list] { return list->next(); };
    Result<std::string> piece = co_await talk.depot.helpers().run(read);
    if (!piece) {
      // Walks tell paths in their hints.
      const Error failed{piece.error().code, "list all of it"};
      co_return co_await refuse(talk, failed);
    }
    if (piece->empty()) continue;
    piece->pop_back();
    if (std::exchange(begun, true)) piece->insert(piece->begin(), '\n');
    if (Status sent = co_await send(talk, std::move(*piece)); !sent) co_return sent;
  }
  // The original's clients wait for some byte.
  if (begun == talk.len64) co_return ok;
  std::string last = "\n";
  co_return co_await send(talk, std::move(last));
}

asio::awaitable<Status> list(Talk& talk, std::string argument) {
  const Result<Located> located = locate(talk, argument, "list");
  if (!located) co_return co_await refuse(talk, located.error());
  if (!located->share) {
    std::string shares = list_shares(talk);
    co_return co_await answer(talk, std::move(shares));
  }
  using Begun = Result<std::shared_ptr<TextList>>;
  const auto begin = [&root = located->share->root, path = located->path,
                      memory = talk.sort_memory] { return TextList::begin(root, path, memory); };
  const Begun begun = co_await talk.depot.helpers().run(begin);
  if (!begun) {
    const Error failed{begun.error().code, begun.error().attempt};
    co_return co_await refuse(talk, failed);
  }
  co_return co_await send_list(talk, *begun);
}

Result<transfer::OpenFile> open_source(const Located& located) {
  if (!located.share || located.path.empty())
    return Error{std::make_error_code(std::errc::is_a_directory), "send it"};
  return located.share->root.open_file(located.path);
}

bool has_changed(const transfer::OpenFile& source) {
  struct stat status {};
  if (fstat(source.file.get(), &status) != 0) return true;
  return transfer::facts_of(status).version != source.facts.version;
}

asio::awaitable<Status> send_slices(Talk& talk, const transfer::OpenFile& source) {
  net::Connection& connection = talk.connection;
  const std::span<char> memory = connection.worker().read_memory();
  const auto went = [&connection](std::size_t) { connection.touch(); };
  connection.received().keep();
  net::FileSlice slice;
  slice.file = source.file.get();
  while (slice.offset < source.facts.size) {
    slice.count =
        std::min(source.facts.size - slice.offset, pace_size(talk.depot.pace(), talk.pace));
    co_await wait_for(talk.depot.pace(), talk.pace, slice.count);
    const Result<std::uint64_t> sent =
        co_await net::send_file(connection.stream(), slice, memory, went);
    if (!sent) co_return sent.error();
    if (*sent < slice.count) co_return Error{Errc::mismatch, "send the file", "it became shorter"};
    slice.offset += slice.count;
  }
  co_return ok;
}

/// There is no length before the bytes and no word after them: what did not go as it should ends
/// the connection, so that nothing else is taken for the rest of the file.
asio::awaitable<Status> send_bytes(Talk& talk, const transfer::OpenFile& source) {
  const Status sent = co_await send_slices(talk, source);
  // Cut off, it must not look whole: a reset says that.
  if (!sent) talk.connection.stream().abort();
  if (!sent || !has_changed(source)) co_return sent;
  co_return Error{Errc::mismatch, "send the file as it was", "it changed while it was read"};
}

asio::awaitable<Status> get(Talk& talk, TextWish wish) {
  const Result<Located> located = locate(talk, wish.argument, "get");
  if (!located) co_return co_await refuse(talk, located.error());
  const Result<transfer::OpenFile> source = open_source(*located);
  if (!source) co_return co_await refuse(talk, source.error());
  if (wish.word == Word::send) {
    std::string name{transfer::split_path(located->path).name};
    if (!talk.len64) name = show_name(name);
    if (Status sent = co_await answer(talk, std::move(name)); !sent) co_return sent;
  }
  co_return co_await send_bytes(talk, *source);
}

asio::awaitable<Status> act(Talk& talk, TextWish wish) {
  switch (wish.word) {
    case Word::list: return list(talk, std::move(wish.argument));
    case Word::get:
    case Word::send: return get(talk, std::move(wish));
    case Word::time: return answer(talk, time_of_day());
    case Word::info: return answer(talk, talk.depot.describe());
    case Word::online: return answer(talk, std::string{online_text});
    default: return answer(talk, std::string{help_on_words()});
  }
}

/// Whether somebody at the other end can make something of it.
bool is_the_peers(const Error& error) {
  return error.code == Errc::malformed || error.code == Errc::too_large ||
         error.code == Errc::not_utf8;
}

asio::awaitable<Status> converse(Talk& talk) {
  net::TextReader reader{talk.connection, talk.len64, request_size_max, is_whole_word};
  for (;;) {
    const Result<std::optional<std::string_view>> line = co_await reader.next();
    if (!line && is_the_peers(line.error())) static_cast<void>(co_await refuse(talk, line.error()));
    if (!line) co_return line.error();
    if (!*line) co_return ok;
    Result<TextWish> wish = parse_words(**line);
    reader.done();
    Status done = ok;
    if (!wish)
      done = co_await refuse(talk, wish.error());
    else if (wish->word == Word::quit)
      co_return ok;
    else if (wish->word != Word::nothing && wish->word != Word::token)
      done = co_await act(talk, std::move(*wish));
    if (!done) co_return done;
  }
}

}  // namespace

asio::awaitable<Status> Reception::serve_text(net::Connection& connection, bool len64) {
  connection.introduce(len64 ? "len64" : "line");
  connection.touch();
  Visitor visitor{depot_, guard_, connection};
  if (visitor.must_show()) {
    const access::Showing how = len64 ? access::Showing::len64 : access::Showing::line;
    if (Status known = co_await visitor.sign_in(how); !known) co_return known;
  }
  Talk talk{connection,   depot_, visitor,
            sort_memory_, len64,  Pace{depot_.settings().client_rate_max}};
  co_return co_await converse(talk);
}

}  // namespace netkit::filesrv
