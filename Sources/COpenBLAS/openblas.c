#define _GNU_SOURCE  /* environ */
#include "COpenBLAS.h"

#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char library_name[] = "libopenblas.so.0";

int co_has_avx2_and_fma(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
  return 0;
#endif
}

const char *co_architecture(void) {
#if defined(__x86_64__)
  return "x86-64";
#elif defined(__aarch64__)
  return "AArch64";
#else
  return "unknown processor";
#endif
}

static char c_library[256];

const char *co_c_library(void) { return c_library; }

/* Before main, while there is one thread: setenv is not safe with several. Whatever the user has set for OpenBLAS goes:
   besides the core type and the number of threads, some versions read sizes of caches and blocks, by which sums are
   split. Processes that are started from here inherit it. */
__attribute__((constructor)) static void set_environment(void) {
  for (char **entry = environ; entry && *entry;) {
    char name[64];
    size_t length = strcspn(*entry, "=");
    int isTheirs = !strncmp(*entry, "OPENBLAS_", 9) || !strncmp(*entry, "GOTO_", 5);
    /* An entry without "=" is no variable: unsetenv would leave it there for ever. */
    if (isTheirs && length < sizeof name && (*entry)[length]) {
      memcpy(name, *entry, length);
      name[length] = 0;
      unsetenv(name);
      entry = environ;
    } else {
      entry++;
    }
  }
  setenv("OPENBLAS_NUM_THREADS", "1", 1);
  setenv("OMP_NUM_THREADS", "1", 1);
  /* OpenBLAS believes what it is told: elsewhere it would execute instructions that the processor does not have. */
  if (co_has_avx2_and_fma()) setenv("OPENBLAS_CORETYPE", "Haswell", 1);

  const char *tunables = getenv("GLIBC_TUNABLES");
  int isTuned = tunables && strstr(tunables, "glibc.cpu.");
  snprintf(c_library, sizeof c_library, "glibc %s%s%s", gnu_get_libc_version(), isTuned ? " with " : "",
           isTuned ? tunables : "");
}

const char *co_loading_error(void) { return dlopen(library_name, RTLD_NOW | RTLD_LOCAL) ? NULL : dlerror(); }

static void *find(void *library, const char *name) {
  void *routine = library ? dlsym(library, name) : NULL;
  if (!routine) {
    fprintf(stderr, "refig: OpenBLAS cannot be used: %s; install it (Debian: apt-get install libopenblas0-pthread)\n",
            dlerror());
    _exit(6);
  }
  return routine;
}

co_routines co_load(void) {
  void *library = dlopen(library_name, RTLD_NOW | RTLD_LOCAL);
  /* For a library that something else has loaded before us. */
  ((void (*)(int))find(library, "openblas_set_num_threads"))(1);
  return (co_routines){
    .core_name = find(library, "openblas_get_corename"),
    .configuration = find(library, "openblas_get_config"),
    .dgemm = find(library, "cblas_dgemm"),
    .dsyrk = find(library, "cblas_dsyrk"),
    .dgemv = find(library, "cblas_dgemv"),
    .ddot = find(library, "cblas_ddot"),
    .daxpy = find(library, "cblas_daxpy"),
    .dtrsm = find(library, "cblas_dtrsm"),
    .dsyevd = find(library, "dsyevd_"),
    .dgelqf = find(library, "dgelqf_"),
    .dorglq = find(library, "dorglq_"),
    .dgesdd = find(library, "dgesdd_"),
    .dpotrf = find(library, "dpotrf_"),
    .dgetrf = find(library, "dgetrf_"),
    .dgetrs = find(library, "dgetrs_"),
  };
}
