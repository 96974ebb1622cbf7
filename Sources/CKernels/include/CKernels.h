#ifndef CKERNELS_H
#define CKERNELS_H
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

/* Random numbers as pure functions of (key, stream, position): Philox4x32-10 (Salmon, Moraes, Dror, Shaw, SC 2011).
   One group is sixteen numbers, made from the eight blocks 8 * group .. 8 * group + 7; the first eight numbers come
   from the first half of each block, the last eight from the second half. The groups from `first_group` on are
   written one after the other to `out`, 16 * group_count numbers. Every vector width gives the same bits. */

/* Standard normals by Box and Muller: r cos(angle) in the first eight places, r sin(angle) in the last eight. */
void ck_normals(double *out, size_t group_count, uint64_t key, uint64_t stream, uint64_t first_group);

/* Uniform 64-bit words, from counters that normals never use (the top bit of the block index is set). */
void ck_words(uint64_t *out, size_t group_count, uint64_t key, uint64_t stream, uint64_t first_group);
/* The same words as numbers (k + 1/2) / 2^52 in (0, 1), k the top 52 bits. */
void ck_uniforms(double *out, size_t group_count, uint64_t key, uint64_t stream, uint64_t first_group);
double ck_uniform_of_word(uint64_t word);

/* One block of the generator, for its published known answers. */
void ck_philox_block(const uint32_t counter[4], const uint32_t key[2], uint32_t block[4]);

#ifdef __cplusplus
}
#endif
#endif
