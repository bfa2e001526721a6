// The heads of HTTP/1.1 requests and responses (RFC 9110, RFC 9112), read strictly: what two
// programs could understand differently is refused. For WebSocket handshakes, pages and metrics;
// bodies are the caller's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/result.hpp"
#include "wire/decoded.hpp"

namespace netkit::wire {

inline constexpr std::size_t http_head_size_max = 16 * 1024;
inline constexpr std::size_t http_fields_max = 100;

struct HttpField {
  std::string_view name;
  std::string_view value;  ///< Without white space at its ends.
};

/// The fields of a head in their order. Names compare without case.
class HttpFields {
 public:
  /// The first field of that name.
  std::optional<std::string_view> find(std::string_view name) const noexcept;
  std::vector<std::string_view> find_all(std::string_view name) const;
  std::size_t count(std::string_view name) const noexcept;

  /// The comma-separated elements of all fields of that name, empty ones left out.
  std::vector<std::string_view> list(std::string_view name) const;
  /// True if list(name) has `token`, compared without case.
  bool list_has(std::string_view name, std::string_view token) const;

  void add(HttpField field) { fields_.push_back(field); }
  std::size_t size() const noexcept { return fields_.size(); }
  auto begin() const noexcept { return fields_.begin(); }
  auto end() const noexcept { return fields_.end(); }

 private:
  std::vector<HttpField> fields_;
};

/// How much body follows a head. Never both; neither means none after a request, and everything
/// up to the end of the stream after most responses (RFC 9112, 6.3).
struct HttpBody {
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
};

struct HttpRequest {
  std::string_view method;
  std::string_view target;  ///< `/...`, `http[s]://...`, or `*` of an OPTIONS request.
  int minor_version = 1;    ///< HTTP/1.minor_version: 0 or 1.
  HttpFields fields;
  HttpBody body;

  /// The target from its path on, query included: "/" for an absolute one without a path.
  std::string_view path() const noexcept;
  std::string_view host() const noexcept { return fields.find("Host").value_or(""); }
  /// True if the peer wants the connection to stay open after this exchange.
  bool keep_alive() const;
};

struct HttpResponse {
  int status = 0;  ///< 100..599
  std::string_view reason;
  int minor_version = 1;
  HttpFields fields;
  HttpBody body;
};

/// Where the end of a head was looked for, kept between calls.
struct HttpScan {
  std::size_t searched = 0;    ///< Bytes at the front that were looked at.
  std::size_t line_begin = 0;  ///< Where the line begins that is being read.
  std::size_t lines = 0;       ///< Lines that ended before it.
};

/// Cuts the head of a request off a byte stream; the views hold as long as those bytes. A body, if
/// one follows, is not looked at. One CR LF before the request line is passed over.
/// Errors, see http_status: malformed; too_large (http_head_size_max, http_fields_max);
/// wrong_version (not HTTP/1.0 or HTTP/1.1); unexpected (a transfer coding other than chunked).
class HttpRequestDecoder {
 public:
  Result<Decoded<HttpRequest>> next(std::span<char> unread);

 private:
  HttpScan scan_;
};

/// The same for a response, without a CR LF before it.
class HttpResponseDecoder {
 public:
  Result<Decoded<HttpResponse>> next(std::span<char> unread);

 private:
  HttpScan scan_;
};

/// The status that answers a request the decoder refused: 400, 431, 505 or 501.
int http_status(const std::error_code& failure) noexcept;

/// "Not Found" for 404, and so on for the statuses netkit uses; "Unknown" for others.
std::string_view http_reason(int status) noexcept;

enum class HttpConnection : std::uint8_t { close, keep_alive };

/// Appends status line, `fields`, Content-Length, Connection and the empty line. For a HEAD request
/// this is the whole answer. Line ends and other control characters in a field become spaces.
/// Without a length there is no Content-Length: for 204, and for what is sent in chunks or until
/// the end of the stream.
void append_response_head(std::string& out, int status, std::string_view reason,
                          std::span<const HttpField> fields,
                          std::optional<std::uint64_t> content_length,
                          HttpConnection connection = HttpConnection::close);

/// The same, and `body` behind it.
void append_response(std::string& out, int status, std::string_view reason,
                     std::span<const HttpField> fields, std::string_view body,
                     HttpConnection connection = HttpConnection::close);

/// True for 1 or more characters that may stand in a method or a field name (RFC 9110, 5.6.2).
bool is_http_token(std::string_view text) noexcept;

}  // namespace netkit::wire
