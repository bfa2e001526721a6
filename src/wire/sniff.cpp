// The rules by which first bytes tell their dialect. Each rule answers for the prefix it is shown:
// no, not yet known, or yes.
#include "wire/sniff.hpp"

#include <algorithm>

#include "wire/frame.hpp"
#include "wire/len64.hpp"

namespace netkit::wire {
namespace {

enum class Verdict : std::uint8_t { no, open, yes };

constexpr std::size_t method_size_max = 16;

bool is_digit(char byte) {
  return byte >= '0' && byte <= '9';
}

/// Whether `bytes` begins with `wanted`; open while it is too short to tell.
Verdict begins_with(std::string_view bytes, std::string_view wanted) {
  const std::size_t common = std::min(bytes.size(), wanted.size());
  if (bytes.substr(0, common) != wanted.substr(0, common)) return Verdict::no;
  return common == wanted.size() ? Verdict::yes : Verdict::open;
}

Verdict is_len64(std::string_view bytes) {
  const std::string_view header = bytes.substr(0, len64_header_size);
  const auto padding = std::find_if_not(header.begin(), header.end(), is_digit);
  if (padding == header.begin()) return Verdict::no;
  if (!std::all_of(padding, header.end(), [](char byte) { return byte == ' '; }))
    return Verdict::no;
  return header.size() == len64_header_size ? Verdict::yes : Verdict::open;
}

/// `bytes` stands where a request line has its version and line end.
Verdict is_http_version(std::string_view bytes) {
  constexpr std::string_view prefix = "HTTP/1.";
  const Verdict begun = begins_with(bytes, prefix);
  if (begun != Verdict::yes || bytes.size() == prefix.size())
    return begun == Verdict::no ? Verdict::no : Verdict::open;
  if (!is_digit(bytes[prefix.size()])) return Verdict::no;
  return begins_with(bytes.substr(prefix.size() + 1), "\r\n");
}

/// `bytes` stands where a request line has its target.
Verdict is_http_target(std::string_view bytes) {
  const bool visible_or_space =
      std::all_of(bytes.begin(), std::find(bytes.begin(), bytes.end(), ' '),
                  [](char byte) { return byte > ' ' && byte < '\x7f'; });
  if (!visible_or_space) return Verdict::no;
  Verdict begun = Verdict::no;
  for (const std::string_view form : {"/", "http://", "https://", "* "})
    begun = std::max(begun, begins_with(bytes, form));
  if (begun != Verdict::yes) return begun;
  const std::size_t space = bytes.find(' ');
  return space == bytes.npos ? Verdict::open : is_http_version(bytes.substr(space + 1));
}

Verdict is_http(std::string_view bytes) {
  const auto is_capital = [](char byte) { return byte >= 'A' && byte <= 'Z'; };
  const auto method_end = std::find_if_not(bytes.begin(), bytes.end(), is_capital);
  const auto method_size = static_cast<std::size_t>(method_end - bytes.begin());
  if (method_size == 0 || method_size > method_size_max) return Verdict::no;
  if (method_end == bytes.end()) return Verdict::open;
  return *method_end == ' ' ? is_http_target(bytes.substr(method_size + 1)) : Verdict::no;
}

}  // namespace

std::optional<Dialect> sniff(std::string_view first_bytes) noexcept {
  if (first_bytes.empty()) return std::nullopt;
  const std::string_view bytes = first_bytes.substr(0, sniff_size_max);
  struct Rule {
    Dialect dialect;
    Verdict verdict;
  };
  // The first bytes of the four exclude one another, so at most one is not `no`.
  for (const Rule rule :
       {Rule{Dialect::tls, begins_with(bytes, "\x16\x03")},
        Rule{Dialect::frame, begins_with(bytes, frame_magic)},
        Rule{Dialect::len64, is_len64(bytes)}, Rule{Dialect::http, is_http(bytes)}}) {
    if (rule.verdict == Verdict::yes) return rule.dialect;
    // Only an HTTP target can be that long and still open.
    if (rule.verdict == Verdict::open)
      return bytes.size() == sniff_size_max ? std::optional{rule.dialect} : std::nullopt;
  }
  return Dialect::line;
}

std::string_view to_text(Dialect dialect) noexcept {
  switch (dialect) {
    case Dialect::tls: return "tls";
    case Dialect::frame: return "frame";
    case Dialect::len64: return "len64";
    case Dialect::line: return "line";
    case Dialect::http: return "http";
  }
  return "line";
}

}  // namespace netkit::wire
