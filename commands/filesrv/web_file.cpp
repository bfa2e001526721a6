// A file, whole or the parts of it that were asked for.
#include <algorithm>
#include <cerrno>
#include <unistd.h>

#include "base/hex.hpp"
#include "base/random.hpp"
#include "commands/filesrv/media_type.hpp"
#include "commands/filesrv/tar_tree.hpp"
#include "commands/filesrv/web_session.hpp"
#include "net/send_file.hpp"
#include "net/worker.hpp"
#include "transfer/limits.hpp"
#include "transfer/path.hpp"
#include "transfer/tree_hash.hpp"
#include "wire/http_date.hpp"

namespace netkit::filesrv {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
/// Goes in one write with its head, and is hashed on the way.
constexpr std::uint64_t small_size_max = 64 * 1024;
/// Is hashed without being asked for it.
constexpr std::uint64_t hashed_size_max = std::uint64_t{4} * 1024 * 1024;
/// Is not hashed even if it is asked for: whoever asks and leaves is not to keep a core busy.
constexpr std::uint64_t unhashed_size_min = std::uint64_t{1} * 1024 * 1024 * 1024;

/// Hashes a file piece by piece, each on a helper's thread.
struct HashWork {
  std::shared_ptr<const transfer::OpenFile> file;
  transfer::Hasher hasher;
  std::uint64_t offset = 0;

  /// False if the file ends before its size.
  bool step() {
    std::string bytes(std::min<std::uint64_t>(transfer::chunk_size, file->facts.size - offset),
                      '\0');
    for (std::size_t done = 0; done < bytes.size();) {
      const ssize_t got = ::pread(file->file.get(), bytes.data() + done, bytes.size() - done,
                                  static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;
      done += static_cast<std::size_t>(got);
    }
    hasher.feed(bytes);
    offset += bytes.size();
    return true;
  }
};

/// 16 hex digits that are in no file by chance.
std::string new_boundary() {
  std::string random(8, '\0');
  fill_random(random);
  return to_hex(random);
}

Error shrunk() {
  return {Errc::mismatch, "send a file", "it became shorter meanwhile"};
}

}  // namespace

asio::awaitable<Status> WebSession::give(const Request& request, const WebTarget& target) {
  if (!target.where.share) co_return co_await give_shares(request, target);
  const Share& share = *target.where.share;
  const std::string& path = target.where.path;
  if (depot_.settings().drop_box && target.as_folder)
    co_return co_await give_folder(request, target);
  const char* const verb = target.as_folder ? "list" : "get";
  if (Status may = visitor_.let(Right::read, share, verb, path); !may)
    co_return co_await refuse(may.error());
  const auto facts = share.root.look(path);
  if (!facts) co_return co_await refuse(facts.error());
  if (facts->kind == transfer::Kind::file && !target.as_folder)
    co_return co_await give_file(request, target);
  if (facts->kind == transfer::Kind::file) co_return co_await refuse(404, "it is no folder");
  if (facts->kind != transfer::Kind::folder)
    co_return co_await refuse(403, "links and devices are not followed");
  if (target.as_folder) co_return co_await give_folder(request, target);
  // What stands on its page is relative to it.
  WebAnswer moved{308};
  const std::string query = target.query.empty() ? "" : "?" + std::string{target.query};
  moved.add("Location", "/" + transfer::url_of_path(target.path) + "/" + query);
  co_return co_await refuse(std::move(moved), "a folder ends in a slash");
}

asio::awaitable<Status> WebSession::give_file(const Request& request, const WebTarget& target) {
  auto opened = target.where.share->root.open_file(target.where.path);
  if (!opened) co_return co_await refuse(opened.error());
  const auto file = std::make_shared<const transfer::OpenFile>(std::move(*opened));
  const std::int64_t now_ns = web_clock_ns();
  const std::int64_t now_s = now_ns / second_ns;
  const Validators validators = validators_of(file->facts, now_ns);
  WebAnswer answer{200};
  // A date to come would not be one of now (RFC 9110, 8.8.2.1).
  answer.add("ETag", validators.etag)
      .add("Last-Modified", wire::http_date(std::min(validators.modified_s, now_s)))
      .add("Cache-Control", "no-cache")
      .add("Accept-Ranges", "bytes");
  const Verdict verdict = judge_conditions(request.fields, true, &validators, now_s);
  if (verdict == Verdict::failed)
    co_return co_await refuse(412, "it is not what was asked for any more");
  if (verdict == Verdict::not_modified) {
    answer.status = 304;
    const std::string out = head_of(answer, std::nullopt);
    co_return co_await connection_.send(out);
  }
  RangeAnswer range;
  if (!head_only_ && request.fields.count("Range") == 1 &&
      range_holds(request.fields, validators, now_s))
    range = judge_range(*request.fields.find("Range"), file->facts.size);
  if (range.extent == Extent::unsatisfiable) {
    WebAnswer none{416};
    none.add("Content-Range", content_range_of_none(file->facts.size));
    co_return co_await refuse(std::move(none), "the file is shorter than that");
  }
  const std::string_view name = transfer::split_path(target.path).name;
  co_return co_await send_file_answer(request, file, std::move(range), std::move(answer), name);
}

asio::awaitable<Status> WebSession::send_file_answer(const Request& request, File file,
                                                     RangeAnswer range, WebAnswer answer,
                                                     std::string_view name) {
  const std::uint64_t size = file->facts.size;
  const std::string type{media_type(name)};
  const bool whole = range.extent == Extent::whole;
  const bool wants_content = wants_digest(request.fields, "Want-Content-Digest");
  const bool wants_all = wants_digest(request.fields, "Want-Repr-Digest");
  if (whole) answer.add("Content-Type", type);
  if (whole && size <= small_size_max)
    co_return co_await send_small(request, *file, std::move(answer));
  const bool hashes =
      wants_all || (whole && wants_content) || (whole && !head_only_ && size <= hashed_size_max);
  if (hashes && size < unhashed_size_min) {
    const auto digest = co_await hash(file);
    if (digest) answer.add("Repr-Digest", *digest);
    // What a HEAD request gets has no content to digest.
    if (digest && whole && !head_only_) answer.add("Content-Digest", *digest);
  }
  // Nothing of the request is needed any more; slow clients are not to hold its memory.
  forget_request();
  if (range.ranges.size() > 1) {
    const MultipartRanges parts{std::move(range.ranges), size, type, new_boundary()};
    co_return co_await send_parts(std::move(file), parts, std::move(answer));
  }
  ByteRange wanted{0, size};
  if (!whole) {
    wanted = range.ranges.front();
    answer.status = 206;
    answer.add("Content-Type", type).add("Content-Range", content_range(wanted, size));
  }
  std::string head = head_of(answer, wanted.count);
  if (Status sent = co_await connection_.send(head); !sent || head_only_) co_return sent;
  std::string{}.swap(head);
  co_return co_await send_slice(std::move(file), wanted);
}

/// In one piece, and so with the digest of the very bytes that are sent.
asio::awaitable<Status> WebSession::send_small(const Request& request,
                                               const transfer::OpenFile& file, WebAnswer answer) {
  transfer::Hasher hasher;
  std::string body(file.facts.size, '\0');
  for (std::size_t done = 0; done < body.size();) {
    const ssize_t got =
        ::pread(file.file.get(), body.data() + done, body.size() - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      const Error failed = errno_error("read the file");
      co_return co_await refuse(failed);
    }
    if (got == 0) co_return co_await refuse(503, "the file became shorter; try again");
    done += static_cast<std::size_t>(got);
  }
  if (!head_only_ || wants_digest(request.fields, "Want-Repr-Digest")) {
    hasher.feed(body);
    const transfer::Hash hash = hasher.finish();
    const std::string digest = digest_field(transfer::view_of(hash));
    answer.add("Repr-Digest", digest);
    if (!head_only_) answer.add("Content-Digest", digest);
  }
  co_return co_await send_whole(std::move(answer), std::move(body));
}

asio::awaitable<Status> WebSession::send_parts(File file, const MultipartRanges& parts,
                                               WebAnswer answer) {
  answer.status = 206;
  answer.add("Content-Type", parts.type());
  std::string text = head_of(answer, parts.length());
  for (std::size_t i = 0; i < parts.ranges().size(); ++i) {
    text += parts.head(i);
    if (Status sent = co_await connection_.send(text); !sent) co_return sent;
    if (Status sent = co_await send_slice(file, parts.ranges()[i]); !sent) co_return sent;
    text.clear();
  }
  text = parts.tail();
  co_return co_await connection_.send(text);
}

/// Never less: a shorter body would be taken for the beginning of the next answer.
asio::awaitable<Status> WebSession::send_slice(File file, ByteRange range) {
  const Result<std::uint64_t> sent = co_await send_some(file->file.get(), range);
  if (!sent) co_return sent.error();
  if (*sent == range.count) co_return ok;
  connection_.stream().abort();
  co_return shrunk();
}

/// At the pace there is; fewer bytes only where the file ends before.
asio::awaitable<Result<std::uint64_t>> WebSession::send_some(int file, ByteRange range) {
  const std::uint64_t piece_max = pace_size(depot_.pace(), pace_);
  const auto went = [this](std::size_t) { connection_.touch(); };
  std::uint64_t sent = 0;
  while (sent < range.count) {
    net::FileSlice slice;
    slice.file = file;
    slice.offset = range.first + sent;
    slice.count = std::min(range.count - sent, piece_max);
    if (piece_max != UINT64_MAX) co_await wait_for(depot_.pace(), pace_, slice.count);
    const Result<std::uint64_t> part = co_await net::send_file(
        connection_.stream(), slice, connection_.worker().read_memory(), went);
    if (!part) co_return part.error();
    sent += *part;
    if (*part < slice.count) break;
  }
  co_return sent;
}

asio::awaitable<std::optional<std::string>> WebSession::hash(File file) {
  const auto work = std::make_shared<HashWork>();
  work->file = std::move(file);
  const auto step = [work] { return work->step(); };
  while (work->offset < work->file->facts.size) {
    const bool read = co_await depot_.helpers().run(step);
    if (!read) co_return std::nullopt;
    connection_.touch();
  }
  const transfer::Hash made = work->hasher.finish();
  co_return digest_field(transfer::view_of(made));
}

}  // namespace netkit::filesrv
