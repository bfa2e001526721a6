// The plain epoll loop that epoll_echo.c and epoll_ws_echo.c share: one thread, level-triggered,
// one buffer for all connections, a copy only of what a socket did not take. They are the limits
// that netkit is measured against; this file never guards against strangers beyond not breaking.
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
  // Room before the bytes read: a protocol puts there what it kept of the read before.
  lead_size = 16,
  events_max = 512,
};

struct session {
  int fd;
  bool closing;       // Close once nothing is pending.
  size_t pending_at;  // Of pending_size bytes at pending, those before this are sent.
  size_t pending_size;
  char* pending;  // NULL while the socket takes everything.
  char* kept;     // The protocol's own, freed with the session.
};

struct reply {
  const char* bytes;
  size_t size;
  bool close;
};

/// Answers `size` bytes at `bytes`, which it may change, and the lead_size bytes before them too.
typedef struct reply answer_function(struct session* session, char* bytes, size_t size);

struct loop {
  int epoll;
  int listener;
  size_t session_size;  // A protocol's session begins with struct session; zeroed at accept.
  answer_function* answer;
  size_t read_size;
  char* buffer;  // lead_size and read_size bytes.
};

static inline void give_up(const char* attempt) {
  fprintf(stderr, "cannot %s: %s\n", attempt, strerror(errno));
  exit(1);
}

static inline void watch(struct loop* loop, int operation, int fd, void* session, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = session};
  if (epoll_ctl(loop->epoll, operation, fd, &event) != 0) give_up("watch a socket");
}

static inline void accept_all(struct loop* loop) {
  for (;;) {
    int fd = accept4(loop->listener, NULL, NULL, SOCK_NONBLOCK);
    if (fd < 0 && (errno == EAGAIN || errno == ECONNABORTED)) return;
    if (fd < 0) give_up("accept");
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct session* session = calloc(1, loop->session_size);
    if (!session) give_up("keep a session");
    session->fd = fd;
    watch(loop, EPOLL_CTL_ADD, fd, session, EPOLLIN);
  }
}

static inline void end_session(struct session* session) {
  close(session->fd);
  free(session->pending);
  free(session->kept);
  free(session);
}

// Sends the reply. What the socket does not take is kept, and nothing is read until it is gone.
static inline void send_reply(struct loop* loop, struct session* session, struct reply reply) {
  ssize_t sent = reply.size ? send(session->fd, reply.bytes, reply.size, MSG_NOSIGNAL) : 0;
  if (sent < 0 && errno != EAGAIN) {
    end_session(session);
    return;
  }
  size_t taken = sent < 0 ? 0 : (size_t)sent;
  if (taken == reply.size) {
    if (reply.close) end_session(session);
    return;
  }
  session->closing = reply.close;
  session->pending_at = 0;
  session->pending_size = reply.size - taken;
  session->pending = malloc(session->pending_size);
  if (!session->pending) give_up("keep a reply");
  memcpy(session->pending, reply.bytes + taken, session->pending_size);
  watch(loop, EPOLL_CTL_MOD, session->fd, session, EPOLLOUT);
}

static inline void send_pending(struct loop* loop, struct session* session) {
  ssize_t sent = send(session->fd, session->pending + session->pending_at,
                      session->pending_size - session->pending_at, MSG_NOSIGNAL);
  if (sent < 0 && errno == EAGAIN) return;
  if (sent < 0) {
    end_session(session);
    return;
  }
  session->pending_at += (size_t)sent;
  if (session->pending_at < session->pending_size) return;
  if (session->closing) {
    end_session(session);
    return;
  }
  free(session->pending);
  session->pending = NULL;
  watch(loop, EPOLL_CTL_MOD, session->fd, session, EPOLLIN);
}

static inline void read_once(struct loop* loop, struct session* session) {
  ssize_t size = recv(session->fd, loop->buffer + lead_size, loop->read_size, 0);
  if (size < 0 && errno == EAGAIN) return;
  if (size <= 0) {
    end_session(session);
    return;
  }
  send_reply(loop, session, loop->answer(session, loop->buffer + lead_size, (size_t)size));
}

// Listens on 127.0.0.1 and prints "port N", so that port 0 can be asked for.
static inline int listen_on(unsigned short port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  int on = 1;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (fd < 0) give_up("open a socket");
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, (struct sockaddr*)&address, size) != 0 || listen(fd, SOMAXCONN) != 0 ||
      getsockname(fd, (struct sockaddr*)&address, &size) != 0)
    give_up("listen");
  printf("port %u\n", ntohs(address.sin_port));
  fflush(stdout);
  return fd;
}

/// Serves until it is killed, with reads of at most `read_size` bytes. The program's one argument,
/// which may be missing, is the port.
_Noreturn static inline void serve(int argc, char** argv, size_t session_size, size_t read_size,
                                   answer_function* answer) {
  struct loop loop = {
      .epoll = epoll_create1(0),
      .listener = listen_on(argc > 1 ? (unsigned short)atoi(argv[1]) : 0),
      .session_size = session_size,
      .answer = answer,
      .read_size = read_size,
      .buffer = malloc(lead_size + read_size),
  };
  if (!loop.buffer) give_up("have a buffer");
  watch(&loop, EPOLL_CTL_ADD, loop.listener, NULL, EPOLLIN);
  static struct epoll_event events[events_max];
  for (;;) {
    int count = epoll_wait(loop.epoll, events, events_max, -1);
    if (count < 0 && errno != EINTR) give_up("wait");
    for (int i = 0; i < count; ++i) {
      struct session* session = events[i].data.ptr;
      if (!session)
        accept_all(&loop);
      else if (session->pending)
        send_pending(&loop, session);
      else
        read_once(&loop, session);
    }
  }
}
