#ifndef CHDF5_SHIM_H
#define CHDF5_SHIM_H
#include <hdf5.h>
#include <hdf5_hl.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
/* HDF5 spells these as macros that first call H5open(), or as mutable globals: Swift can import neither. */
static inline hid_t chdf5_default(void) { return H5P_DEFAULT; }
static inline hid_t chdf5_whole_space(void) { return H5S_ALL; }
static inline unsigned chdf5_truncate(void) { return H5F_ACC_TRUNC; }
static inline hid_t chdf5_native_double(void) { return H5T_NATIVE_DOUBLE; }
static inline hid_t chdf5_little_endian_double(void) { return H5T_IEEE_F64LE; }
static inline hid_t chdf5_text(void) { return H5T_C_S1; }
static inline size_t chdf5_variable_length(void) { return H5T_VARIABLE; }
static inline hid_t chdf5_dataset_creation(void) { return H5P_DATASET_CREATE; }
static inline hid_t chdf5_file_access(void) { return H5P_FILE_ACCESS; }
static inline hid_t chdf5_file_creation(void) { return H5P_FILE_CREATE; }
/* H5Lget_info is a macro from 1.12 on, for functions that differ. */
static inline int chdf5_is_hard_link(hid_t group, const char *name) {
  H5L_info_t link;
  return H5Lget_info(group, name, &link, H5P_DEFAULT) >= 0 && link.type == H5L_TYPE_HARD;
}
/* Errors are thrown in Swift; the library's own printing to stderr would only repeat them. */
static inline herr_t chdf5_silence(void) { return H5Eset_auto2(H5E_DEFAULT, NULL, NULL); }

/* How many bytes of data this process has; 0 where the system does not say. */
static inline rlim_t chdf5_data_size(void) {
  unsigned long pages = 0;
  FILE *file = fopen("/proc/self/statm", "re");
  if (!file) return 0;
  if (fscanf(file, "%*s %*s %*s %*s %*s %lu", &pages) != 1) pages = 0;
  fclose(file);
  return pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

/* Lets this process have so many bytes of data more than are present, where the system says how many those are. */
static inline void chdf5_limit_data(rlim_t present, rlim_t more) {
  struct rlimit limit;
  if (present == 0 || getrlimit(RLIMIT_DATA, &limit) != 0) return;
  limit.rlim_cur = present + more < limit.rlim_max ? present + more : limit.rlim_max;
  setrlimit(RLIMIT_DATA, &limit);
}

/* Reads a dataset of a file in memory, if it is one of at most `limit` numbers in the file itself. Returns whether no call
   failed. What the library takes is bounded, beside `present` bytes: to twice the file's size and 256 MiB for finding the
   numbers, and 32 bytes for each of them, as they and their chunk are held, compressed and not. */
static inline int chdf5_touch(void *bytes, size_t size, const char *name, hsize_t limit, rlim_t present) {
  const rlim_t more = 2 * (rlim_t)size + (256 << 20);
  chdf5_limit_data(present, more);
  hid_t file = H5LTopen_file_image(bytes, size, H5LT_FILE_IMAGE_DONT_COPY | H5LT_FILE_IMAGE_DONT_RELEASE);
  H5G_info_t links;
  char link[64];
  if (H5Gget_info(file, &links) < 0) return 0;
  for (hsize_t i = 0; i < links.nlinks; i++)
    if (H5Lget_name_by_idx(file, ".", H5_INDEX_NAME, H5_ITER_INC, i, link, sizeof link, H5P_DEFAULT) < 0) return 0;
  htri_t exists = H5Lexists(file, name, H5P_DEFAULT);
  if (exists <= 0 || !chdf5_is_hard_link(file, name)) return exists >= 0;
  hid_t object = H5Oopen(file, name, H5P_DEFAULT);
  if (H5Iget_type(object) != H5I_DATASET) return object >= 0;
  hid_t type = H5Dget_type(object), creation = H5Dget_create_plist(object), space = H5Dget_space(object);
  if (type < 0 || creation < 0 || space < 0) return 0;
  H5T_class_t kind = H5Tget_class(type);
  hssize_t count = H5Sget_simple_extent_npoints(space);
  if (kind != H5T_INTEGER && kind != H5T_FLOAT) return kind != H5T_NO_CLASS;
  if (H5Pget_external_count(creation) != 0 || H5Pget_layout(creation) == H5D_VIRTUAL) return 1;
  if (count <= 0 || (hsize_t)count > limit) return count >= 0;
  chdf5_limit_data(present, more + 32 * (rlim_t)count);
  void *values = malloc(8 * (size_t)count);
  return values && H5Dread(object, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0;
}

/* Whether the library reads a dataset without failing, found out by a copy of this process, which nothing that damaged
   bytes do to it can harm, in so many seconds of processor time. In C, for in such a copy no other thread goes on that may
   hold a lock of Swift's. */
static inline int chdf5_survives(void *bytes, size_t size, const char *name, hsize_t limit, unsigned seconds) {
  pid_t copy = fork();
  if (copy < 0) return 1; /* No room for a copy: the library is asked at once. */
  if (copy == 0) {
    const int traps[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP};
    for (size_t i = 0; i < sizeof traps / sizeof *traps; i++) signal(traps[i], SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    struct rlimit none = {0, 0}, time = {seconds, seconds};
    setrlimit(RLIMIT_CORE, &none);
    setrlimit(RLIMIT_CPU, &time);
    int sound = chdf5_touch(bytes, size, name, limit, chdf5_data_size());
    /* Closing what damaged bytes have opened can crash, too. */
    _exit(H5close() >= 0 && sound ? 0 : 1);
  }
  int status = 0;
  while (waitpid(copy, &status, 0) < 0)
    if (errno != EINTR) return 1;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
#endif
