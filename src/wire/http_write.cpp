// The HTTP heads that netkit writes: answers to requests, and the two heads of a WebSocket
// handshake. Whatever a field holds, a head keeps its lines.
#include "wire/http_write.hpp"

namespace netkit::wire {

void append_http_text(std::string& out, std::string_view text) {
  for (const char byte : text) {
    const auto value = static_cast<unsigned char>(byte);
    out.push_back(value < ' ' || value == 0x7f ? ' ' : byte);
  }
}

void append_http_field(std::string& out, std::string_view name, std::string_view value) {
  append_http_text(out, name);
  out.append(": ");
  append_http_text(out, value);
  out.append("\r\n");
}

void append_http_status(std::string& out, int status, std::string_view reason) {
  out.append("HTTP/1.1 ").append(std::to_string(status)).push_back(' ');
  append_http_text(out, reason);
  out.append("\r\n");
}

void append_response_head(std::string& out, int status, std::string_view reason,
                          std::span<const HttpField> fields,
                          std::optional<std::uint64_t> content_length, HttpConnection connection) {
  append_http_status(out, status, reason);
  for (const HttpField& field : fields)
    append_http_field(out, field.name, field.value);
  if (content_length) append_http_field(out, "Content-Length", std::to_string(*content_length));
  append_http_field(out, "Connection",
                    connection == HttpConnection::close ? "close" : "keep-alive");
  out.append("\r\n");
}

void append_response(std::string& out, int status, std::string_view reason,
                     std::span<const HttpField> fields, std::string_view body,
                     HttpConnection connection) {
  append_response_head(out, status, reason, fields, body.size(), connection);
  out.append(body);
}

}  // namespace netkit::wire
