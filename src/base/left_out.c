// What the one static file leaves out of the C and C++ libraries: regular expressions of POSIX,
// which libedit alone would use (its search then finds plain text), and the demangler that the C++
// library takes along for the message of an exception that nobody caught. 0.1 MiB.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int regcomp(void* compiled, const char* pattern, int flags);
int regexec(const void* compiled, const char* text, size_t size, void* matches, int flags);
void regfree(void* compiled);
size_t regerror(int code, const void* compiled, char* text, size_t size);

// REG_BADPAT: no pattern is one.
int regcomp(void* compiled, const char* pattern, int flags) {
  (void)compiled;
  (void)pattern;
  (void)flags;
  return 2;
}
// REG_NOMATCH.
int regexec(const void* compiled, const char* text, size_t size, void* matches, int flags) {
  (void)compiled;
  (void)text;
  (void)size;
  (void)matches;
  (void)flags;
  return 1;
}
void regfree(void* compiled) {
  (void)compiled;
}
size_t regerror(int code, const void* compiled, char* text, size_t size) {
  (void)code;
  (void)compiled;
  if (size > 0) text[0] = '\0';
  return 1;
}

// __gnu_cxx::__verbose_terminate_handler(), which is called when no catch is left.
void terminate_tersely(void) __asm__("_ZN9__gnu_cxx27__verbose_terminate_handlerEv");
void terminate_tersely(void) {
  static const char message[] = "netkit: an exception that nobody caught: please report it\n";
  const ssize_t written = write(STDERR_FILENO, message, sizeof message - 1);
  (void)written;
  abort();
}
