#ifndef CMARTIN2026_H
#define CMARTIN2026_H

#include <stddef.h>

/* product <- product + S^T S vector for the rows of S, `column_count` single-precision numbers each, one after the other;
   sums in double precision, with the same bits on every instruction set and however the rows are split among calls. S is
   read once. `following_count` rows lie behind these and are wanted next. */
void cm_add_normal_product(const float *rows, size_t row_count, size_t following_count, size_t column_count,
                           const double *vector, double *product);

/* sum <- sum + sum over k of weights[k] history[k], rows of `count` numbers one after the other. */
void cm_add_weighted_rows(const float *history, size_t row_count, size_t count, const float *weights, float *sum);

#endif
