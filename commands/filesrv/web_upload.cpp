// PUT: a file that arrives, written as it comes and whole or not at all.
#include <algorithm>

#include "base/text.hpp"
#include "commands/filesrv/http_body.hpp"
#include "commands/filesrv/web_session.hpp"
#include "transfer/part_file.hpp"
#include "transfer/path.hpp"
#include "transfer/tree_hash.hpp"

namespace netkit::filesrv {
namespace {

using transfer::Kind;
using transfer::Replace;

/// Why a request cannot be a file, whatever is there.
struct Refusal {
  int status = 0;
  std::string_view sentence;
};

std::optional<Refusal> judge_head(const wire::HttpRequest& request, const WebTarget& target) {
  if (request.fields.find("Content-Range"))  // RFC 9110, 14.5
    return Refusal{400, "a file is put as a whole: Content-Range is not taken"};
  if (request.fields.find("Content-Encoding"))
    return Refusal{415, "a file is put as it is: Content-Encoding is not taken"};
  if (!request.body.chunked && !request.body.content_length)
    return Refusal{411, "say how long the file is: Content-Length, or in chunks"};
  const auto expect = request.fields.find("Expect");
  if (expect && !equal_ignoring_case(*expect, "100-continue"))
    return Refusal{417, "nothing but 100-continue can be expected here"};
  if (!target.where.share || target.where.path.empty() || target.as_folder)
    return Refusal{409, "a file needs a name: a folder cannot be put"};
  if (target.path.ends_with(transfer::part_suffix))
    return Refusal{400, "names that end in .part are those of files under way"};
  return std::nullopt;
}

Result<std::optional<std::string>> expected_digest(const wire::HttpFields& fields) {
  Result<std::optional<std::string>> digest = digest_of(fields, "Content-Digest");
  if (!digest || *digest) return digest;
  return digest_of(fields, "Repr-Digest");
}

/// Nothing is there, and perhaps not the folders on the way either.
bool is_missing(const Error& error) {
  return error.code == std::make_error_condition(std::errc::no_such_file_or_directory);
}

/// Another is writing it, or a file stands where a folder would: that is in the way, not missing.
int upload_status_of(const std::error_code& code) {
  const int status = http_status_of(code);
  return code == Errc::busy || status == 404 ? 409 : status;
}

Result<transfer::PartFile> open_part(const transfer::Root& root, const std::string& path,
                                     Replace replace) {
  auto place = root.make_place(path);
  if (!place) return place.error();
  return transfer::PartFile::open_lone(std::move(*place), replace);
}

}  // namespace

/// What has come of a file. Unless it was stored, nothing of it stays.
class WebSession::Upload {
 public:
  Upload(Depot& depot, transfer::PartFile part) : depot_{depot}, part_{std::move(part)} {}
  Upload(const Upload&) = delete;
  Upload& operator=(const Upload&) = delete;
  ~Upload() {
    if (stored_) return;
    part_.discard();
    depot_.give_back(reserved_);
  }

  void expect(std::optional<std::string> digest) { expected_ = std::move(digest); }
  /// Whether it takes a file's place, and the state that one is to be in until then; 0: any.
  void replaces(bool there, std::uint64_t version) {
    replaced_ = there;
    version_ = version;
  }
  bool replaced() const { return replaced_; }
  std::uint64_t size() const { return size_; }

  Status write(std::string_view bytes) {
    if (size_ + bytes.size() > reserved_) {
      const std::uint64_t more = size_ + bytes.size() - reserved_;
      if (Status fits = depot_.reserve(reserved_, more); !fits) return fits;
      reserved_ += more;
    }
    if (Status written = part_.write(size_, bytes); !written) return written;
    size_ += bytes.size();
    if (expected_) hasher_.feed(bytes);
    return ok;
  }

  /// True if it is what the request said. Once.
  bool is_right() {
    if (!expected_) return true;
    const transfer::Hash hash = hasher_.finish();
    return transfer::view_of(hash) == *expected_;
  }

  /// Syncs and renames. Blocks.
  Status finish(const transfer::Root& root, const std::string& path) {
    if (version_ != 0) {
      const auto now = root.look(path);
      if (!now || now->version != version_)
        return Error{std::make_error_code(std::errc::file_exists), "replace the file",
                     "it has changed meanwhile"};
    }
    transfer::PartFile::Finish wish;
    wish.size = size_;
    Status finished = part_.finish(wish);
    stored_ = static_cast<bool>(finished);
    return finished;
  }

 private:
  Depot& depot_;
  transfer::PartFile part_;
  transfer::Hasher hasher_;
  std::optional<std::string> expected_;
  std::uint64_t version_ = 0;
  std::uint64_t reserved_ = 0;
  std::uint64_t size_ = 0;
  bool replaced_ = false;
  bool stored_ = false;
};

asio::awaitable<Status> WebSession::take(const Request& request, const WebTarget& target) {
  if (const auto refusal = judge_head(request, target))
    co_return co_await refuse(refusal->status, refusal->sentence);
  const Share& share = *target.where.share;
  const std::string& path = target.where.path;
  if (Status may = visitor_.let(Right::write, share, "put", path); !may)
    co_return co_await refuse(may.error());
  auto digest = expected_digest(request.fields);
  if (!digest) co_return co_await refuse(digest.error());

  const auto there = share.root.look(path);
  if (!there && !is_missing(there.error())) {
    const std::string sentence = there.error().message();
    co_return co_await refuse(upload_status_of(there.error().code), sentence);
  }
  if (there && there->kind == Kind::folder) co_return co_await refuse(409, "a folder is there");
  if (there && there->kind != Kind::file)
    co_return co_await refuse(403, "what is there is no file");
  const std::int64_t now_ns = web_clock_ns();
  std::optional<Validators> current;
  if (there) current = validators_of(*there, now_ns);
  const Verdict verdict = judge_conditions(request.fields, false, current ? &*current : nullptr,
                                           now_ns / 1'000'000'000);
  if (verdict != Verdict::proceed)
    co_return co_await refuse(412, "what is there is not what the request expects");
  const bool matched = there && request.fields.count("If-Match") > 0;
  const bool replaces = matched || request.fields.find("Overwrite") == "T";
  if (there && !replaces)
    co_return co_await refuse(412, "a file is there; to replace it: If-Match, or Overwrite: T");

  const std::uint64_t length = request.body.content_length.value_or(0);
  if (Status fits = depot_.check_room(length); !fits) co_return co_await refuse(fits.error());
  auto part = open_part(share.root, path, replaces ? Replace::always : Replace::never);
  if (!part) {
    const std::string sentence = part.error().message();
    co_return co_await refuse(upload_status_of(part.error().code), sentence);
  }
  const auto upload = std::make_shared<Upload>(depot_, std::move(*part));
  upload->expect(std::move(*digest));
  upload->replaces(static_cast<bool>(there), matched ? there->version : 0);
  const bool asks = request.minor_version > 0 && request.fields.find("Expect");
  const bool keeps = request.keep_alive();
  const wire::HttpBody framing = request.body;
  forget_request();  // It ends here: what follows takes its place.
  if (asks)
    if (Status sent = co_await connection_.send("HTTP/1.1 100 Continue\r\n\r\n"); !sent)
      co_return sent;
  co_return co_await receive(upload, framing, keeps, target);
}

asio::awaitable<Status> WebSession::receive(std::shared_ptr<Upload> upload, wire::HttpBody framing,
                                            bool keeps, const WebTarget& target) {
  net::ReceiveBuffer& received = connection_.received();
  BodyDecoder decoder{framing};
  std::size_t taken = 0;
  for (;;) {
    const Result<BodyPiece> piece = decoder.next(received.unread());
    if (!piece) co_return co_await refuse(piece.error());
    if (Status written = upload->write(piece->bytes); !written)
      co_return co_await refuse(written.error());
    received.consume(piece->used);
    taken += piece->bytes.size();
    if (piece->ended) break;
    if (piece->used > 0) continue;
    received.keep();
    co_await wait_for(depot_.pace(), pace_, std::exchange(taken, 0));
    const Result<bool> more = co_await connection_.receive();
    if (!more) co_return more.error();
    if (!*more && connection_.draining()) co_return co_await refuse(503, "the server ends");
    if (!*more) co_return Error{Errc::closed, "take a file", "it did not come to its end"};
  }
  received.keep();
  keep_ = keeps && !connection_.draining();
  co_return co_await store(std::move(upload), target);
}

asio::awaitable<Status> WebSession::store(std::shared_ptr<Upload> upload, const WebTarget& target) {
  if (!upload->is_right()) co_return co_await refuse(400, "the bytes are not those of the digest");
  const Share* const share = target.where.share;
  const auto finish = [upload, share, path = target.where.path] {
    return upload->finish(share->root, path);
  };
  const Status stored = co_await depot_.helpers().run(finish);
  connection_.touch();
  if (!stored) co_return co_await refuse(stored.error());
  visitor_.stored(*share, target.where.path, upload->size());
  WebAnswer answer{upload->replaced() ? 204 : 201};
  answer.add("Location", "/" + transfer::url_of_path(target.path));
  if (const auto facts = share->root.look(target.where.path))
    answer.add("ETag", validators_of(*facts, web_clock_ns()).etag);
  std::string nothing;
  if (!upload->replaced()) co_return co_await send_whole(std::move(answer), std::move(nothing));
  const std::string out = head_of(answer, std::nullopt);
  co_return co_await connection_.send(out);
}

}  // namespace netkit::filesrv
