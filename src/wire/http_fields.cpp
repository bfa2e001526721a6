// What is asked of HTTP heads once they are read.
#include <algorithm>

#include "base/text.hpp"
#include "wire/http.hpp"

namespace netkit::wire {

bool is_http_token(std::string_view text) noexcept {
  const auto is_token_byte = [](char byte) {
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z') ||
           std::string_view{"!#$%&'*+-.^_`|~"}.find(byte) != std::string_view::npos;
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_byte);
}

std::optional<std::string_view> HttpFields::find(std::string_view name) const noexcept {
  for (const HttpField& field : fields_)
    if (equal_ignoring_case(field.name, name)) return field.value;
  return std::nullopt;
}

std::vector<std::string_view> HttpFields::find_all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const HttpField& field : fields_)
    if (equal_ignoring_case(field.name, name)) values.push_back(field.value);
  return values;
}

std::size_t HttpFields::count(std::string_view name) const noexcept {
  return static_cast<std::size_t>(std::count_if(
      fields_.begin(), fields_.end(),
      [name](const HttpField& field) { return equal_ignoring_case(field.name, name); }));
}

std::vector<std::string_view> HttpFields::list(std::string_view name) const {
  std::vector<std::string_view> elements;
  for (const std::string_view value : find_all(name))
    for (const std::string_view part : split(value, ','))
      if (const std::string_view element = trim(part); !element.empty())
        elements.push_back(element);
  return elements;
}

bool HttpFields::list_has(std::string_view name, std::string_view token) const {
  const auto elements = list(name);
  return std::any_of(elements.begin(), elements.end(), [token](std::string_view element) {
    return equal_ignoring_case(element, token);
  });
}

std::string_view HttpRequest::path() const noexcept {
  const std::size_t scheme_end = target.find("://");
  if (target.starts_with('/') || scheme_end == target.npos) return target;
  const std::size_t path_begin = target.find_first_of("/?", scheme_end + 3);
  return path_begin == target.npos ? "/" : target.substr(path_begin);
}

bool HttpRequest::keep_alive() const {
  if (fields.list_has("Connection", "close")) return false;
  return minor_version == 1 || fields.list_has("Connection", "keep-alive");
}

int http_status(const std::error_code& failure) noexcept {
  if (failure == Errc::too_large) return 431;
  if (failure == Errc::wrong_version) return 505;
  if (failure == Errc::unexpected) return 501;
  return 400;
}

std::string_view http_reason(int status) noexcept {
  switch (status) {
    case 101: return "Switching Protocols";
    case 200: return "OK";
    case 201: return "Created";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 304: return "Not Modified";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 426: return "Upgrade Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    case 507: return "Insufficient Storage";
    default: return "Unknown";
  }
}

}  // namespace netkit::wire
