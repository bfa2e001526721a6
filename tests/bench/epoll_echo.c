// The limit for TCP echo: the least that a program on epoll can do. Usage: epoll_echo [PORT].
// tests/bench/run measures netkit against it; no one should run it for anything else.
#include "epoll_loop.h"

static struct reply answer(struct session* session, char* bytes, size_t size) {
  (void)session;
  return (struct reply){.bytes = bytes, .size = size};
}

int main(int argc, char** argv) {
  serve(argc, argv, sizeof(struct session), 64 * 1024, answer);
}
