#include "CVectors.h"
#include "InstructionSets.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

typedef double reals_t __attribute__((vector_size(64)));
typedef int64_t ints_t __attribute__((vector_size(64)));

INLINE reals_t load(const double *p) { reals_t value; memcpy(&value, p, 64); return value; }
INLINE void store(double *p, reals_t value) { memcpy(p, &value, 64); }
INLINE reals_t everywhere(double value) { return (reals_t){0} + value; }
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
  reals_t shifted = x * 1.44269504088896338700 + 0x1.8p52;
  reals_t n = shifted - 0x1.8p52;
  reals_t r = (x - n * 6.93147180369123816490e-01) - n * 1.90821492927058770002e-10;
  /* Estrin's order of the sum: half the latency of Horner's. */
  reals_t r2 = r * r, r4 = r2 * r2, r8 = r4 * r4;
  reals_t c2 = 1.0 / 2 + r * (1.0 / 6), c4 = 1.0 / 24 + r * (1.0 / 120), c6 = 1.0 / 720 + r * (1.0 / 5040);
  reals_t c8 = 1.0 / 40320 + r * (1.0 / 362880), c10 = 1.0 / 3628800 + r * (1.0 / 39916800);
  reals_t c12 = 1.0 / 479001600 + r * (1.0 / 6227020800);
  reals_t p = 1.0 + (r + r2 * ((c2 + c4 * r2) + r4 * (c6 + c8 * r2) + r8 * (c10 + c12 * r2)));
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
  reals_t even = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
  reals_t odd = z * (6.666666666666735130e-01
                     + w * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
  reals_t half_square = 0.5 * f * f;
  reals_t tail = s * (half_square + (even + odd)) + k * 1.90821492927058770002e-10;
  *logarithm = k * 6.93147180369123816490e-01 - ((half_square - tail) - f);
}

/* log(1 + e^-u) and 1 / (1 + e^u) at u = 0, 1/512, ..., 32, side by side. */
enum { STEPS_PER_UNIT = 512, FARTHEST = 32, STEP_COUNT = STEPS_PER_UNIT * FARTHEST };
static double softplus_table[STEP_COUNT + 8][2];

__attribute__((constructor)) static void fill_softplus_table(void) {
  for (int first = 0; first <= STEP_COUNT; first += 8) {
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

/* The two columns of the table at eight rows. Why pairs: one load brings both numbers of a row. */
INLINE void look_up(ints_t rows, reals_t *logarithms, reals_t *slopes) {
  typedef double pair_t __attribute__((vector_size(16)));
  pair_t p[8];
  UNROLL for (int lane = 0; lane < 8; lane++) memcpy(&p[lane], softplus_table[rows[lane]], sizeof(pair_t));
#define JOINED(a, b) __builtin_shufflevector(a, b, 0, 1, 2, 3)
#define FOUR(first) \
  __builtin_shufflevector(JOINED(p[first], p[first + 1]), JOINED(p[first + 2], p[first + 3]), 0, 1, 2, 3, 4, 5, 6, 7)
  reals_t low = FOUR(0), high = FOUR(4);
  *logarithms = __builtin_shufflevector(low, high, 0, 2, 4, 6, 8, 10, 12, 14);
  *slopes = __builtin_shufflevector(low, high, 1, 3, 5, 7, 9, 11, 13, 15);
}

/* log(1 + e^-u) and 1 / (1 + e^u) for u >= 0. With s = 1 / (1 + e^c) at the nearest point c of the table and
   w = s (e^(c - u) - 1), which is below 5e-4, they are log(1 + e^-c) + log(1 + w) and (s + w) / (1 + w); the series in
   c - u and w are cut where their rest is below 1e-16 of the whole. No division, half the time of the functions
   that the table is made by. */
INLINE void softplus_and_slope(reals_t u, reals_t *softplus, reals_t *slope) {
  ints_t near = u < (double)FARTHEST;
  reals_t argument = choose(near, u, everywhere(0.0));
  reals_t shifted = argument * (double)STEPS_PER_UNIT + 0x1.8p52;
  ints_t index = bits_of(shifted) & 0xffff;
  reals_t r = (shifted - 0x1.8p52) * (1.0 / STEPS_PER_UNIT) - argument;
  reals_t l, s;
  look_up(index, &l, &s);
  reals_t r2 = r * r;
  reals_t w = s * (r + r2 * ((1.0 / 2 + r * (1.0 / 6)) + r2 * (1.0 / 24)));
  reals_t w2 = w * w;
  *softplus = l + (w - w2 * ((1.0 / 2 - w * (1.0 / 3)) + w2 * (1.0 / 4)));
  *slope = (s + w) * ((1.0 - w) * (1.0 + w2) + w2 * w2);
  int64_t all_near = -1;
  UNROLL for (int lane = 0; lane < 8; lane++) all_near &= near[lane];
  if (__builtin_expect(all_near != 0, 1)) return;
  /* The first two terms of both in e = e^-u, below 2e-14; not a number stays so. */
  reals_t e = exponential(-u);
  *softplus = choose(near, *softplus, choose(u == u, e - 0.5 * e * e, u));
  *slope = choose(near, *slope, choose(u == u, e - e * e, u));
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

INLINE void evaluate_all(cv_function function, size_t count, const double *z, double *values, double *slopes) {
  size_t i = 0;
  reals_t value, slope;
  for (; i + 8 <= count; i += 8) {
    evaluate(function, load(z + i), &value, &slope);
    store(values + i, value);
    store(slopes + i, slope);
  }
  if (i == count) return;
  double rest[8] = {0};
  memcpy(rest, z + i, (count - i) * sizeof(double));
  evaluate(function, load(rest), &value, &slope);
  memcpy(values + i, &value, (count - i) * sizeof(double));
  memcpy(slopes + i, &slope, (count - i) * sizeof(double));
}

/* For a chunk of eight neurons and `samples` samples, known when compiled: adds v phi(z) to sums and writes phi'(z) to
   slopes [sample][neuron]. Why one chunk at a time: with four samples its sums just fit into the registers of AVX2. */
INLINE void forward(cv_function function, int samples, size_t inputs, size_t stride, const double *x, const double *v,
                    const double *w, reals_t *sums, double *slopes) {
  reals_t z[4];
  UNROLL for (int s = 0; s < samples; s++) z[s] = everywhere(0.0);
  for (size_t j = 0; j < inputs; j++) {
    reals_t weight = load(w + j * stride);
    UNROLL for (int s = 0; s < samples; s++) z[s] += x[s * inputs + j] * weight;
  }
  reals_t output = load(v);
  UNROLL for (int s = 0; s < samples; s++) {
    reals_t value, slope;
    evaluate(function, z[s], &value, &slope);
    sums[s] += output * value;
    store(slopes + s * stride, slope);
  }
}

/* gradient += sum over samples of residual phi'(z) x, for a chunk. */
INLINE void backward(int samples, size_t inputs, size_t stride, const double *x, const double *residuals,
                     const double *slopes, double *gradient) {
  reals_t factor[4];
  UNROLL for (int s = 0; s < samples; s++) factor[s] = residuals[s] * load(slopes + s * stride);
  for (size_t j = 0; j < inputs; j++) {
    reals_t sum = load(gradient + j * stride);
    UNROLL for (int s = 0; s < samples; s++) sum += x[s * inputs + j] * factor[s];
    store(gradient + j * stride, sum);
  }
}

INLINE double layer_pass_of(cv_function function, int samples, size_t inputs, size_t chunks, const double *x,
                            const double *y, const double *v, const double *w, double *gradient, double *residuals,
                            double *slopes) {
  size_t stride = 8 * chunks;
  reals_t sums[4];
  UNROLL for (int s = 0; s < samples; s++) sums[s] = everywhere(0.0);
  for (size_t c = 0; c < stride; c += 8) forward(function, samples, inputs, stride, x, v + c, w + c, sums, slopes + c);
  double total = 0;
  UNROLL for (int s = 0; s < samples; s++) {
    residuals[s] = sum_of(sums[s]) - y[s];
    total += residuals[s] * residuals[s];
  }
  if (!gradient) return total;
  for (size_t c = 0; c < stride; c += 8) backward(samples, inputs, stride, x, residuals, slopes + c, gradient + c);
  return total;
}

INLINE double layer_pass(cv_function function, size_t count, size_t inputs, size_t chunks, const double *x,
                         const double *y, const double *v, const double *w, double *gradient, double *residuals,
                         double *scratch) {
  if (gradient) memset(gradient, 0, 8 * chunks * inputs * sizeof(double));
  double total = 0;
  size_t i = 0;
  /* Why four samples at a time: weights and gradient are then read and written a quarter as often. */
  for (; i + 4 <= count; i += 4)
    total += layer_pass_of(function, 4, inputs, chunks, x + i * inputs, y + i, v, w, gradient, residuals + i, scratch);
  for (; i < count; i++)
    total += layer_pass_of(function, 1, inputs, chunks, x + i * inputs, y + i, v, w, gradient, residuals + i, scratch);
  return total;
}

INLINE void layer_step(size_t inputs, size_t chunks, const double *rates, const double *gradient, double *w) {
  for (size_t j = 0; j < inputs; j++) {
    size_t row = 8 * chunks * j;
    for (size_t c = 0; c < 8 * chunks; c += 8)
      store(w + row + c, load(w + row + c) - load(rates + c) * load(gradient + row + c));
  }
}

INLINE double sample_step(cv_function function, size_t inputs, size_t chunks, const double *x, double y,
                          const double *v, const double *rates, double *w, double *slopes) {
  double residual;
  layer_pass_of(function, 1, inputs, chunks, x, &y, v, w, NULL, &residual, slopes);
  for (size_t c = 0; c < 8 * chunks; c += 8)
    store(slopes + c, load(slopes + c) * load(rates + c) * residual);
  for (size_t j = 0; j < inputs; j++) {
    size_t row = 8 * chunks * j;
    for (size_t c = 0; c < 8 * chunks; c += 8) store(w + row + c, load(w + row + c) - x[j] * load(slopes + c));
  }
  return residual;
}

/* One copy per instruction set; the function is a constant inside each case, so its switch is gone. */
#define BY_FUNCTION(call)                            \
  switch (function) {                                \
    case CV_SOFTPLUS: call(CV_SOFTPLUS); break;      \
    case CV_RELU: call(CV_RELU); break;              \
    case CV_TANH: call(CV_TANH); break;              \
    case CV_ERF: call(CV_ERF); break;                \
    case CV_QUADRATIC: call(CV_QUADRATIC); break;    \
  }
#define EVALUATE(f) evaluate_all(f, count, z, values, slopes)
#define PASS(f) total = layer_pass(f, count, inputs, chunks, x, y, v, w, gradient, residuals, scratch)
#define SAMPLE(f) residual = sample_step(f, inputs, chunks, x, y, v, rates, w, scratch)
#define LOOPS(suffix, attributes)                                                                                     \
  attributes static void evaluate_##suffix(cv_function function, size_t count, const double *z, double *values,       \
                                           double *slopes) {                                                          \
    BY_FUNCTION(EVALUATE)                                                                                             \
  }                                                                                                                   \
  attributes static double pass_##suffix(cv_function function, size_t count, size_t inputs, size_t chunks,            \
                                         const double *x, const double *y, const double *v, const double *w,          \
                                         double *gradient, double *residuals, double *scratch) {                      \
    double total = 0;                                                                                                 \
    BY_FUNCTION(PASS)                                                                                                 \
    return total;                                                                                                     \
  }                                                                                                                   \
  attributes static void step_##suffix(size_t inputs, size_t chunks, const double *rates, const double *gradient,     \
                                       double *w) {                                                                   \
    layer_step(inputs, chunks, rates, gradient, w);                                                                   \
  }                                                                                                                   \
  attributes static double sample_##suffix(cv_function function, size_t inputs, size_t chunks, const double *x,       \
                                           double y, const double *v, const double *rates, double *w,                 \
                                           double *scratch) {                                                         \
    double residual = 0;                                                                                              \
    BY_FUNCTION(SAMPLE)                                                                                               \
    return residual;                                                                                                  \
  }

LOOPS(baseline, )
#if defined(__x86_64__)
LOOPS(avx2, __attribute__((target("avx2"))))
LOOPS(avx512, __attribute__((target("avx512f,avx512dq,avx512vl"))))
#define CHOOSE(width, name, ...)                                 \
  switch (width) {                                               \
    case CV_AVX512: return name##_avx512(__VA_ARGS__);           \
    case CV_AVX2: return name##_avx2(__VA_ARGS__);               \
    case CV_BASELINE: break;                                     \
  }                                                              \
  return name##_baseline(__VA_ARGS__);
#else
#define CHOOSE(width, name, ...) \
  (void)width;                   \
  return name##_baseline(__VA_ARGS__);
#endif

int cv_supports(cv_width width) {
  if (width == CV_BASELINE) return 1;
#if defined(__x86_64__)
  if (width == CV_AVX2) return __builtin_cpu_supports("avx2") != 0;
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#else
  return 0;
#endif
}

cv_width cv_widest(void) {
  return cv_supports(CV_AVX512) ? CV_AVX512 : cv_supports(CV_AVX2) ? CV_AVX2 : CV_BASELINE;
}

void cv_evaluate(cv_width width, cv_function function, size_t count, const double *z, double *values, double *slopes) {
  CHOOSE(width, evaluate, function, count, z, values, slopes)
}

double cv_layer_pass(cv_width width, cv_function function, size_t count, size_t inputs, size_t chunks, const double *x,
                     const double *y, const double *v, const double *w, double *gradient, double *residuals,
                     double *scratch) {
  CHOOSE(width, pass, function, count, inputs, chunks, x, y, v, w, gradient, residuals, scratch)
}

void cv_layer_step(cv_width width, size_t inputs, size_t chunks, const double *rates, const double *gradient,
                   double *w) {
  CHOOSE(width, step, inputs, chunks, rates, gradient, w)
}

double cv_sample_step(cv_width width, cv_function function, size_t inputs, size_t chunks, const double *x, double y,
                      const double *v, const double *rates, double *w, double *scratch) {
  CHOOSE(width, sample, function, inputs, chunks, x, y, v, rates, w, scratch)
}
