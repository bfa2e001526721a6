// The WebSocket handshake: what is checked of the other side's head, and the heads that are
// written. SHA-1 is what RFC 6455 asks for; nothing secret hangs on it.
#include "wire/websocket_handshake.hpp"

#include <algorithm>
#include <array>
#include <openssl/evp.h>

#include "base/text.hpp"
#include "wire/http_write.hpp"

namespace netkit::wire {
namespace {

constexpr std::string_view accept_suffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455, 1.3

std::string base64(const unsigned char* bytes, std::size_t size) {
  std::string text(4 * ((size + 2) / 3) + 1, '\0');  // EVP_EncodeBlock ends it with a NUL.
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes, static_cast<int>(size));
  text.pop_back();
  return text;
}

/// True if `key` is base64 of 16 bytes: 22 characters and two pads.
bool is_valid_key(std::string_view key) {
  const auto is_base64 = [](char byte) {
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z') || byte == '+' || byte == '/';
  };
  return key.size() == 24 && key.ends_with("==") &&
         std::all_of(key.begin(), key.end() - 2, is_base64);
}

bool begins_with_ignoring_case(std::string_view text, std::string_view prefix) {
  return equal_ignoring_case(text.substr(0, prefix.size()), prefix);
}

bool wants_websocket(const HttpRequest& request) {
  const auto is_websocket_field = [](const HttpField& field) {
    return begins_with_ignoring_case(field.name, "Sec-WebSocket");
  };
  return request.fields.list_has("Upgrade", "websocket") ||
         std::any_of(request.fields.begin(), request.fields.end(), is_websocket_field);
}

Error refusal(const char* why) {
  return {Errc::malformed, why};
}

Status check_version(const HttpRequest& request) {
  const auto versions = request.fields.find_all("Sec-WebSocket-Version");
  if (versions.size() != 1) return refusal("take a WebSocket handshake without one version");
  if (versions[0] != "13")
    return Error{Errc::wrong_version,
                 "take a WebSocket handshake of version " + escape_for_display(versions[0])};
  return ok;
}

/// RFC 6455, 4.1: tokens, no two of them the same.
Status check_subprotocols(const std::vector<std::string_view>& subprotocols) {
  for (auto name = subprotocols.begin(); name != subprotocols.end(); ++name)
    if (!is_http_token(*name) || std::find(subprotocols.begin(), name, *name) != name)
      return refusal("take a WebSocket handshake with its list of subprotocols");
  return ok;
}

}  // namespace

std::string accept_key(std::string_view client_key) {
  const std::string text = std::string{client_key}.append(accept_suffix);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) != 1)
    return {};
  return base64(digest.data(), size);
}

std::string client_key(std::span<const char, 16> random) {
  return base64(reinterpret_cast<const unsigned char*>(random.data()), random.size());
}

Result<UpgradeRequest> check_upgrade(const HttpRequest& request) {
  if (!wants_websocket(request)) return UpgradeRequest{};
  if (const Status version = check_version(request); !version) return version.error();
  if (request.method != "GET" || request.minor_version != 1)
    return refusal("take a WebSocket handshake that is not a GET of HTTP/1.1");
  if (request.body.chunked || request.body.content_length.value_or(0) > 0)
    return refusal("take a WebSocket handshake with a body");
  if (!request.fields.list_has("Upgrade", "websocket"))
    return refusal("take a WebSocket handshake without Upgrade: websocket");
  if (!request.fields.list_has("Connection", "upgrade"))
    return refusal("take a WebSocket handshake without Connection: Upgrade");
  const auto keys = request.fields.find_all("Sec-WebSocket-Key");
  if (keys.size() != 1 || !is_valid_key(keys[0]))
    return refusal("take a WebSocket handshake without one key of 16 bytes");

  UpgradeRequest upgrade;
  upgrade.wanted = true;
  upgrade.subprotocols = request.fields.list("Sec-WebSocket-Protocol");
  if (const Status names = check_subprotocols(upgrade.subprotocols); !names) return names.error();
  upgrade.accept = accept_key(keys[0]);
  return upgrade;
}

void append_upgrade_response(std::string& out, const UpgradeRequest& request,
                             std::string_view subprotocol, std::span<const HttpField> fields) {
  append_http_status(out, 101, http_reason(101));
  append_http_field(out, "Upgrade", "websocket");
  append_http_field(out, "Connection", "Upgrade");
  append_http_field(out, "Sec-WebSocket-Accept", request.accept);
  if (!subprotocol.empty()) append_http_field(out, "Sec-WebSocket-Protocol", subprotocol);
  for (const HttpField& field : fields)
    append_http_field(out, field.name, field.value);
  out.append("\r\n");
}

void append_upgrade_refusal(std::string& out, const Error& failure) {
  const std::string text = failure.message() + "\n";
  const int status = failure.code == Errc::wrong_version ? 426 : 400;
  std::vector<HttpField> fields{{"Content-Type", "text/plain; charset=utf-8"},
                                {"Sec-WebSocket-Version", "13"}};
  if (status == 426) fields.push_back({"Upgrade", "websocket"});  // RFC 9110, 15.5.22
  append_response(out, status, http_reason(status), fields, text);
}

void append_upgrade_request(std::string& out, std::string_view host, std::string_view path,
                            std::string_view key, std::span<const std::string_view> subprotocols,
                            std::span<const HttpField> fields) {
  out.append("GET ");
  append_http_text(out, path);
  out.append(" HTTP/1.1\r\n");
  append_http_field(out, "Host", host);
  append_http_field(out, "Upgrade", "websocket");
  append_http_field(out, "Connection", "Upgrade");
  append_http_field(out, "Sec-WebSocket-Key", key);
  append_http_field(out, "Sec-WebSocket-Version", "13");
  std::string offer;
  for (const std::string_view name : subprotocols)
    offer.append(offer.empty() ? "" : ", ").append(name);
  if (!offer.empty()) append_http_field(out, "Sec-WebSocket-Protocol", offer);
  for (const HttpField& field : fields)
    append_http_field(out, field.name, field.value);
  out.append("\r\n");
}

Result<std::string_view> check_upgrade_response(const HttpResponse& response, std::string_view key,
                                                std::span<const std::string_view> offered) {
  if (response.status != 101)
    return Error{Errc::refused, "open a WebSocket: the server answered " +
                                    std::to_string(response.status) + " " +
                                    escape_for_display(response.reason)};
  const auto upgrades = response.fields.find_all("Upgrade");
  if (response.minor_version != 1 || upgrades.size() != 1 ||
      !equal_ignoring_case(upgrades[0], "websocket") ||
      !response.fields.list_has("Connection", "upgrade"))
    return refusal("open a WebSocket: the server answered with another upgrade");
  const auto accepts = response.fields.find_all("Sec-WebSocket-Accept");
  if (accepts.size() != 1 || accepts[0] != accept_key(key))
    return refusal("open a WebSocket: the server's accept value does not fit");
  if (response.fields.count("Sec-WebSocket-Extensions") > 0)
    return refusal("open a WebSocket: the server uses an extension that was not offered");
  const auto chosen = response.fields.find_all("Sec-WebSocket-Protocol");
  if (chosen.empty()) return std::string_view{};
  if (chosen.size() > 1 || std::find(offered.begin(), offered.end(), chosen[0]) == offered.end())
    return refusal("open a WebSocket: the server chose a subprotocol that was not offered");
  return chosen[0];
}

}  // namespace netkit::wire
