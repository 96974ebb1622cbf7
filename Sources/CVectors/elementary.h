/* Elementary functions of eight numbers, for vectors.c alone. */
#include "CVectors.h"
#include "InstructionSets.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

typedef double reals_t __attribute__((vector_size(64)));
typedef int64_t ints_t __attribute__((vector_size(64)));
typedef double halves_t __attribute__((vector_size(32)));

INLINE reals_t load(const double *p) { reals_t value; memcpy(&value, p, 64); return value; }
INLINE void store(double *p, reals_t value) { memcpy(p, &value, 64); }
INLINE reals_t everywhere(double value) {
  return (reals_t){value, value, value, value, value, value, value, value};
}
INLINE halves_t load_half(const double *p) { halves_t value; memcpy(&value, p, 32); return value; }
INLINE void store_half(double *p, halves_t value) { memcpy(p, &value, 32); }
INLINE halves_t low_half(reals_t x) { return __builtin_shufflevector(x, x, 0, 1, 2, 3); }
INLINE halves_t high_half(reals_t x) { return __builtin_shufflevector(x, x, 4, 5, 6, 7); }
INLINE reals_t joined(halves_t low, halves_t high) {
  return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7);
}
INLINE ints_t bits_of(reals_t value) { ints_t bits; memcpy(&bits, &value, 64); return bits; }
INLINE reals_t reals_of(ints_t bits) { reals_t value; memcpy(&value, &bits, 64); return value; }
/* Lane by lane yes or no by an all-ones or all-zeros mask, as comparisons give it. */
INLINE reals_t choose(ints_t mask, reals_t yes, reals_t no) {
  return reals_of((mask & bits_of(yes)) | (~mask & bits_of(no)));
}
INLINE reals_t magnitude(reals_t x) { return reals_of(bits_of(x) & INT64_MAX); }
INLINE double sum_of(reals_t x) {
  return ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]));
}

/* exp(x) for x <= 0; below -708, where the result would leave the normal numbers, exp(-708). x = n log 2 + r with
   |r| <= log(2) / 2, then the Taylor polynomial of degree 13, whose remainder is below 1e-17. */
INLINE reals_t exponential(reals_t x) {
  x = choose(x > -708.0, x, everywhere(-708.0));
  /* Adding 3 * 2^51 rounds to a whole number and leaves it in the low bits. */
  reals_t shifted = fused(x, everywhere(1.44269504088896338700), everywhere(0x1.8p52));
  reals_t n = shifted - 0x1.8p52;
  reals_t r = fused(-n, everywhere(6.93147180369123816490e-01), x);
  r = fused(-n, everywhere(1.90821492927058770002e-10), r);
  /* Estrin's order of the sum: half the latency of Horner's. */
#define PAIR(constant, linear) fused(r, everywhere(linear), everywhere(constant))
  reals_t r2 = r * r, r4 = r2 * r2, r8 = r4 * r4;
  reals_t c2 = PAIR(1.0 / 2, 1.0 / 6), c4 = PAIR(1.0 / 24, 1.0 / 120), c6 = PAIR(1.0 / 720, 1.0 / 5040);
  reals_t c8 = PAIR(1.0 / 40320, 1.0 / 362880), c10 = PAIR(1.0 / 3628800, 1.0 / 39916800);
  reals_t c12 = PAIR(1.0 / 479001600, 1.0 / 6227020800);
  reals_t low = fused(r4, fused(r2, c8, c6), fused(r2, c4, c2));
  reals_t p = 1.0 + fused(r2, fused(r8, fused(r2, c12, c10), low), r);
  return reals_of(bits_of(p) + (bits_of(shifted) << 52));
}

/* log(1 + e) and 1 / (1 + e) for e in [0, 1], with one division. log(1 + e) = k log 2 + log(1 + f), where f = e, k = 0
   for e < sqrt(2) - 1, else f = (e - 1) / 2, k = 1 (exact); then the minimax polynomial of fdlibm's e_log.c (Sun
   Microsystems, 1993) in s = f / (2 + f). */
INLINE void logarithm_and_inverse(reals_t e, reals_t *logarithm, reals_t *inverse) {
  ints_t large = e > 0.41421356237309503;
  reals_t f = choose(large, 0.5 * (e - 1.0), e);
  reals_t k = choose(large, everywhere(1.0), everywhere(0.0));
  reals_t one_e = 1.0 + e, two_f = 2.0 + f;
  reals_t both = 1.0 / (one_e * two_f);
  *inverse = both * two_f;
  reals_t s = f * (both * one_e), z = s * s, w = z * z;
#define NEXT(constant, sum) fused(w, sum, everywhere(constant))
  reals_t even = w * NEXT(3.999999999940941908e-01,
                          NEXT(2.222219843214978396e-01, everywhere(1.531383769920937332e-01)));
  reals_t odd = z * NEXT(6.666666666666735130e-01,
                         NEXT(2.857142874366239149e-01,
                              NEXT(1.818357216161805012e-01, everywhere(1.479819860511658591e-01))));
  reals_t half_square = 0.5 * f * f;
  reals_t tail = fused(s, half_square + (even + odd), k * 1.90821492927058770002e-10);
  *logarithm = fused(k, everywhere(6.93147180369123816490e-01), -((half_square - tail) - f));
}

/* log(1 + e^-u) and 1 / (1 + e^u) at u = 0, 1/512, ..., 32, side by side. */
enum { STEPS_PER_UNIT = 512, FARTHEST = 32, STEP_COUNT = STEPS_PER_UNIT * FARTHEST };
static double softplus_table[STEP_COUNT + 8][2];

INLINE void cv_fill_softplus_table_loops(int bits, int step_count) {
  for (int first = 0; first <= step_count; first += 8) {
    reals_t u, logarithm, inverse;
    for (int lane = 0; lane < 8; lane++) u[lane] = (first + lane) * (1.0 / STEPS_PER_UNIT);
    reals_t e = exponential(-u);
    logarithm_and_inverse(e, &logarithm, &inverse);
    for (int lane = 0; lane < 8; lane++) {
      softplus_table[first + lane][0] = logarithm[lane];
      softplus_table[first + lane][1] = e[lane] * inverse[lane];
    }
  }
}
FOR_EVERY_WIDTH(void, cv_fill_softplus_table, (int step_count), step_count)

/* The two columns of the table at the eight rows that the low 16 bits number. Why pairs: one load brings both numbers of
   a row. */
INLINE void look_up(ints_t rows, reals_t *logarithms, reals_t *slopes) {
  typedef double pair_t __attribute__((vector_size(16)));
  int64_t row[8];
  memcpy(row, &rows, sizeof row);
  /* Through memory, which the empty instruction is for: taking lanes out of a register costs more. */
  __asm__("" : "+m"(row));
  pair_t p[8];
  UNROLL for (int lane = 0; lane < 8; lane++) memcpy(&p[lane], softplus_table[row[lane] & 0xffff], sizeof(pair_t));
#define TWO(a, b) __builtin_shufflevector(p[a], p[b], 0, 1, 2, 3)
  reals_t even = joined(TWO(0, 2), TWO(4, 6)), odd = joined(TWO(1, 3), TWO(5, 7));
  *logarithms = __builtin_shufflevector(even, odd, 0, 8, 2, 10, 4, 12, 6, 14);
  *slopes = __builtin_shufflevector(even, odd, 1, 9, 3, 11, 5, 13, 7, 15);
}

/* log(1 + e^-u) and 1 / (1 + e^u) for u >= 0. With s = 1 / (1 + e^c) at the nearest point c of the table and
   w = s (e^(c - u) - 1), which is below 5e-4, they are log(1 + e^-c) + log(1 + w) and (s + w) / (1 + w); the series in
   c - u and w are cut where their rest is below 1e-16 of the whole. No division, half the time of the functions
   that the table is made by. */
INLINE void softplus_and_slope(reals_t u, reals_t *softplus, reals_t *slope) {
  ints_t near = u < (double)FARTHEST;
  reals_t argument = choose(near, u, everywhere(0.0));
  reals_t shifted = fused(argument, everywhere(STEPS_PER_UNIT), everywhere(0x1.8p52));
  reals_t r = fused(shifted - 0x1.8p52, everywhere(1.0 / STEPS_PER_UNIT), -argument);
  reals_t l, s;
  look_up(bits_of(shifted), &l, &s);
  reals_t growth = fused(r, fused(r, fused(r, everywhere(1.0 / 24), everywhere(1.0 / 6)), everywhere(1.0 / 2)), everywhere(1.0));
  reals_t w = (s * r) * growth, w2 = w * w, rest = 1.0 - w;
  reals_t bend = fused(w2, everywhere(1.0 / 4), fused(-w, everywhere(1.0 / 3), everywhere(1.0 / 2)));
  *softplus = l + fused(-w2, bend, w);
  *slope = (s + w) * fused(w2, w2, fused(w2, rest, rest));
  int64_t all_near = -1;
  UNROLL for (int lane = 0; lane < 8; lane++) all_near &= near[lane];
  if (__builtin_expect(all_near != 0, 1)) return;
  /* The first two terms of both in e = e^-u, below 2e-14; not a number stays so. */
  reals_t e = exponential(-u);
  *softplus = choose(near, *softplus, choose(u == u, fused(-0.5 * e, e, e), u));
  *slope = choose(near, *slope, choose(u == u, fused(-e, e, e), u));
}

INLINE void evaluate(cv_function function, reals_t z, reals_t *value, reals_t *slope) {
  ints_t positive = z > 0.0;
  switch (function) {
    case CV_SOFTPLUS: {
      reals_t softplus, falling;
      softplus_and_slope(magnitude(z), &softplus, &falling);
      *value = choose(positive, z, everywhere(0.0)) + softplus;
      *slope = choose(positive, 1.0 - falling, falling);
      break;
    }
    case CV_RELU:
      *value = choose(positive, z, everywhere(0.0));
      *slope = choose(positive, everywhere(1.0), everywhere(0.0));
      break;
    case CV_TANH: {
      /* tanh z = 1 - 2 / (1 + e^2z). */
      reals_t softplus, falling;
      softplus_and_slope(2.0 * magnitude(z), &softplus, &falling);
      reals_t t = 1.0 - 2.0 * falling;
      *value = choose(positive, t, -t);
      *slope = 4.0 * falling * (1.0 - falling);
      break;
    }
    case CV_ERF:
      /* Not in a hot loop of ours: the C library, lane by lane. */
      for (int lane = 0; lane < 8; lane++) (*value)[lane] = erf(z[lane]);
      *slope = 1.1283791670955125739 * exponential(-(z * z));
      break;
    case CV_QUADRATIC:
      *value = 0.5 * z * z;
      *slope = z;
      break;
  }
}
