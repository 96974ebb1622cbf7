#define _GNU_SOURCE
#include "CHDF5.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static chdf5_routines hdf5;
static char reason[640];

/* Debian's names first; the numbers are those of the releases 1.10, 1.12, 1.14 and 2.0. Where none can be loaded, `why` is
   what the loader says of the first that is there, or else of the first. */
static void *open_library(const char *part, const char *const *numbers, char *why, size_t size) {
  static const char *const flavours[] = {"libhdf5_serial", "libhdf5"};
  int is_found = 0;
  why[0] = 0;
  for (size_t i = 0; i < sizeof flavours / sizeof *flavours; i++)
    for (const char *const *number = numbers; *number; number++) {
      char name[64];
      snprintf(name, sizeof name, "%s%s.so.%s", flavours[i], part, *number);
      void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
      if (library) return library;
      const char *words = dlerror();
      int is_absent = words && !strncmp(words, name, strlen(name)) && strstr(words, "No such file");
      if (words && !is_found && (!is_absent || !why[0])) snprintf(why, size, "%s", words);
      if (!is_absent) is_found = 1;
    }
  return NULL;
}

static const char *fail(const char *why) {
  snprintf(reason, sizeof reason,
           "HDF5 cannot be loaded: %s; install release %d.%d of it (Debian: apt-get install libhdf5-103 libhdf5-hl-100)",
           why, H5_VERS_MAJOR, H5_VERS_MINOR);
  return reason;
}

const char *chdf5_loading_error(void) {
  static int is_loaded = 0;
  if (is_loaded) return NULL;
  static const char *const numbers[] = {"103", "200", "310", "320", NULL};
  static const char *const high_level_numbers[] = {"100", "200", "310", "320", NULL};
  char why[400];
  void *library = open_library("", numbers, why, sizeof why);
  void *high_level = library ? open_library("_hl", high_level_numbers, why, sizeof why) : NULL;
  if (!high_level) return fail(why);
#define FIND(name) \
  if (!(hdf5.name = (__typeof__(hdf5.name))dlsym(library, #name))) return fail("it has no " #name);
  CHDF5_ROUTINES(FIND)
#undef FIND
#define FIND(name) \
  if (!(hdf5.name = (__typeof__(hdf5.name))dlsym(high_level, #name))) return fail("it has no " #name);
  CHDF5_HIGH_LEVEL_ROUTINES(FIND)
#undef FIND
  unsigned major = 0, minor = 0, release = 0;
  hdf5.H5get_libversion(&major, &minor, &release);
  if (major != H5_VERS_MAJOR || minor != H5_VERS_MINOR) return fail("refig was built for another release");
  if (hdf5.H5open() < 0) return fail("H5open fails");
  struct { const char *name; hid_t *value; } identifiers[] = {
    {"H5T_NATIVE_DOUBLE_g", &hdf5.native_double},
    {"H5T_IEEE_F64LE_g", &hdf5.little_endian_double},
    {"H5T_C_S1_g", &hdf5.text},
    {"H5P_CLS_DATASET_CREATE_ID_g", &hdf5.dataset_creation},
    {"H5P_CLS_FILE_ACCESS_ID_g", &hdf5.file_access},
    {"H5P_CLS_FILE_CREATE_ID_g", &hdf5.file_creation},
  };
  for (size_t i = 0; i < sizeof identifiers / sizeof *identifiers; i++) {
    const hid_t *value = dlsym(library, identifiers[i].name);
    if (!value) return fail("it has other types");
    *identifiers[i].value = *value;
  }
  is_loaded = 1;
  return NULL;
}

chdf5_routines chdf5_loaded(void) { return hdf5; }

herr_t chdf5_silence(void) { return hdf5.H5Eset_auto2(H5E_DEFAULT, NULL, NULL); }

int chdf5_is_hard_link(hid_t group, const char *name) {
#if H5_VERSION_GE(1, 12, 0)
  H5L_info2_t link;
  return hdf5.H5Lget_info2(group, name, &link, H5P_DEFAULT) >= 0 && link.type == H5L_TYPE_HARD;
#else
  H5L_info_t link;
  return hdf5.H5Lget_info(group, name, &link, H5P_DEFAULT) >= 0 && link.type == H5L_TYPE_HARD;
#endif
}

/* How many bytes of data this process has; 0 where the system does not say. */
static rlim_t data_size(void) {
  unsigned long pages = 0;
  FILE *file = fopen("/proc/self/statm", "re");
  if (!file) return 0;
  if (fscanf(file, "%*s %*s %*s %*s %*s %lu", &pages) != 1) pages = 0;
  fclose(file);
  return pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

/* Lets this process have so many bytes of data more than are present, where the system says how many those are. */
static void limit_data(rlim_t present, rlim_t more) {
  struct rlimit limit;
  if (present == 0 || getrlimit(RLIMIT_DATA, &limit) != 0) return;
  limit.rlim_cur = present + more < limit.rlim_max ? present + more : limit.rlim_max;
  setrlimit(RLIMIT_DATA, &limit);
}

/* Reads a dataset of a file in memory, if it is one of at most `limit` numbers in the file itself. Returns whether no call
   failed. What the library takes is bounded, beside `present` bytes: to twice the file's size and 256 MiB for finding the
   numbers, and 32 bytes for each of them, as they and their chunk are held, compressed and not. */
static int touch(void *bytes, size_t size, const char *name, hsize_t limit, rlim_t present) {
  const rlim_t more = 2 * (rlim_t)size + (256 << 20);
  limit_data(present, more);
  hid_t file = hdf5.H5LTopen_file_image(bytes, size, H5LT_FILE_IMAGE_DONT_COPY | H5LT_FILE_IMAGE_DONT_RELEASE);
  H5G_info_t links;
  char link[64];
  if (hdf5.H5Gget_info(file, &links) < 0) return 0;
  for (hsize_t i = 0; i < links.nlinks; i++)
    if (hdf5.H5Lget_name_by_idx(file, ".", H5_INDEX_NAME, H5_ITER_INC, i, link, sizeof link, H5P_DEFAULT) < 0) return 0;
  htri_t exists = hdf5.H5Lexists(file, name, H5P_DEFAULT);
  if (exists <= 0 || !chdf5_is_hard_link(file, name)) return exists >= 0;
  hid_t object = hdf5.H5Oopen(file, name, H5P_DEFAULT);
  if (hdf5.H5Iget_type(object) != H5I_DATASET) return object >= 0;
  hid_t type = hdf5.H5Dget_type(object), creation = hdf5.H5Dget_create_plist(object), space = hdf5.H5Dget_space(object);
  if (type < 0 || creation < 0 || space < 0) return 0;
  H5T_class_t kind = hdf5.H5Tget_class(type);
  hssize_t count = hdf5.H5Sget_simple_extent_npoints(space);
  if (kind != H5T_INTEGER && kind != H5T_FLOAT) return kind != H5T_NO_CLASS;
  if (hdf5.H5Pget_external_count(creation) != 0 || hdf5.H5Pget_layout(creation) == H5D_VIRTUAL) return 1;
  if (count <= 0 || (hsize_t)count > limit) return count >= 0;
  limit_data(present, more + 32 * (rlim_t)count);
  void *values = malloc(8 * (size_t)count);
  return values && hdf5.H5Dread(object, hdf5.native_double, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0;
}

int chdf5_survives(void *bytes, size_t size, const char *name, hsize_t limit, unsigned seconds) {
  pid_t copy = fork();
  if (copy < 0) return 1; /* No room for a copy: the library is asked at once. */
  if (copy == 0) {
    const int traps[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP};
    for (size_t i = 0; i < sizeof traps / sizeof *traps; i++) signal(traps[i], SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    struct rlimit none = {0, 0}, time = {seconds, seconds};
    setrlimit(RLIMIT_CORE, &none);
    setrlimit(RLIMIT_CPU, &time);
    int sound = touch(bytes, size, name, limit, data_size());
    /* Closing what damaged bytes have opened can crash, too. */
    _exit(hdf5.H5close() >= 0 && sound ? 0 : 1);
  }
  int status = 0;
  while (waitpid(copy, &status, 0) < 0)
    if (errno != EINTR) return 1;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
