// The limit for WebSocket echo (RFC 6455): frames are unmasked and turned into replies in the read
// buffer, all frames of one read leave in one write, and no message is ever collected. It checks
// no UTF-8 and assumes a little-endian machine. Usage: epoll_ws_echo [PORT].
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdint.h>

#include "epoll_loop.h"

enum {
  request_size_max = 4096,
  header_size_max = 14,
  opcode_close = 8,
  opcode_ping = 9,
  opcode_pong = 10,
};

struct ws_session {
  struct session base;
  uint64_t payload_left;  // Of the frame whose header was read last.
  uint64_t mask;          // Twice its four bytes, turned to the next payload byte.
  uint16_t request_size;  // Of the handshake so far, which is base.kept until it is answered.
  uint8_t header_kept;    // Bytes of a header whose end was not yet read.
  uint8_t opcode;
  bool open;  // The handshake is done.
  char header[header_size_max];
};

static const struct reply refusal = {.close = true};

// The value of a header field, its end in *end; NULL without it. The head ends with a zero byte.
static const char* field(const char* head, const char* name, const char** end) {
  const char* at = strcasestr(head, name);
  if (!at) return NULL;
  at += strlen(name);
  at += strspn(at, " \t");
  *end = at + strcspn(at, " \t\r\n");
  return at;
}

static struct reply accept_handshake(struct ws_session* ws, const char* head) {
  static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  static char response[256];
  const char* end = NULL;
  const char* key = field(head, "\r\nSec-WebSocket-Key:", &end);
  if (!key || end - key != 24) return refusal;

  char joined[24 + sizeof guid];
  memcpy(joined, key, 24);
  memcpy(joined + 24, guid, sizeof guid);
  unsigned char digest[SHA_DIGEST_LENGTH];
  char accepted[29];
  SHA1((const unsigned char*)joined, sizeof joined - 1, digest);
  EVP_EncodeBlock((unsigned char*)accepted, digest, sizeof digest);
  int size = snprintf(response, sizeof response,
                      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                      "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                      accepted);
  ws->open = true;
  return (struct reply){.bytes = response, .size = (size_t)size};
}

static struct reply answer_request(struct ws_session* ws, const char* bytes, size_t size) {
  if (ws->request_size + size >= request_size_max) return refusal;
  if (!ws->base.kept) ws->base.kept = malloc(request_size_max);
  char* const request = ws->base.kept;
  if (!request) give_up("keep a request");
  memcpy(request + ws->request_size, bytes, size);
  ws->request_size = (uint16_t)(ws->request_size + size);
  request[ws->request_size] = 0;
  const char* end = strstr(request, "\r\n\r\n");
  if (!end) return (struct reply){0};

  // A client that sends frames before it saw the answer is refused: the limit keeps it simple.
  struct reply reply = refusal;
  if (end + 4 == request + ws->request_size) reply = accept_handshake(ws, request);
  free(request);
  ws->base.kept = NULL;
  return reply;
}

// Forward, so that `to` may lie before `from` in the same buffer.
static void unmask(char* to, const char* from, size_t size, uint64_t mask) {
  typedef uint64_t wide __attribute__((vector_size(32)));
  const wide masks = {mask, mask, mask, mask};
  for (; size >= sizeof(wide); size -= sizeof(wide), to += sizeof(wide), from += sizeof(wide)) {
    wide piece;
    memcpy(&piece, from, sizeof piece);
    piece ^= masks;
    memcpy(to, &piece, sizeof piece);
  }
  for (size_t i = 0; i < size; ++i)
    to[i] = (char)(from[i] ^ (char)(mask >> 8 * (i % 8)));
}

static uint64_t read_be(const char* from, int size) {
  uint64_t value = 0;
  for (int i = 0; i < size; ++i)
    value = value << 8 | (unsigned char)from[i];
  return value;
}

static size_t length_size(char second) {
  int length = second & 127;
  return length == 127 ? 8 : length == 126 ? 2 : 0;
}

// Reads the frame header at `in` and writes its reply's at *out, which is at or before `in`.
// Returns the header's size, 0 while bytes are missing, -1 for what RFC 6455 forbids.
static int turn_header(struct ws_session* ws, const char* in, size_t size, char** out) {
  size_t extra = size < 2 ? 0 : length_size(in[1]);
  if (size < 2 || size < 2 + extra + 4) return 0;
  if ((in[0] & 0x70) || !(in[1] & 0x80)) return -1;
  uint32_t mask;
  memcpy(&mask, in + 2 + extra, sizeof mask);
  ws->mask = (uint64_t)mask << 32 | mask;
  ws->opcode = in[0] & 15;
  ws->payload_left = extra ? read_be(in + 2, (int)extra) : (uint64_t)(in[1] & 127);
  if (ws->opcode >= opcode_close && extra) return -1;
  if (ws->opcode == opcode_pong) return (int)(2 + extra + 4);

  const char first = (char)(ws->opcode == opcode_ping ? 0x80 | opcode_pong : in[0]);
  memmove(*out + 1, in + 1, 1 + extra);
  (*out)[0] = first;
  (*out)[1] &= 127;
  *out += 2 + extra;
  return (int)(2 + extra + 4);
}

static struct reply answer_frames(struct ws_session* ws, char* bytes, size_t size) {
  char* in = bytes - ws->header_kept;
  char* const end = bytes + size;
  memcpy(in, ws->header, ws->header_kept);
  ws->header_kept = 0;
  struct reply reply = {.bytes = in};
  char* out = in;
  while (in < end) {
    if (ws->payload_left == 0) {
      int used = turn_header(ws, in, (size_t)(end - in), &out);
      if (used < 0) return refusal;
      if (used == 0) {
        ws->header_kept = (uint8_t)(end - in);
        memcpy(ws->header, in, ws->header_kept);
        break;
      }
      in += used;
    }
    size_t piece = (size_t)(end - in);
    if (piece > ws->payload_left) piece = ws->payload_left;
    unmask(out, in, piece, ws->mask);
    unsigned turn = 8 * (piece % 4);
    if (turn) ws->mask = ws->mask >> turn | ws->mask << (64 - turn);
    ws->payload_left -= piece;
    in += piece;
    if (ws->opcode != opcode_pong) out += piece;
    if (ws->opcode == opcode_close && ws->payload_left == 0) {
      reply.close = true;
      break;
    }
  }
  reply.size = (size_t)(out - reply.bytes);
  return reply;
}

static struct reply answer(struct session* session, char* bytes, size_t size) {
  struct ws_session* ws = (struct ws_session*)session;
  return ws->open ? answer_frames(ws, bytes, size) : answer_request(ws, bytes, size);
}

// Reads of 256 KiB cost an eighth less than of 64 KiB where messages are that large themselves.
int main(int argc, char** argv) {
  serve(argc, argv, sizeof(struct ws_session), 256 * 1024, answer);
}
