#ifndef CSARAO2020_H
#define CSARAO2020_H

#include <stddef.h>

/* Rows are `chunk_count` groups of eight numbers, padded by zeros. The same bits on every instruction set. */

/* sums[r] <- -subtracted[r] + sum over t of factors[r * row_stride + t * term_stride] terms[t], rows all of them;
   `subtracted` may be null. */
void cs_combine_rows(const double *factors, size_t row_stride, size_t term_stride, const double *terms,
                     size_t term_count, size_t chunk_count, const double *subtracted, double *sums, size_t row_count);

/* products[r] <- rows[r] . vector. */
void cs_multiply_rows(const double *rows, size_t row_count, size_t chunk_count, const double *vector, double *products);

#endif
