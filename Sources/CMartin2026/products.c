#include "CMartin2026.h"

#include <InstructionSets.h>
#include <string.h>

/* Why not BLAS: none multiplies a single-precision matrix with vectors of double precision. */

typedef double reals_t __attribute__((vector_size(64)));
typedef float halves_t __attribute__((vector_size(32)));
typedef float singles_t __attribute__((vector_size(64)));
/* Rows that share one pass over the vectors; they stay in a near cache for the second. */
#define ROWS 4

INLINE reals_t load(const double *p) { reals_t value; memcpy(&value, p, 64); return value; }
INLINE void store(double *p, reals_t value) { memcpy(p, &value, 64); }
INLINE reals_t widened(const float *p) {
  halves_t value;
  memcpy(&value, p, 32);
  return __builtin_convertvector(value, reals_t);
}
INLINE reals_t everywhere(double value) {
  return (reals_t){value, value, value, value, value, value, value, value};
}
INLINE singles_t single(float value) {
  singles_t result;
  UNROLL for (int lane = 0; lane < 16; lane++) result[lane] = value;
  return result;
}
INLINE double sum_of(reals_t x) {
  return ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]));
}

/* `next`: ROWS rows that are needed next, fetched 64 bytes a step. Why by hand: during the second pass memory would stand
   idle, as hardware that follows streams cannot know where the next block begins. */
INLINE void block(const float *rows, int row_count, const float *next, size_t column_count, const double *vector,
                  double *product) {
  size_t whole = column_count / 8 * 8;
  reals_t sums[ROWS] = {0};
  double outputs[ROWS];
  for (size_t j = 0; j < whole; j += 8) {
    __builtin_prefetch(next + 2 * j, 0, 2);
    reals_t x = load(vector + j);
    UNROLL for (int k = 0; k < row_count; k++) sums[k] = fused(widened(rows + k * column_count + j), x, sums[k]);
  }
  UNROLL for (int k = 0; k < row_count; k++) {
    outputs[k] = sum_of(sums[k]);
    for (size_t j = whole; j < column_count; j++)
      outputs[k] = fused((double)rows[k * column_count + j], vector[j], outputs[k]);
  }
  for (size_t j = 0; j < whole; j += 8) {
    __builtin_prefetch(next + 2 * column_count + 2 * j, 0, 2);
    reals_t y = load(product + j);
    UNROLL for (int k = 0; k < row_count; k++) y = fused(everywhere(outputs[k]), widened(rows + k * column_count + j), y);
    store(product + j, y);
  }
  for (size_t j = whole; j < column_count; j++)
    UNROLL for (int k = 0; k < row_count; k++)
      product[j] = fused(outputs[k], (double)rows[k * column_count + j], product[j]);
}

INLINE void cm_add_normal_product_loops(int bits, const float *rows, size_t row_count, size_t following_count,
                                        size_t column_count, const double *vector, double *product) {
  size_t row = 0;
  for (; row + ROWS <= row_count; row += ROWS) {
    const float *here = rows + row * column_count;
    int goes_on = row + 2 * ROWS <= row_count + following_count;
    block(here, ROWS, goes_on ? here + ROWS * column_count : rows, column_count, vector, product);
  }
  for (; row < row_count; row++) block(rows + row * column_count, 1, rows, column_count, vector, product);
}

/* Four rows at a time: the sum is then loaded and stored a quarter as often. */
INLINE void cm_add_weighted_rows_loops(int bits, const float *history, size_t row_count, size_t count,
                                       const float *weights, float *sum) {
  size_t row = 0;
  for (; row + 4 <= row_count; row += 4) {
    const float *a = history + row * count, *b = a + count, *c = b + count, *d = c + count;
    const float *w = weights + row;
    size_t i = 0;
    for (; i + 16 <= count; i += 16) {
      singles_t x, y, z, u, s;
      memcpy(&x, a + i, 64);
      memcpy(&y, b + i, 64);
      memcpy(&z, c + i, 64);
      memcpy(&u, d + i, 64);
      memcpy(&s, sum + i, 64);
      s = fused(single(w[1]), y, fused(single(w[0]), x, s));
      s = fused(single(w[3]), u, fused(single(w[2]), z, s));
      memcpy(sum + i, &s, 64);
    }
    for (; i < count; i++)
      sum[i] = fused(w[3], d[i], fused(w[2], c[i], fused(w[1], b[i], fused(w[0], a[i], sum[i]))));
  }
  for (; row < row_count; row++)
    for (size_t i = 0; i < count; i++) sum[i] = fused(weights[row], history[row * count + i], sum[i]);
}

FOR_EVERY_WIDTH(void, cm_add_normal_product,
                (const float *rows, size_t row_count, size_t following_count, size_t column_count, const double *vector,
                 double *product),
                rows, row_count, following_count, column_count, vector, product)

FOR_EVERY_WIDTH(void, cm_add_weighted_rows,
                (const float *history, size_t row_count, size_t count, const float *weights, float *sum), history,
                row_count, count, weights, sum)
