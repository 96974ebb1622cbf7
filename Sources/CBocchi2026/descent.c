#include "CBocchi2026.h"

#include <InstructionSets.h>
#include <stdint.h>
#include <string.h>

/* The loops are asked to be unrolled where the widths are constants; where they are not, they stay loops. */
#pragma clang diagnostic ignored "-Wpass-failed"

typedef double lanes_t __attribute__((vector_size(64)));
typedef int64_t masks_t __attribute__((vector_size(64)));

/* x where the mask is all ones, else 0. */
INLINE lanes_t keep(masks_t mask, lanes_t x) {
  masks_t bits;
  memcpy(&bits, &x, sizeof bits);
  bits &= mask;
  memcpy(&x, &bits, sizeof x);
  return x;
}

INLINE lanes_t everywhere(double value) {
  return (lanes_t){value, value, value, value, value, value, value, value};
}

INLINE size_t triangle(int row) { return (size_t)row * (size_t)(row + 1) / 2; }

/* The step itself, given lambda, v and the errors' two parts; w is work space. */
INLINE void update(int p, int q, lanes_t *r, lanes_t *s, const lanes_t *target, const lanes_t *lambda, lanes_t *v,
                   lanes_t squared_input, lanes_t error, double scale, int spherical) {
  lanes_t w[16];
  lanes_t g = scale * error;
  lanes_t half = 0.5 * (g * g * squared_input), forward = g * squared_input;
  UNROLL for (int a = 0; a < p; a++) {
    lanes_t change = g * lambda[a];
    UNROLL for (int t = 0; t < q; t++) r[a * q + t] = fused(change, target[t], r[a * q + t]);
    /* S + lambda w^T + w lambda^T is the new S; for a sample used again v itself moves as the weights do. */
    w[a] = fused(g, v[a], half * lambda[a]);
    v[a] = fused(forward, lambda[a], v[a]);
  }
  UNROLL for (int a = 0; a < p; a++) {
    lanes_t *row = s + triangle(a);
    UNROLL for (int b = 0; b <= a; b++) row[b] = fused(lambda[a], w[b], fused(w[a], lambda[b], row[b]));
  }
  if (!spherical) return;
  UNROLL for (int a = 0; a < p; a++) {
    lanes_t *row = s + triangle(a);
    lanes_t norm = row[a];
    UNROLL for (int t = 0; t < q; t++) norm = fused(r[a * q + t], r[a * q + t], norm);
    w[a] = 1.0 / __builtin_elementwise_sqrt(norm);
    v[a] *= w[a];
    UNROLL for (int t = 0; t < q; t++) r[a * q + t] *= w[a];
    UNROLL for (int b = 0; b <= a; b++) row[b] *= w[a] * w[b];
  }
}

INLINE void chain_step(int p, int q, const double *norms, lanes_t *r, lanes_t *s, const lanes_t *numbers, double scale,
                       int spherical, int reuses) {
  const lanes_t *target = numbers, *xi = numbers + q;
  lanes_t factor[16 * 17 / 2], inverse[16], lambda[16], v[16];
  lanes_t squared_input = numbers[q + p];
  lanes_t wanted = {0}, squared_output = {0};
  UNROLL for (int t = 0; t < q; t++) wanted = fused(norms[t] * target[t], target[t], wanted);
  wanted *= 1.0 / q;
  /* The Cholesky factor of S row by row, with v = L xi and lambda = R lambda* + v on the way. A pivot that is not positive
     counts as 0. */
  UNROLL for (int a = 0; a < p; a++) {
    lanes_t *row = factor + triangle(a);
    const lanes_t *source = s + triangle(a);
    lanes_t projection = {0}, pivot = source[a];
    UNROLL for (int b = 0; b < a; b++) {
      const lanes_t *other = factor + triangle(b);
      lanes_t sum = source[b];
      UNROLL for (int j = 0; j < b; j++) sum = fused(-row[j], other[j], sum);
      row[b] = sum * inverse[b];
      pivot = fused(-row[b], row[b], pivot);
      projection = fused(row[b], xi[b], projection);
    }
    masks_t positive = pivot > 0.0;
    row[a] = __builtin_elementwise_sqrt(keep(positive, pivot));
    inverse[a] = keep(positive, 1.0 / row[a]);
    squared_input = fused(xi[a], xi[a], squared_input);
    v[a] = fused(row[a], xi[a], projection);
    lambda[a] = v[a];
    UNROLL for (int t = 0; t < q; t++) lambda[a] = fused(r[a * q + t], target[t], lambda[a]);
    squared_output = fused(lambda[a], lambda[a], squared_output);
  }
  lanes_t minus_c = everywhere(-1.0 / p);
  lanes_t error = fused(minus_c, squared_output, wanted);
  update(p, q, r, s, target, lambda, v, squared_input, error, scale, spherical);
  if (!reuses) return;
  /* The same x once more, through the weights it has just changed. */
  squared_output = (lanes_t){0};
  for (int a = 0; a < p; a++) {
    lambda[a] = v[a];
    for (int t = 0; t < q; t++) lambda[a] = fused(r[a * q + t], target[t], lambda[a]);
    squared_output = fused(lambda[a], lambda[a], squared_output);
  }
  error = fused(minus_c, squared_output, wanted);
  update(p, q, r, s, target, lambda, v, squared_input, error, scale, spherical);
}

INLINE void chain(int p, int q, const double *norms, lanes_t *overlaps, const lanes_t *numbers, size_t step_count,
                  double scale, int spherical, int reuses) {
  for (size_t step = 0; step < step_count; step++)
    chain_step(p, q, norms, overlaps, overlaps + p * q, numbers + step * (size_t)(p + q + 1), scale, spherical, reuses);
}

/* Widths that most runs have, unrolled; then all others. */
INLINE void cb_chain_steps_loops(int bits, int p, int q, const double *norms, double *state, const double *random,
                                 size_t step_count, double scale, int spherical, int reuses) {
  lanes_t *overlaps = (lanes_t *)state;
  const lanes_t *numbers = (const lanes_t *)random;
  if (q == 2 && !spherical && !reuses) {
    switch (p) {
      case 2: chain(2, 2, norms, overlaps, numbers, step_count, scale, 0, 0); return;
      case 3: chain(3, 2, norms, overlaps, numbers, step_count, scale, 0, 0); return;
      case 4: chain(4, 2, norms, overlaps, numbers, step_count, scale, 0, 0); return;
      case 8: chain(8, 2, norms, overlaps, numbers, step_count, scale, 0, 0); return;
    }
  }
  chain(p, q, norms, overlaps, numbers, step_count, scale, spherical, reuses);
}

INLINE void cb_products_loops(int bits, int p, const double *rows, const double *vector, size_t length, double *result) {
  size_t count = length / 8;
  const lanes_t *x = (const lanes_t *)vector;
  for (int k = 0; k < p; k++) {
    /* Two sums side by side: one would wait for its own additions. */
    const lanes_t *w = (const lanes_t *)rows + (size_t)k * count;
    lanes_t even = {0}, odd = {0};
    for (size_t i = 0; i < count; i += 2) {
      even = fused(w[i], x[i], even);
      odd = fused(w[i + 1], x[i + 1], odd);
    }
    lanes_t sum = even + odd;
    result[k] = ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
  }
}

INLINE void cb_add_loops(int bits, int p, double *rows, const double *vector, size_t length, const double *factors) {
  size_t count = length / 8;
  const lanes_t *x = (const lanes_t *)vector;
  for (int k = 0; k < p; k++) {
    lanes_t *w = (lanes_t *)rows + (size_t)k * count;
    for (size_t i = 0; i < count; i++) w[i] = fused(everywhere(factors[k]), x[i], w[i]);
  }
}

FOR_EVERY_WIDTH(void, cb_chain_steps,
                (int p, int q, const double *norms, double *overlaps, const double *numbers, size_t step_count,
                 double scale, int spherical, int reuses),
                p, q, norms, overlaps, numbers, step_count, scale, spherical, reuses)

FOR_EVERY_WIDTH(void, cb_products, (int p, const double *rows, const double *x, size_t length, double *result), p, rows,
                x, length, result)

FOR_EVERY_WIDTH(void, cb_add, (int p, double *rows, const double *x, size_t length, const double *factors), p, rows, x,
                length, factors)
