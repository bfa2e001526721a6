// Headers of 512 bytes, by the table of POSIX.1-2001 (pax, "ustar Interchange Format"):
//   name 100 | mode 8 | uid 8 | gid 8 | size 12 | mtime 12 | checksum 8 | type 1 | link 100
//   | "ustar\0" 6 | "00" 2 | user 32 | group 32 | major 8 | minor 8 | prefix 155 | zeros 12
#include "commands/filesrv/tar_stream.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "transfer/path.hpp"

namespace netkit::filesrv {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::uint64_t octal_max = (std::uint64_t{1} << 33) - 1;  // 11 digits.
constexpr std::size_t name_max = 100;
constexpr std::size_t prefix_max = 155;

struct Header {
  std::string bytes = std::string(tar_block_size, '\0');

  void put(std::size_t at, std::string_view text) { bytes.replace(at, text.size(), text); }
  /// `digits` digits and a NUL.
  void put_octal(std::size_t at, std::uint64_t value, int digits) {
    put(at, fmt::format("{:0{}o}", value, digits));
  }
};

/// The sum is of the bytes with blanks in its own place.
std::string finish(Header header) {
  header.put(148, "        ");
  unsigned sum = 0;
  for (const char byte : header.bytes)
    sum += static_cast<unsigned char>(byte);
  header.put(148, fmt::format("{:06o}", sum));
  header.bytes[154] = '\0';
  return std::move(header.bytes);
}

struct Member {
  std::string_view path;
  char type = '0';
  std::uint32_t mode = 0;
  std::uint64_t size = 0;
  std::int64_t mtime_s = 0;
};

/// Where the path is cut for ustar's two fields; npos if it does not fit.
std::size_t prefix_size(std::string_view path) {
  if (path.size() <= name_max) return 0;
  const std::size_t slash = path.find('/', path.size() - name_max - 1);
  const bool fits =
      slash != path.npos && slash > 0 && slash <= prefix_max && slash + 1 < path.size();
  return fits ? slash : path.npos;
}

std::string ustar(const Member& member) {
  Header header;
  const std::size_t cut = prefix_size(member.path);
  if (cut == member.path.npos) {  // The pax record has all of it.
    header.put(0, member.path.substr(0, name_max));
  } else {
    header.put(0, member.path.substr(cut == 0 ? 0 : cut + 1));
    header.put(345, member.path.substr(0, cut));
  }
  header.put_octal(100, member.mode & 07777, 7);
  header.put_octal(108, 0, 7);
  header.put_octal(116, 0, 7);
  header.put_octal(124, std::min(member.size, octal_max), 11);
  const auto mtime = static_cast<std::uint64_t>(std::max<std::int64_t>(member.mtime_s, 0));
  header.put_octal(136, std::min(mtime, octal_max), 11);
  header.put(156, {&member.type, 1});
  header.put(257, {"ustar\00000", 8});
  header.put_octal(329, 0, 7);
  header.put_octal(337, 0, 7);
  return finish(std::move(header));
}

/// "LENGTH KEY=VALUE\n", where LENGTH counts its own digits.
std::string pax_record(std::string_view key, std::string_view value) {
  const std::size_t rest = key.size() + value.size() + 3;
  std::size_t length = rest + std::to_string(rest).size();
  length = rest + std::to_string(length).size();
  return fmt::format("{} {}={}\n", length, key, value);
}

std::string pax_time(std::int64_t mtime_ns) {
  const char* const sign = mtime_ns < 0 ? "-" : "";
  // INT64_MIN has no opposite of its own type.
  const std::uint64_t size = mtime_ns < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(mtime_ns)
                                          : static_cast<std::uint64_t>(mtime_ns);
  return fmt::format("{}{}.{:09}", sign, size / second_ns, size % second_ns);
}

}  // namespace

std::string tar_head(std::string_view path, const transfer::Facts& facts) {
  const bool folder = facts.kind == transfer::Kind::folder;
  const std::string named = std::string{path} + (folder ? "/" : "");
  const std::int64_t floor_s =
      facts.mtime_ns / second_ns - (facts.mtime_ns % second_ns < 0 ? 1 : 0);
  const std::uint64_t size = folder ? 0 : facts.size;

  std::string records;
  if (prefix_size(named) == named.npos) records += pax_record("path", named);
  if (size > octal_max) records += pax_record("size", std::to_string(size));
  if (facts.mtime_ns % second_ns != 0 || floor_s < 0 ||
      static_cast<std::uint64_t>(floor_s) > octal_max)
    records += pax_record("mtime", pax_time(facts.mtime_ns));

  std::string head;
  if (!records.empty()) {
    const std::string name = transfer::join_path("PaxHeaders", transfer::split_path(path).name);
    head = ustar({std::string_view{name}.substr(0, name_max), 'x', 0644, records.size(), floor_s});
    head += records;
    head.append(tar_padding(records.size()), '\0');
  }
  return head + ustar({named, folder ? '5' : '0', facts.mode, size, floor_s});
}

}  // namespace netkit::filesrv
