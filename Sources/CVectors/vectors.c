#include "CVectors.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* Why C: eight doubles per vector, compiled once per instruction set and chosen at run time, which Swift cannot express
   without machine-dependent flags; Swift compiled for the baseline is 2 to 4 times slower.
   Why the same bits everywhere: only + - * / and comparisons in an order written down here; contraction is off. */
#pragma STDC FP_CONTRACT OFF
/* The 64-byte types never cross a call: everything that takes them is inlined. */
#pragma clang diagnostic ignored "-Wpsabi"

typedef double reals_t __attribute__((vector_size(64)));
typedef int64_t ints_t __attribute__((vector_size(64)));
#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

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

INLINE void evaluate(cv_function function, reals_t z, reals_t *value, reals_t *slope) {
  ints_t positive = z > 0.0;
  switch (function) {
    case CV_SOFTPLUS: {
      reals_t e = exponential(-magnitude(z)), logarithm, inverse;
      logarithm_and_inverse(e, &logarithm, &inverse);
      *value = choose(positive, z, everywhere(0.0)) + logarithm;
      *slope = choose(positive, inverse, e * inverse);
      break;
    }
    case CV_RELU:
      *value = choose(positive, z, everywhere(0.0));
      *slope = choose(positive, everywhere(1.0), everywhere(0.0));
      break;
    case CV_TANH: {
      reals_t e = exponential(-2.0 * magnitude(z)), inverse = 1.0 / (1.0 + e), t = (1.0 - e) * inverse;
      *value = choose(positive, t, -t);
      *slope = 4.0 * e * inverse * inverse;
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

/* For `samples` samples and `chunks` chunks of neurons, both known when compiled: adds v phi(z) to sums and writes
   phi'(z) to slopes [sample][neuron]. */
INLINE void forward(cv_function function, int samples, int chunks, size_t inputs, size_t stride, const double *x,
                    const double *v, const double *w, reals_t *sums, double *slopes) {
  reals_t z[4][4];
  UNROLL for (int s = 0; s < samples; s++)
    UNROLL for (int c = 0; c < chunks; c++) z[s][c] = everywhere(0.0);
  for (size_t j = 0; j < inputs; j++) {
    UNROLL for (int c = 0; c < chunks; c++) {
      reals_t weight = load(w + j * stride + 8 * c);
      UNROLL for (int s = 0; s < samples; s++) z[s][c] += x[s * inputs + j] * weight;
    }
  }
  UNROLL for (int c = 0; c < chunks; c++) {
    reals_t output = load(v + 8 * c);
    UNROLL for (int s = 0; s < samples; s++) {
      reals_t value, slope;
      evaluate(function, z[s][c], &value, &slope);
      sums[s] += output * value;
      store(slopes + s * stride + 8 * c, slope);
    }
  }
}

/* gradient += sum over samples of residual phi'(z) x. */
INLINE void backward(int samples, int chunks, size_t inputs, size_t stride, const double *x, const double *residuals,
                     const double *slopes, double *gradient) {
  reals_t factor[4][4];
  UNROLL for (int s = 0; s < samples; s++)
    UNROLL for (int c = 0; c < chunks; c++) factor[s][c] = residuals[s] * load(slopes + s * stride + 8 * c);
  for (size_t j = 0; j < inputs; j++) {
    UNROLL for (int c = 0; c < chunks; c++) {
      reals_t sum = load(gradient + j * stride + 8 * c);
      UNROLL for (int s = 0; s < samples; s++) sum += x[s * inputs + j] * factor[s][c];
      store(gradient + j * stride + 8 * c, sum);
    }
  }
}

#define BY_CHUNKS(step)                     \
  for (; c + 4 <= chunks; c += 4) step(4);  \
  switch (chunks - c) {                     \
    case 3: step(3); break;                 \
    case 2: step(2); break;                 \
    case 1: step(1); break;                 \
    default: break;                         \
  }

INLINE double layer_pass_of(cv_function function, int samples, size_t inputs, size_t chunks, const double *x,
                            const double *y, const double *v, const double *w, double *gradient, double *residuals,
                            double *slopes) {
  size_t stride = 8 * chunks, c = 0;
  reals_t sums[4];
  UNROLL for (int s = 0; s < samples; s++) sums[s] = everywhere(0.0);
#define FORWARD(n) forward(function, samples, n, inputs, stride, x, v + 8 * c, w + 8 * c, sums, slopes + 8 * c)
  BY_CHUNKS(FORWARD)
  double total = 0;
  UNROLL for (int s = 0; s < samples; s++) {
    residuals[s] = sum_of(sums[s]) - y[s];
    total += residuals[s] * residuals[s];
  }
  if (!gradient) return total;
  c = 0;
#define BACKWARD(n) backward(samples, n, inputs, stride, x, residuals, slopes + 8 * c, gradient + 8 * c)
  BY_CHUNKS(BACKWARD)
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

INLINE double sample_step(cv_function function, size_t inputs, size_t chunks, const double *x, double y, const double *v,
                          const double *rates, double *w, double *slopes) {
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
