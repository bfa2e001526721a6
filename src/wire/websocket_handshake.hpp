// The opening handshake of WebSocket (RFC 6455, section 4) for both sides, as pure functions over
// HTTP heads. Decides nothing about origins, hosts or tokens: that is the service's.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "wire/http.hpp"

namespace netkit::wire {

/// Sec-WebSocket-Accept for a Sec-WebSocket-Key (RFC 6455, 4.2.2).
std::string accept_key(std::string_view client_key);

/// Sec-WebSocket-Key from 16 random bytes that the caller draws afresh for each connection.
std::string client_key(std::span<const char, 16> random);

/// What a request that may be a handshake asks for.
struct UpgradeRequest {
  bool wanted = false;  ///< False: a plain HTTP request, which gets the service's page.
  std::string accept;   ///< What append_upgrade_response answers with.
  std::vector<std::string_view> subprotocols;  ///< As offered, best first; views into the request.
};

/// Tells a valid handshake from a plain request. A request that names WebSocket in Upgrade or has
/// any Sec-WebSocket field but is no valid handshake is an error and never plain: wrong_version
/// (a version other than 13) or malformed; append_upgrade_refusal answers both. Extensions that the
/// client offers are passed over, so none is ever negotiated.
Result<UpgradeRequest> check_upgrade(const HttpRequest& request);

/// Appends the answer 101. `subprotocol` is one of those offered, or empty.
void append_upgrade_response(std::string& out, const UpgradeRequest& request,
                             std::string_view subprotocol = {},
                             std::span<const HttpField> fields = {});

/// Appends the answer to a handshake that check_upgrade refused: 426 with the version spoken here,
/// or 400. The connection closes after it.
void append_upgrade_refusal(std::string& out, const Error& failure);

/// Appends a client's request. `host` is what stands in Host, with the port unless it is the
/// default one; `path` begins with a slash; `key` comes from client_key; `fields` are further ones.
void append_upgrade_request(std::string& out, std::string_view host, std::string_view path,
                            std::string_view key,
                            std::span<const std::string_view> subprotocols = {},
                            std::span<const HttpField> fields = {});

/// The subprotocol a server chose from those `offered`, empty if none. Errors: refused (a status
/// other than 101; the attempt names it), malformed (no valid answer to a request with `key`, an
/// extension or a subprotocol that was not offered).
Result<std::string_view> check_upgrade_response(const HttpResponse& response, std::string_view key,
                                                std::span<const std::string_view> offered = {});

}  // namespace netkit::wire
