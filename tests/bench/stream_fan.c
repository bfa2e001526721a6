// The limit for fan-out: lines of all clients go into one shared stream of bytes, each client is a
// place in it. The least that a chat on epoll can do; no names, rooms, ids or acknowledgements.
// tests/bench/relay measures netkit against it; no one should run it for anything else.
#include <sys/uio.h>

#include "epoll_loop.h"

enum {
  stream_size = 16 * 1024 * 1024,
  line_max = 64 * 1024,
  clients_max = 16 * 1024,
};

struct client {
  int fd;
  bool blocked;  // Its socket takes no more: EPOLLOUT tells when.
  uint64_t at;   // The next byte of the stream that it gets.
  size_t kept;   // Of a line whose end has not come.
  char* line;    // NULL or line_max bytes.
};

static struct {
  int epoll;
  char* bytes;
  uint64_t end;    // Bytes that were ever said.
  uint64_t least;  // Of the clients' places.
  struct client* clients[clients_max];
  int count;
} fan;

static void watch_client(struct client* client, int operation, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = client};
  if (epoll_ctl(fan.epoll, operation, client->fd, &event) != 0) give_up("watch a socket");
}

static void let_in(int listener) {
  int fd, on = 1;
  while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct client* client = calloc(1, sizeof *client);
    if (!client || fan.count == clients_max) give_up("keep a client");
    *client = (struct client){.fd = fd, .at = fan.end};
    fan.clients[fan.count++] = client;
    watch_client(client, EPOLL_CTL_ADD, EPOLLIN);
  }
}

static void leave(struct client* client) {
  for (int i = 0; i < fan.count; ++i)
    if (fan.clients[i] == client) fan.clients[i] = fan.clients[--fan.count];
  close(client->fd);
  free(client->line);
  free(client);
}

static void say(const char* bytes, size_t size) {
  size_t at = fan.end % stream_size;
  size_t first = size < stream_size - at ? size : stream_size - at;
  memcpy(fan.bytes + at, bytes, first);
  memcpy(fan.bytes, bytes + first, size - first);
  fan.end += size;
}

// False if the client is gone.
static bool hear(struct client* client) {
  static char bytes[2 * line_max];
  if (client->kept) memcpy(bytes, client->line, client->kept);
  ssize_t size = recv(client->fd, bytes + client->kept, line_max, 0);
  if (size < 0 && errno == EAGAIN) return true;
  if (size <= 0) return false;
  size_t whole = client->kept + (size_t)size;
  char* end = memrchr(bytes, '\n', whole);
  size_t said = end ? (size_t)(end - bytes) + 1 : 0;
  say(bytes, said);
  client->kept = whole - said;
  if (!client->kept) return true;
  if (!client->line) client->line = malloc(line_max);
  if (!client->line || client->kept > line_max) return false;
  memcpy(client->line, bytes + said, client->kept);
  return true;
}

static void deliver(struct client* client) {
  size_t at = client->at % stream_size, size = fan.end - client->at;
  size_t first = size < stream_size - at ? size : stream_size - at;
  struct iovec slices[2] = {{fan.bytes + at, first}, {fan.bytes, size - first}};
  struct msghdr message = {.msg_iov = slices, .msg_iovlen = size > first ? 2 : 1};
  ssize_t sent = sendmsg(client->fd, &message, MSG_NOSIGNAL);
  if (sent > 0) client->at += (uint64_t)sent;
  bool blocked = client->at < fan.end;
  if (blocked == client->blocked) return;
  client->blocked = blocked;
  watch_client(client, EPOLL_CTL_MOD, blocked ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static void deliver_all(void) {
  fan.least = fan.end;
  for (int i = 0; i < fan.count; ++i) {
    struct client* client = fan.clients[i];
    if (!client->blocked && client->at < fan.end) deliver(client);
    if (client->at < fan.least) fan.least = client->at;
  }
}

int main(int argc, char** argv) {
  fan.epoll = epoll_create1(0);
  fan.bytes = malloc(stream_size);
  int listener = listen_on(argc > 1 ? (unsigned short)atoi(argv[1]) : 0);
  struct epoll_event event = {.events = EPOLLIN};
  epoll_ctl(fan.epoll, EPOLL_CTL_ADD, listener, &event);
  static struct epoll_event events[events_max];
  for (;;) {
    int count = epoll_wait(fan.epoll, events, events_max, -1);
    for (int i = 0; i < count; ++i) {
      struct client* client = events[i].data.ptr;
      if (!client) {
        let_in(listener);
        continue;
      }
      if (events[i].events & EPOLLOUT) deliver(client);
      // A receiver that is this far behind holds all senders back.
      bool full = fan.end - fan.least > stream_size - 2 * line_max;
      if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR) && !full && !hear(client))
        leave(client);
    }
    deliver_all();
  }
}
