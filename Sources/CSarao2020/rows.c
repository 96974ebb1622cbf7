#include "CSarao2020.h"

#include <InstructionSets.h>
#include <string.h>

/* Why not BLAS: at these sizes a call of it costs more than its arithmetic. */

/* Sums in registers at the same time: additions have to wait for each other within one only. AVX2 has 16 registers of
   half a chunk, AVX-512 has 32 of a chunk. */
#define BLOCK 4
#define LARGE_BLOCK 8

typedef double chunk_t __attribute__((vector_size(64)));

INLINE chunk_t load(const double *p) { chunk_t value; memcpy(&value, p, 64); return value; }
INLINE chunk_t everywhere(double value) {
  return (chunk_t){value, value, value, value, value, value, value, value};
}
INLINE void store(double *p, chunk_t value) { memcpy(p, &value, 64); }

/* A block of `rows` times `chunks` sums. */
INLINE void combine(const double *factors, size_t row_stride, size_t term_stride, const double *terms,
                    size_t term_count, size_t width, const double *subtracted, double *sums, int rows, int chunks) {
  chunk_t block[LARGE_BLOCK];
  UNROLL for (int r = 0; r < rows; r++)
    UNROLL for (int c = 0; c < chunks; c++)
      block[r * chunks + c] = subtracted ? -load(subtracted + r * width + 8 * c) : (chunk_t){0};
  for (size_t t = 0; t < term_count; t++)
    UNROLL for (int r = 0; r < rows; r++)
      UNROLL for (int c = 0; c < chunks; c++)
        block[r * chunks + c] = fused(everywhere(factors[r * row_stride + t * term_stride]),
                                      load(terms + t * width + 8 * c), block[r * chunks + c]);
  UNROLL for (int r = 0; r < rows; r++)
    UNROLL for (int c = 0; c < chunks; c++) store(sums + r * width + 8 * c, block[r * chunks + c]);
}

INLINE void cs_combine_rows_loops(int bits, const double *factors, size_t row_stride, size_t term_stride,
                                  const double *terms, size_t term_count, size_t chunk_count, const double *subtracted,
                                  double *sums, size_t row_count) {
  size_t width = 8 * chunk_count, row = 0;
#define COMBINE(rows, chunks)                                                                                         \
  combine(factors + row * row_stride, row_stride, term_stride, terms + 8 * chunk, term_count, width,                  \
          subtracted ? subtracted + row * width + 8 * chunk : 0, sums + row * width + 8 * chunk, rows, chunks)
#define COMBINE_ROWS(rows) \
  for (size_t chunk = 0; chunk < chunk_count; chunk++) COMBINE(rows, 1)
  if (bits == 512)
    for (; row + LARGE_BLOCK <= row_count; row += LARGE_BLOCK) COMBINE_ROWS(LARGE_BLOCK);
  for (; row + BLOCK <= row_count; row += BLOCK) COMBINE_ROWS(BLOCK);
  switch (row_count - row) {
    case 3: COMBINE_ROWS(3); break;
    case 2: COMBINE_ROWS(2); break;
    case 1: {
      size_t chunk = 0;
      for (; chunk + BLOCK <= chunk_count; chunk += BLOCK) COMBINE(1, BLOCK);
      for (; chunk < chunk_count; chunk++) COMBINE(1, 1);
    }
  }
}

INLINE void multiply(const double *rows, size_t width, const double *vector, double *products, int count) {
  chunk_t sums[BLOCK] = {0};
  for (size_t j = 0; j < width; j += 8) {
    chunk_t x = load(vector + j);
    UNROLL for (int r = 0; r < count; r++) sums[r] = fused(x, load(rows + r * width + j), sums[r]);
  }
  UNROLL for (int r = 0; r < count; r++) {
    double sum = 0;
    UNROLL for (int lane = 0; lane < 8; lane++) sum += sums[r][lane];
    products[r] = sum;
  }
}

INLINE void cs_multiply_rows_loops(int bits, const double *rows, size_t row_count, size_t chunk_count,
                                   const double *vector, double *products) {
  size_t width = 8 * chunk_count, row = 0;
  for (; row + BLOCK <= row_count; row += BLOCK) multiply(rows + row * width, width, vector, products + row, BLOCK);
  for (; row < row_count; row++) multiply(rows + row * width, width, vector, products + row, 1);
}

FOR_EVERY_WIDTH(void, cs_combine_rows,
                (const double *factors, size_t row_stride, size_t term_stride, const double *terms, size_t term_count,
                 size_t chunk_count, const double *subtracted, double *sums, size_t row_count),
                factors, row_stride, term_stride, terms, term_count, chunk_count, subtracted, sums, row_count)

FOR_EVERY_WIDTH(void, cs_multiply_rows,
                (const double *rows, size_t row_count, size_t chunk_count, const double *vector, double *products), rows,
                row_count, chunk_count, vector, products)
