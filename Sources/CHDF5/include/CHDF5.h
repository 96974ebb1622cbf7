#ifndef CHDF5_H
#define CHDF5_H

/* HDF5, loaded when it is first needed.
   Why not linked: with what it links itself, down to TLS and Kerberos, it takes more than half of the time in which refig
   starts, and most commands open no file of HDF5's. */

#if __has_include(<hdf5/serial/hdf5.h>)
#include <hdf5/serial/hdf5.h>
#include <hdf5/serial/hdf5_hl.h>
#else
#include <hdf5.h>
#include <hdf5_hl.h>
#endif

/* From 1.12 on, H5Lget_info is a macro for functions that differ. */
#if H5_VERSION_GE(1, 12, 0)
#define CHDF5_LINK_INFO(R) R(H5Lget_info2)
#else
#define CHDF5_LINK_INFO(R) R(H5Lget_info)
#endif

/* The routines in use. */
#define CHDF5_ROUTINES(R) \
  R(H5open) R(H5close) R(H5get_libversion) R(H5Eset_auto2) \
  R(H5Pcreate) R(H5Pclose) R(H5Pset_fapl_core) R(H5Pset_libver_bounds) R(H5Pset_obj_track_times) R(H5Pset_userblock) \
  R(H5Pset_chunk) R(H5Pset_shuffle) R(H5Pset_deflate) R(H5Pset_fletcher32) R(H5Pget_external_count) R(H5Pget_layout) \
  R(H5Fcreate) R(H5Fflush) R(H5Fget_file_image) R(H5Fclose) R(H5Gget_info) CHDF5_LINK_INFO(R) R(H5Lget_name_by_idx) \
  R(H5Lexists) R(H5Oopen) R(H5Oclose) R(H5Iget_type) \
  R(H5Screate) R(H5Screate_simple) R(H5Sclose) R(H5Sget_simple_extent_ndims) R(H5Sget_simple_extent_dims) \
  R(H5Sget_simple_extent_npoints) R(H5Tcopy) R(H5Tset_size) R(H5Tset_cset) R(H5Tget_class) R(H5Tget_size) R(H5Tclose) \
  R(H5Dcreate2) R(H5Dwrite) R(H5Dread) R(H5Dget_type) R(H5Dget_space) R(H5Dget_create_plist) R(H5Dclose) \
  R(H5Acreate2) R(H5Awrite) R(H5Aclose)
#define CHDF5_HIGH_LEVEL_ROUTINES(R) \
  R(H5LTopen_file_image) R(H5DSset_scale) R(H5DSset_label) R(H5DSattach_scale)

typedef struct {
#define CHDF5_MEMBER(name) __typeof__(&name) _Nonnull name;
  CHDF5_ROUTINES(CHDF5_MEMBER)
  CHDF5_HIGH_LEVEL_ROUTINES(CHDF5_MEMBER)
#undef CHDF5_MEMBER
  /* What the headers spell as macros that call H5open first. */
  hid_t native_double, little_endian_double, text, dataset_creation, file_access, file_creation;
} chdf5_routines;

/* Loads and opens the library, once; NULL, or why that cannot be done. For one thread at a time. */
const char *_Nullable chdf5_loading_error(void);

/* What was loaded; only to be called when there was no error. */
chdf5_routines chdf5_loaded(void);

/* Macros and mutable globals, which Swift cannot import. */
static inline hid_t chdf5_default(void) { return H5P_DEFAULT; }
static inline hid_t chdf5_whole_space(void) { return H5S_ALL; }
static inline unsigned chdf5_truncate(void) { return 2; } /* H5F_ACC_TRUNC, whose macro calls the library. */
static inline size_t chdf5_variable_length(void) { return H5T_VARIABLE; }

/* Errors are thrown in Swift; the library's own printing to stderr would only repeat them. */
herr_t chdf5_silence(void);

int chdf5_is_hard_link(hid_t group, const char *_Nonnull name);

/* Whether the library reads a dataset of a file in memory without failing, found out by a copy of this process, which
   nothing that damaged bytes do to it can harm, in so many seconds of processor time. In C, for in such a copy no other
   thread goes on that may hold a lock of Swift's. */
int chdf5_survives(void *_Nullable bytes, size_t size, const char *_Nonnull name, hsize_t limit, unsigned seconds);

#endif
