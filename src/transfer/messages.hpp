// What the two ends of a transfer say to each other in frames: requests, files, their hashes. The
// one place that knows these bytes; no I/O.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "transfer/limits.hpp"
#include "transfer/root.hpp"
#include "transfer/tree_hash.hpp"
#include "wire/frame.hpp"

namespace netkit::transfer {

// Numbers are big-endian; a path is as check_path() wants it. Each request has a stream of its own,
// and what answers it carries that number.
//
// asked of who has the files
//   list    16: flags u8 (1 recursive) | path (may be a pattern)
//   get     17: flags u8 (1 checked, 2 recursive, 4 follow) | from u64 | count u64 (0: all) |
//               version u64 (0: any) | path (may be a pattern)
//   hashes  18: version u64 (0: any) | path
//   put     19: flags u8 (1 replace, 2 resume, 4 folder) | mode u32 | mtime i64 | size u64 | path
//   ask     20: what u8 (1 time, 2 info)
// a file on its way, either way
//   data    21: offset u64 | bytes (1..chunk_size, within one chunk)
//   chunk   22: index u64 | SHA-256 (32)
//   end     23: size u64 | root (32); size 2^64-1: it is given up
// answers (between peers 32 to 47 are messages)
//   entry   48: kind u8 | mode u32 | mtime i64 | size u64 | version u64 | base u16 | path;
//               the first `base` bytes of the path are the folder that the pattern or tree is in
//   have    49: first u64 | last u8 (1: nothing follows) | SHA-256 (32)...: chunks that are there
//   stored  50: version u64
//   failed  51: path size u16 | path | JSON (cli/remote_error.hpp): one of several; others follow
//   done    52: things u64 | failed u64: nothing else answers this request
//   text    53: UTF-8
//   refusal  2: JSON: the whole request failed; nothing else answers it

namespace frame_type {
inline constexpr std::uint16_t list = 16;
inline constexpr std::uint16_t get = 17;
inline constexpr std::uint16_t hashes = 18;
inline constexpr std::uint16_t put = 19;
inline constexpr std::uint16_t ask = 20;
inline constexpr std::uint16_t data = 21;
inline constexpr std::uint16_t chunk = 22;
inline constexpr std::uint16_t end = 23;
inline constexpr std::uint16_t entry = 48;
inline constexpr std::uint16_t have = 49;
inline constexpr std::uint16_t stored = 50;
inline constexpr std::uint16_t failed = 51;
inline constexpr std::uint16_t done = 52;
inline constexpr std::uint16_t text = 53;
}  // namespace frame_type

inline constexpr std::uint64_t given_up = UINT64_MAX;
/// Hashes in one `have`.
inline constexpr std::size_t have_max = 1024;
/// What stands before the bytes of a `data` frame: header and offset.
inline constexpr std::size_t data_head_size = wire::frame_header_size + 8;

struct List {
  bool recursive = false;
  std::string path;
};
struct Get {
  bool checked = true;
  bool recursive = false;
  bool follow = false;
  std::uint64_t from = 0;
  std::uint64_t count = 0;
  std::uint64_t version = 0;
  std::string path;
};
struct Hashes {
  std::uint64_t version = 0;
  std::string path;
};
struct Put {
  bool replace = false;
  bool resume = false;
  bool folder = false;
  std::uint32_t mode = 0;
  std::int64_t mtime_ns = 0;
  std::uint64_t size = 0;
  std::string path;
};
enum class Question : std::uint8_t { time = 1, info = 2 };
struct Ask {
  Question what = Question::time;
};
struct Chunk {
  std::uint64_t index = 0;
  Hash hash{};
};
struct End {
  std::uint64_t size = 0;
  Hash root{};
};
struct Entry {
  Facts facts;
  std::size_t base = 0;
  std::string path;
  std::string_view below_base() const { return std::string_view{path}.substr(base); }
};
struct Have {
  std::uint64_t first = 0;
  bool last = false;
  std::vector<Hash> hashes;
};
struct Stored {
  std::uint64_t version = 0;
};
struct Failed {
  std::string path;
  std::string json;
};
struct Done {
  std::uint64_t things = 0;
  std::uint64_t failed = 0;
};
struct Text {
  std::string text;
};
struct Refusal {
  std::string json;
};

using Request = std::variant<List, Get, Hashes, Put, Ask>;
/// What a put consists of besides data.
using Part = std::variant<Chunk, End>;
using Answer = std::variant<Entry, Chunk, End, Have, Stored, Failed, Done, Text, Refusal>;

/// Errc::malformed for fields that do not fit, Errc::unexpected for another type. Paths are checked
/// by check_path() but for lists and gets, where patterns may stand: those by Root.
Result<Request> decode_request(const wire::Frame& frame);
Result<Part> decode_part(const wire::Frame& frame);
Result<Answer> decode_answer(const wire::Frame& frame);
/// True for chunk and end.
bool is_part(std::uint16_t type);
/// True for a put, however malformed, that data follows without a question: of a file, and anew.
bool is_put_with_data(const wire::Frame& frame);

void append(std::string& out, std::uint32_t stream, const List& message);
void append(std::string& out, std::uint32_t stream, const Get& message);
void append(std::string& out, std::uint32_t stream, const Hashes& message);
void append(std::string& out, std::uint32_t stream, const Put& message);
void append(std::string& out, std::uint32_t stream, const Ask& message);
void append(std::string& out, std::uint32_t stream, const Chunk& message);
void append(std::string& out, std::uint32_t stream, const End& message);
void append(std::string& out, std::uint32_t stream, const Entry& message);
void append(std::string& out, std::uint32_t stream, const Have& message);
void append(std::string& out, std::uint32_t stream, const Stored& message);
void append(std::string& out, std::uint32_t stream, const Failed& message);
void append(std::string& out, std::uint32_t stream, const Done& message);
void append(std::string& out, std::uint32_t stream, const Text& message);
void append(std::string& out, std::uint32_t stream, const Refusal& message);
/// Header and offset of a `data` frame; `count` bytes of the file are to follow.
void append_data_head(std::string& out, std::uint32_t stream, std::uint64_t offset,
                      std::uint32_t count);

}  // namespace netkit::transfer
