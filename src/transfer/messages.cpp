// Fields in and out, in the order of the table in messages.hpp.
#include "transfer/messages.hpp"

#include "base/bytes.hpp"
#include "transfer/path.hpp"
#include "wire/fields.hpp"
#include "wire/frame_writer.hpp"

namespace netkit::transfer {
namespace {

using wire::FieldReader;
using wire::FrameWriter;

/// A frame of a stream: the number stands 8 bytes behind its beginning (wire/frame.hpp).
class StreamFrame {
 public:
  StreamFrame(std::string& out, std::uint32_t stream, std::uint16_t type)
      : out_{out}, begin_{out.size()}, stream_{stream} {
    writer_.emplace(out, type);
  }
  StreamFrame(const StreamFrame&) = delete;
  StreamFrame& operator=(const StreamFrame&) = delete;
  ~StreamFrame() {
    writer_.reset();
    store_be(out_.data() + begin_ + 8, stream_);
  }

 private:
  std::string& out_;
  const std::size_t begin_;
  const std::uint32_t stream_;
  std::optional<FrameWriter> writer_;
};

void append_flags(std::string& out, unsigned flags) {
  out += static_cast<char>(flags);
}

Hash take_hash(FieldReader& fields) {
  Hash hash{};
  const std::string_view bytes = fields.take(hash.size());
  if (!bytes.empty()) std::copy(bytes.begin(), bytes.end(), hash.begin());
  return hash;
}

/// The path that is the rest of a request, `checked` unless it may be a pattern.
Result<std::string> take_path(FieldReader& fields, bool pattern) {
  const std::string_view path = fields.rest();
  if (Status read = fields.outcome(); !read) return read.error();
  if (path.size() > path_size_max || path.find('\0') != std::string_view::npos)
    return Error{Errc::malformed, "read a path"};
  if (!pattern)
    if (Status fits = check_path(path); !fits) return fits.error();
  return std::string{path};
}

/// Flags beyond `known` belong to a later version, which says so elsewhere.
Result<unsigned> take_flags(FieldReader& fields, unsigned known) {
  const unsigned flags = fields.number<std::uint8_t>();
  if (fields.failed() || (flags & ~known) != 0) return Error{Errc::malformed, "read a request"};
  return flags;
}

Result<Request> decode_list(FieldReader fields) {
  const Result<unsigned> flags = take_flags(fields, 1);
  if (!flags) return flags.error();
  Result<std::string> path = take_path(fields, true);
  if (!path) return path.error();
  return Request{List{.recursive = (*flags & 1) != 0, .path = std::move(*path)}};
}

Result<Request> decode_get(FieldReader fields) {
  const Result<unsigned> flags = take_flags(fields, 7);
  if (!flags) return flags.error();
  Get get;
  get.checked = (*flags & 1) != 0;
  get.recursive = (*flags & 2) != 0;
  get.follow = (*flags & 4) != 0;
  get.from = fields.number<std::uint64_t>();
  get.count = fields.number<std::uint64_t>();
  get.version = fields.number<std::uint64_t>();
  Result<std::string> path = take_path(fields, true);
  if (!path) return path.error();
  get.path = std::move(*path);
  // A chunk is hashed whole or not at all.
  if (get.checked && (get.from % chunk_size != 0 || get.count % chunk_size != 0))
    return Error{Errc::malformed, "read a range that is no chunks"};
  if (get.from > file_size_max || get.count > file_size_max)
    return Error{Errc::malformed, "read a range"};
  return Request{std::move(get)};
}

Result<Request> decode_hashes(FieldReader fields) {
  Hashes hashes{.version = fields.number<std::uint64_t>(), .path = {}};
  Result<std::string> path = take_path(fields, false);
  if (!path) return path.error();
  hashes.path = std::move(*path);
  return Request{std::move(hashes)};
}

Result<Request> decode_put(FieldReader fields) {
  const Result<unsigned> flags = take_flags(fields, 7);
  if (!flags) return flags.error();
  Put put;
  put.replace = (*flags & 1) != 0;
  put.resume = (*flags & 2) != 0;
  put.folder = (*flags & 4) != 0;
  put.mode = fields.number<std::uint32_t>() & 0777;
  put.mtime_ns = static_cast<std::int64_t>(fields.number<std::uint64_t>());
  put.size = fields.number<std::uint64_t>();
  Result<std::string> path = take_path(fields, false);
  if (!path) return path.error();
  put.path = std::move(*path);
  if (put.path.empty() && !put.folder) return Error{Errc::malformed, "read a name"};
  if (put.size > file_size_max) return Error{Errc::malformed, "read a size"};
  return Request{std::move(put)};
}

Result<Request> decode_ask(FieldReader fields) {
  const std::uint8_t what = fields.number<std::uint8_t>();
  if (!fields.done() || what < 1 || what > 2) return Error{Errc::malformed, "read a question"};
  return Request{Ask{static_cast<Question>(what)}};
}

Result<Answer> decode_entry(FieldReader fields) {
  Entry entry;
  const std::uint8_t kind = fields.number<std::uint8_t>();
  entry.facts.mode = fields.number<std::uint32_t>() & 07777;
  entry.facts.mtime_ns = static_cast<std::int64_t>(fields.number<std::uint64_t>());
  entry.facts.size = fields.number<std::uint64_t>();
  entry.facts.version = fields.number<std::uint64_t>();
  entry.base = fields.number<std::uint16_t>();
  Result<std::string> path = take_path(fields, false);
  if (!path) return path.error();
  entry.path = std::move(*path);
  if (kind > static_cast<std::uint8_t>(Kind::other) || entry.base > entry.path.size() ||
      entry.facts.size > file_size_max)
    return Error{Errc::malformed, "read an entry"};
  entry.facts.kind = static_cast<Kind>(kind);
  return Answer{std::move(entry)};
}

Result<Answer> decode_have(FieldReader fields) {
  Have have{.first = fields.number<std::uint64_t>(), .last = false, .hashes = {}};
  const std::uint8_t last = fields.number<std::uint8_t>();
  have.last = last == 1;
  const std::size_t count = fields.left() / sizeof(Hash);
  if (fields.failed() || last > 1 || count > have_max || fields.left() % sizeof(Hash) != 0)
    return Error{Errc::malformed, "read hashes"};
  for (std::size_t i = 0; i < count; ++i)
    have.hashes.push_back(take_hash(fields));
  return Answer{std::move(have)};
}

Result<Answer> decode_failed(FieldReader fields) {
  Failed failed;
  const std::size_t size = fields.number<std::uint16_t>();
  if (size > 0) failed.path = fields.take(size);
  failed.json = fields.text();
  if (Status read = fields.outcome(); !read) return read.error();
  return Answer{std::move(failed)};
}

/// What has but numbers must end with them.
template <typename T>
Result<Answer> answer_of(const FieldReader& fields, T message) {
  if (!fields.done()) return Error{Errc::malformed, "read an answer"};
  return Answer{std::move(message)};
}

Result<Part> part_of(const wire::Frame& frame) {
  FieldReader fields{frame.body};
  const std::uint64_t number = fields.number<std::uint64_t>();
  const Hash hash = take_hash(fields);
  if (!fields.done()) return Error{Errc::malformed, "read a hash"};
  if (frame.type == frame_type::chunk) return Part{Chunk{number, hash}};
  return Part{End{number, hash}};
}

}  // namespace

bool is_part(std::uint16_t type) {
  return type == frame_type::chunk || type == frame_type::end;
}

bool is_put_with_data(const wire::Frame& frame) {
  if (frame.type != frame_type::put || frame.body.empty()) return false;
  return (static_cast<unsigned char>(frame.body.front()) & 6U) == 0;
}

Result<Request> decode_request(const wire::Frame& frame) {
  const FieldReader fields{frame.body};
  switch (frame.type) {
    case frame_type::list: return decode_list(fields);
    case frame_type::get: return decode_get(fields);
    case frame_type::hashes: return decode_hashes(fields);
    case frame_type::put: return decode_put(fields);
    case frame_type::ask: return decode_ask(fields);
    default: return Error{Errc::unexpected, "take a frame of type " + std::to_string(frame.type)};
  }
}

Result<Part> decode_part(const wire::Frame& frame) {
  if (!is_part(frame.type))
    return Error{Errc::unexpected, "take a frame of type " + std::to_string(frame.type)};
  return part_of(frame);
}

Result<Answer> decode_answer(const wire::Frame& frame) {
  FieldReader fields{frame.body};
  switch (frame.type) {
    case frame_type::entry: return decode_entry(fields);
    case frame_type::have: return decode_have(fields);
    case frame_type::failed: return decode_failed(fields);
    case frame_type::stored: {
      const Stored stored{fields.number<std::uint64_t>()};
      return answer_of(fields, stored);
    }
    case frame_type::done: {
      Done done;
      done.things = fields.number<std::uint64_t>();
      done.failed = fields.number<std::uint64_t>();
      return answer_of(fields, done);
    }
    case frame_type::text: {
      Text text{std::string{fields.text()}};
      if (Status read = fields.outcome(); !read) return read.error();
      return Answer{std::move(text)};
    }
    case wire::frame_type::error: return Answer{Refusal{std::string{fields.rest()}}};
    default: break;
  }
  const Result<Part> part = decode_part(frame);
  if (!part) return part.error();
  return std::visit([](const auto& each) { return Answer{each}; }, *part);
}

void append(std::string& out, std::uint32_t stream, const List& message) {
  const StreamFrame frame{out, stream, frame_type::list};
  append_flags(out, message.recursive ? 1 : 0);
  out += message.path;
}

void append(std::string& out, std::uint32_t stream, const Get& message) {
  const StreamFrame frame{out, stream, frame_type::get};
  append_flags(out, (message.checked ? 1U : 0U) | (message.recursive ? 2U : 0U) |
                        (message.follow ? 4U : 0U));
  append_be(out, message.from);
  append_be(out, message.count);
  append_be(out, message.version);
  out += message.path;
}

void append(std::string& out, std::uint32_t stream, const Hashes& message) {
  const StreamFrame frame{out, stream, frame_type::hashes};
  append_be(out, message.version);
  out += message.path;
}

void append(std::string& out, std::uint32_t stream, const Put& message) {
  const StreamFrame frame{out, stream, frame_type::put};
  append_flags(
      out, (message.replace ? 1U : 0U) | (message.resume ? 2U : 0U) | (message.folder ? 4U : 0U));
  append_be(out, message.mode);
  append_be(out, static_cast<std::uint64_t>(message.mtime_ns));
  append_be(out, message.size);
  out += message.path;
}

void append(std::string& out, std::uint32_t stream, const Ask& message) {
  const StreamFrame frame{out, stream, frame_type::ask};
  out += static_cast<char>(message.what);
}

void append(std::string& out, std::uint32_t stream, const Chunk& message) {
  const StreamFrame frame{out, stream, frame_type::chunk};
  append_be(out, message.index);
  out += view_of(message.hash);
}

void append(std::string& out, std::uint32_t stream, const End& message) {
  const StreamFrame frame{out, stream, frame_type::end};
  append_be(out, message.size);
  out += view_of(message.root);
}

void append(std::string& out, std::uint32_t stream, const Entry& message) {
  const StreamFrame frame{out, stream, frame_type::entry};
  out += static_cast<char>(message.facts.kind);
  append_be(out, message.facts.mode);
  append_be(out, static_cast<std::uint64_t>(message.facts.mtime_ns));
  append_be(out, message.facts.size);
  append_be(out, message.facts.version);
  append_be(out, static_cast<std::uint16_t>(message.base));
  out += message.path;
}

void append(std::string& out, std::uint32_t stream, const Have& message) {
  const StreamFrame frame{out, stream, frame_type::have};
  append_be(out, message.first);
  out += static_cast<char>(message.last ? 1 : 0);
  for (const Hash& each : message.hashes)
    out += view_of(each);
}

void append(std::string& out, std::uint32_t stream, const Stored& message) {
  const StreamFrame frame{out, stream, frame_type::stored};
  append_be(out, message.version);
}

void append(std::string& out, std::uint32_t stream, const Failed& message) {
  const StreamFrame frame{out, stream, frame_type::failed};
  append_be(out, static_cast<std::uint16_t>(message.path.size()));
  out += message.path;
  out += message.json;
}

void append(std::string& out, std::uint32_t stream, const Done& message) {
  const StreamFrame frame{out, stream, frame_type::done};
  append_be(out, message.things);
  append_be(out, message.failed);
}

void append(std::string& out, std::uint32_t stream, const Text& message) {
  const StreamFrame frame{out, stream, frame_type::text};
  out += message.text;
}

void append(std::string& out, std::uint32_t stream, const Refusal& message) {
  const StreamFrame frame{out, stream, wire::frame_type::error};
  out += message.json;
}

void append_data_head(std::string& out, std::uint32_t stream, std::uint64_t offset,
                      std::uint32_t count) {
  // The header tells the length of a body that is not here.
  const std::size_t begin = out.size();
  const auto header = wire::frame_header({.type = frame_type::data, .stream = stream, .body = {}});
  out.append(header.data(), header.size());
  store_be(out.data() + begin + 12, count + 8);
  append_be(out, offset);
}

}  // namespace netkit::transfer
