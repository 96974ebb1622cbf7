#include "CCommandLine.h"

/* Of Swift's library. */
extern void _swift_stdlib_overrideUnsafeArgvArgc(char **words, int count) __attribute__((weak));

/* Swift's library looks for the words of the command by walking down from the environment, before main as well. Linked
   statically it comes after COpenBLAS, which has moved the environment by then, and would find none. */
__attribute__((constructor)) static void keep_words(int count, char **words) {
  if (_swift_stdlib_overrideUnsafeArgvArgc) _swift_stdlib_overrideUnsafeArgvArgc(words, count);
}
