// Fuzzes the HTTP head parsers and the WebSocket handshake behind them. Input: one byte for the
// cuts, one that picks request or response, then a byte stream.
#include "wire/http.hpp"

#include "tests/support/feed.hpp"
#include "wire/sniff.hpp"
#include "wire/websocket_handshake.hpp"

using namespace netkit;

namespace {

std::string encode_fields(const wire::HttpFields& fields) {
  tests::demand(fields.size() <= wire::http_fields_max, "the limit of fields holds");
  std::string out;
  for (const wire::HttpField& field : fields)
    out.append(field.name).append(":\t").append(field.value).append(" \r\n");
  return out + "\r\n";
}

void check_body(const wire::HttpFields& fields, const wire::HttpBody& body) {
  tests::demand(!body.chunked || !body.content_length, "one framing of the body");
  tests::demand(fields.count("Content-Length") == (body.content_length ? 1 : 0), "one length");
}

std::string encode_request(const wire::HttpRequest& request) {
  check_body(request.fields, request.body);
  tests::demand(request.minor_version == 0 || !request.host().empty(), "there is a host");
  std::string out;
  if (const auto upgrade = wire::check_upgrade(request); !upgrade)
    wire::append_upgrade_refusal(out, upgrade.error());
  else if (upgrade->wanted)
    wire::append_upgrade_response(out, *upgrade);
  if (!out.empty()) {
    wire::HttpResponseDecoder decoder;
    const auto answer = decoder.next(out);
    tests::demand(answer && answer->message, "every answer is a response");
  }
  return std::string{request.method}
      .append(" ")
      .append(request.target)
      .append(" HTTP/1." + std::to_string(request.minor_version) + "\r\n")
      .append(encode_fields(request.fields));
}

std::string encode_response(const wire::HttpResponse& response) {
  check_body(response.fields, response.body);
  static_cast<void>(wire::check_upgrade_response(response, "dGhlIHNhbXBsZSBub25jZQ=="));
  return "HTTP/1." + std::to_string(response.minor_version) + " " +
         std::to_string(response.status) + " " + std::string{response.reason} + "\r\n" +
         encode_fields(response.fields);
}

template <typename Decoder, typename Encode>
void check(std::string_view bytes, std::uint32_t seed, const Encode& encode) {
  const tests::Fed fed = tests::feed_every_way(Decoder{}, bytes, seed, encode);
  // Each head by itself, as a few bytes of white space may make it longer than it was.
  for (const std::string& head : fed.messages) {
    if (head.size() > wire::http_head_size_max) continue;
    const tests::Fed again = tests::feed_every_way(Decoder{}, head, seed, encode);
    tests::demand(again.messages == std::vector{head}, "encode(decode(x)) is a fixed point");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes{reinterpret_cast<const char*>(data) + 2, size - 2};
  if ((data[1] & 1) != 0)
    check<wire::HttpResponseDecoder>(bytes, data[0], encode_response);
  else
    check<wire::HttpRequestDecoder>(bytes, data[0], encode_request);
  return 0;
}
