// The parts that HTTP heads are written from. Used inside this layer; services call
// append_response and the handshake functions.
#pragma once

#include <string>
#include <string_view>

#include "wire/http.hpp"

namespace netkit::wire {

/// Appends `text` with a space for every control character, so that it cannot end its line.
void append_http_text(std::string& out, std::string_view text);

/// Appends "NAME: VALUE" and a line end.
void append_http_field(std::string& out, std::string_view name, std::string_view value);

/// Appends the status line of an HTTP/1.1 response.
void append_http_status(std::string& out, int status, std::string_view reason);

}  // namespace netkit::wire
