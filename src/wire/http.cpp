// The HTTP head parser. The end of the head is looked for line by line as bytes come; the lines are
// read once it is there.
#include "wire/http.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/text.hpp"

namespace netkit::wire {
namespace {

using Lines = std::string_view;  // What is left of a head: whole lines, each ending in CR LF.

bool is_digit(char byte) {
  return byte >= '0' && byte <= '9';
}

bool is_alphanumeric(char byte) {
  return is_digit(byte) || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

bool is_visible(char byte) {
  return byte > ' ' && byte < '\x7f';
}

/// HTAB, SP, VCHAR and obs-text (RFC 9110, 5.5).
bool is_value_byte(char byte) {
  const auto value = static_cast<unsigned char>(byte);
  return byte == '\t' || (value >= ' ' && value != 0x7f);
}

Error refusal(const char* why) {
  return {Errc::malformed, why};
}

/// Advances `scan` over `unread`; the size of the head once its empty line is there, else 0.
/// `leading_lines` empty lines may stand before the first line. Bytes beyond the limit are never
/// looked at, so that the answer does not depend on how the bytes came.
Result<std::size_t> find_head_end(std::string_view unread, HttpScan& scan,
                                  std::size_t leading_lines) {
  const std::string_view bytes = unread.substr(0, http_head_size_max);
  while (true) {
    const std::size_t end = bytes.find('\n', scan.searched);
    if (end == bytes.npos) break;
    const std::size_t size = end - scan.line_begin;
    if (size == 0 || bytes[end - 1] != '\r') return refusal("read an HTTP line without CR LF");
    scan.searched = end + 1;
    scan.line_begin = end + 1;
    if (size > 1) {
      // The request line and the fields.
      if (++scan.lines > http_fields_max + 1)
        return Error{Errc::too_large, "read an HTTP head with so many fields"};
    } else if (scan.lines > 0) {
      return end + 1;
    } else if (end + 1 > 2 * leading_lines) {
      return refusal("read an empty line before an HTTP head");
    }
  }
  scan.searched = bytes.size();
  if (bytes.size() == http_head_size_max) return Error{Errc::too_large, "read an HTTP head"};
  return std::size_t{0};
}

std::string_view take_line(Lines& lines) {
  const std::size_t size = lines.find("\r\n");
  const std::string_view line = lines.substr(0, size);
  lines.remove_prefix(size + 2);
  return line;
}

/// The part of `line` before its first space, which is taken off with it.
std::string_view take_word(std::string_view& line) {
  const std::size_t size = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, size);
  line.remove_prefix(std::min(size + 1, line.size()));
  return word;
}

Result<int> parse_version(std::string_view word) {
  if (word == "HTTP/1.1") return 1;
  if (word == "HTTP/1.0") return 0;
  const bool other = word.size() == 8 && word.starts_with("HTTP/") && is_digit(word[5]) &&
                     word[6] == '.' && is_digit(word[7]);
  if (other) return Error{Errc::wrong_version, "read " + std::string{word}};
  return refusal("read an HTTP version");
}

std::string_view trim_blanks(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

Status parse_fields(Lines lines, HttpFields& fields) {
  while (true) {
    const std::string_view line = take_line(lines);
    if (line.empty()) return ok;
    // A folded line (RFC 9112, 5.2) and white space before the colon both fail as a name.
    const std::size_t colon = line.find(':');
    if (colon == line.npos || !is_http_token(line.substr(0, colon)))
      return refusal("read the name of an HTTP field");
    const std::string_view value = line.substr(colon + 1);
    if (!std::all_of(value.begin(), value.end(), is_value_byte))
      return refusal("read the value of an HTTP field");
    fields.add({line.substr(0, colon), trim_blanks(value)});
  }
}

/// Transfer-Encoding is "chunked" or nothing (RFC 9112, 6.1).
Result<bool> parse_transfer_encoding(const HttpFields& fields, int minor_version) {
  const std::size_t count = fields.count("Transfer-Encoding");
  if (count == 0) return false;
  if (count > 1 || minor_version == 0) return refusal("read an HTTP Transfer-Encoding");
  const std::string_view value = *fields.find("Transfer-Encoding");
  if (equal_ignoring_case(value, "chunked")) return true;

  // Other codings, "chunked" at most behind them, are well formed but not spoken here; anything
  // else could be understood in two ways.
  std::vector<std::string_view> codings = split(value, ',');
  if (equal_ignoring_case(trim_blanks(codings.back()), "chunked")) codings.pop_back();
  for (const std::string_view coding : codings) {
    const std::string_view name = trim_blanks(coding);
    if (!is_http_token(name) || equal_ignoring_case(name, "chunked"))
      return refusal("read an HTTP Transfer-Encoding");
  }
  return Error{Errc::unexpected, "read the HTTP transfer coding " + std::string{value}};
}

/// RFC 9112, 6.3: what could be framed in two ways is refused.
Result<HttpBody> parse_body(const HttpFields& fields, int minor_version) {
  HttpBody body;
  const std::size_t lengths = fields.count("Content-Length");
  if (lengths > 0 && fields.count("Transfer-Encoding") > 0)
    return refusal("read an HTTP head with two framings of its body");
  const Result<bool> chunked = parse_transfer_encoding(fields, minor_version);
  if (!chunked) return chunked.error();
  body.chunked = *chunked;
  if (lengths == 0) return body;

  const std::string_view digits = *fields.find("Content-Length");
  std::uint64_t length = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  // from_chars takes no sign and no space for an unsigned type.
  if (lengths > 1 || failed != std::errc{} || end != digits.data() + digits.size())
    return refusal("read an HTTP Content-Length");
  body.content_length = length;
  return body;
}

/// host [":" port] with a name, an IPv4 address or a bracketed IPv6 address (RFC 3986, 3.2.2).
bool is_valid_host(std::string_view host) {
  std::string_view port;
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    if (end == host.npos || end < 3) return false;
    const std::string_view address = host.substr(1, end - 1);
    if (address.find_first_not_of("0123456789abcdefABCDEF:.") != address.npos) return false;
    port = host.substr(end + 1);
  } else {
    const std::size_t end = std::min(host.find(':'), host.size());
    const auto is_name_byte = [](char byte) {
      return is_alphanumeric(byte) ||
             std::string_view{"-._~!$&'()*+,;=%"}.find(byte) != std::string_view::npos;
    };
    if (end == 0 ||
        !std::all_of(host.begin(), host.begin() + static_cast<std::ptrdiff_t>(end), is_name_byte))
      return false;
    port = host.substr(end);
  }
  if (port.empty()) return true;
  return port[0] == ':' && port.size() <= 6 && std::all_of(port.begin() + 1, port.end(), is_digit);
}

/// The authority of an absolute target; empty for the other forms.
std::string_view authority_of(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"})
    if (target.starts_with(scheme)) {
      const std::string_view rest = target.substr(scheme.size());
      return rest.substr(0, rest.find_first_of("/?"));
    }
  return {};
}

/// RFC 9112, 3.2: exactly one valid Host, optional in HTTP/1.0, and the same as the authority of an
/// absolute target, which would otherwise name a second host.
Status check_host(const HttpRequest& request) {
  const std::size_t count = request.fields.count("Host");
  if (count > 1 || (count == 0 && request.minor_version == 1))
    return refusal("read an HTTP request without exactly one Host");
  const std::string_view authority = authority_of(request.target);
  if (count == 0) {
    if (!authority.empty() && !is_valid_host(authority)) return refusal("read an HTTP target");
    return ok;
  }
  if (!is_valid_host(request.host())) return refusal("read an HTTP Host");
  if (!authority.empty() && !equal_ignoring_case(authority, request.host()))
    return refusal("read an HTTP request for two hosts");
  return ok;
}

bool is_valid_target(std::string_view target, std::string_view method) {
  if (!std::all_of(target.begin(), target.end(), is_visible)) return false;
  if (target.find('#') != target.npos) return false;  // A fragment never leaves its client.
  if (target == "*") return method == "OPTIONS";
  return target.starts_with('/') || !authority_of(target).empty();
}

Result<HttpRequest> parse_request(Lines lines) {
  HttpRequest request;
  std::string_view line = take_line(lines);
  request.method = take_word(line);
  request.target = take_word(line);
  if (!is_http_token(request.method)) return refusal("read an HTTP method");
  if (!is_valid_target(request.target, request.method)) return refusal("read an HTTP target");
  const Result<int> version = parse_version(line);
  if (!version) return version.error();
  request.minor_version = *version;

  if (const Status fields = parse_fields(lines, request.fields); !fields) return fields.error();
  const Result<HttpBody> body = parse_body(request.fields, request.minor_version);
  if (!body) return body.error();
  request.body = *body;
  if (const Status host = check_host(request); !host) return host.error();
  return request;
}

Result<HttpResponse> parse_response(Lines lines) {
  HttpResponse response;
  std::string_view line = take_line(lines);
  const Result<int> version = parse_version(take_word(line));
  if (!version) return version.error();
  response.minor_version = *version;
  const bool has_status = line.size() >= 4 && line[0] >= '1' && line[0] <= '5' &&
                          is_digit(line[1]) && is_digit(line[2]) && line[3] == ' ';
  if (!has_status) return refusal("read an HTTP status");
  response.status = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
  response.reason = line.substr(4);
  if (!std::all_of(response.reason.begin(), response.reason.end(), is_value_byte))
    return refusal("read an HTTP reason");

  if (const Status fields = parse_fields(lines, response.fields); !fields) return fields.error();
  const Result<HttpBody> body = parse_body(response.fields, response.minor_version);
  if (!body) return body.error();
  response.body = *body;
  return response;
}

}  // namespace

Result<Decoded<HttpRequest>> HttpRequestDecoder::next(std::span<char> unread) {
  const std::string_view bytes{unread.data(), unread.size()};
  const Result<std::size_t> size = find_head_end(bytes, scan_, 1);
  if (!size) return size.error();
  if (*size == 0) return Decoded<HttpRequest>{};
  scan_ = {};
  const std::string_view head = bytes.substr(0, *size);
  Result<HttpRequest> request = parse_request(head.substr(head.starts_with("\r\n") ? 2 : 0));
  if (!request) return request.error();
  return Decoded<HttpRequest>{*size, std::move(*request)};
}

Result<Decoded<HttpResponse>> HttpResponseDecoder::next(std::span<char> unread) {
  const std::string_view bytes{unread.data(), unread.size()};
  const Result<std::size_t> size = find_head_end(bytes, scan_, 0);
  if (!size) return size.error();
  if (*size == 0) return Decoded<HttpResponse>{};
  scan_ = {};
  Result<HttpResponse> response = parse_response(bytes.substr(0, *size));
  if (!response) return response.error();
  return Decoded<HttpResponse>{*size, std::move(*response)};
}

}  // namespace netkit::wire
