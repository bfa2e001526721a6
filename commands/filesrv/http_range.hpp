// Which bytes of a file a GET request asks for (RFC 9110, 14): pure arithmetic over the Range
// field, and the fields and bodies that answer it. Used by the file server's HTTP half.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace netkit::filesrv {

/// More in one request are answered by the whole file: they would cost more than it does.
inline constexpr std::size_t ranges_max = 32;

struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t count = 0;  ///< At least 1; first + count is at most the file's size.
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

enum class Extent : std::uint8_t {
  whole,          ///< 200: no range that is to be followed.
  ranges,         ///< 206
  unsatisfiable,  ///< 416: all of them lie behind the end.
};

struct RangeAnswer {
  Extent extent = Extent::whole;
  /// As asked for, those behind the end left out; in the file's order and put together where any
  /// two overlap or touch.
  std::vector<ByteRange> ranges;
};

/// What the value of a Range field asks of a file of that size. Another unit and what is malformed
/// are to be ignored: whole. Numbers beyond 2^64 count as the largest there is.
RangeAnswer judge_range(std::string_view value, std::uint64_t size);

/// "bytes 0-4/10"
std::string content_range(ByteRange range, std::uint64_t size);
/// "bytes */10", for 416.
std::string content_range_of_none(std::uint64_t size);

/// A body of the type multipart/byteranges, whose length is known before its bytes are.
class MultipartRanges {
 public:
  /// `type` is that of the file; `boundary` occurs in no part of it.
  MultipartRanges(std::vector<ByteRange> ranges, std::uint64_t size, std::string type,
                  std::string boundary);

  const std::vector<ByteRange>& ranges() const { return ranges_; }
  /// For Content-Type.
  std::string type() const { return "multipart/byteranges; boundary=" + boundary_; }
  /// What stands before the bytes of range `index`.
  std::string head(std::size_t index) const;
  /// What stands behind those of the last one.
  std::string tail() const { return "\r\n--" + boundary_ + "--\r\n"; }
  std::uint64_t length() const;

 private:
  const std::vector<ByteRange> ranges_;
  const std::uint64_t size_;
  const std::string type_;
  const std::string boundary_;
};

}  // namespace netkit::filesrv
