#include "elementary.h"

#include <stdio.h>
#include <stdlib.h>

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

/* The neurons are worked on in parts of a row: `chunks` of eight of them and, if `half`, four more, for `samples` samples;
   all three are constants, chunks at most 2 and samples at most 4. Why so many at once: that keeps the units for
   multiply-add busy while each waits for its own result, and the sums just fit into the registers.

   For the part that w, v and slopes begin at: adds v phi(z) to sums and writes phi'(z) to slopes [sample][neuron]. */
INLINE void forward(cv_function function, int chunks, int half, int samples, size_t inputs, size_t stride,
                    const double *x, const double *v, const double *w, reals_t *sums, double *slopes) {
  reals_t z[4][2];
  halves_t half_z[4] = {{0}};
  UNROLL for (int s = 0; s < samples; s++)
    UNROLL for (int c = 0; c < chunks; c++) z[s][c] = everywhere(0.0);
  for (size_t j = 0; j < inputs; j++) {
    const double *row = w + j * stride;
    UNROLL for (int s = 0; s < samples; s++) {
      reals_t input = everywhere(x[s * inputs + j]);
      UNROLL for (int c = 0; c < chunks; c++) z[s][c] = fused(input, load(row + 8 * c), z[s][c]);
      if (half) half_z[s] = fused(low_half(input), load_half(row + 8 * chunks), half_z[s]);
    }
  }
  reals_t value, slope;
  UNROLL for (int c = 0; c < chunks; c++)
    UNROLL for (int s = 0; s < samples; s++) {
      evaluate(function, z[s][c], &value, &slope);
      sums[s] = fused(load(v + 8 * c), value, sums[s]);
      store(slopes + s * stride + 8 * c, slope);
    }
  if (!half) return;
  /* Two samples make a vector. */
  v += 8 * chunks;
  slopes += 8 * chunks;
  UNROLL for (int s = 0; s < samples; s += 2) {
    int both = s + 1 < samples;
    evaluate(function, joined(half_z[s], half_z[s + 1]), &value, &slope);
    halves_t output = load_half(v);
    sums[s] = joined(fused(output, low_half(value), low_half(sums[s])), high_half(sums[s]));
    store_half(slopes + s * stride, low_half(slope));
    if (!both) break;
    sums[s + 1] = joined(fused(output, high_half(value), low_half(sums[s + 1])), high_half(sums[s + 1]));
    store_half(slopes + (s + 1) * stride, high_half(slope));
  }
}

/* For a part: gradient += sum over samples of residual phi'(z) x. */
INLINE void backward(int chunks, int half, int samples, size_t inputs, size_t stride, const double *x,
                     const double *residuals, const double *slopes, double *gradient) {
  reals_t factor[4][2];
  halves_t half_factor[4];
  UNROLL for (int s = 0; s < samples; s++) {
    UNROLL for (int c = 0; c < chunks; c++) factor[s][c] = residuals[s] * load(slopes + s * stride + 8 * c);
    if (half) half_factor[s] = residuals[s] * load_half(slopes + s * stride + 8 * chunks);
  }
  for (size_t j = 0; j < inputs; j++) {
    double *row = gradient + j * stride;
    reals_t sum[2];
    halves_t half_sum = {0};
    UNROLL for (int c = 0; c < chunks; c++) sum[c] = load(row + 8 * c);
    if (half) half_sum = load_half(row + 8 * chunks);
    UNROLL for (int s = 0; s < samples; s++) {
      reals_t input = everywhere(x[s * inputs + j]);
      UNROLL for (int c = 0; c < chunks; c++) sum[c] = fused(input, factor[s][c], sum[c]);
      if (half) half_sum = fused(low_half(input), half_factor[s], half_sum);
    }
    UNROLL for (int c = 0; c < chunks; c++) store(row + 8 * c, sum[c]);
    if (half) store_half(row + 8 * chunks, half_sum);
  }
}

/* Runs part(chunks, half) for all parts of a row of neurons, c the first neuron of each. AVX2 has 16 registers, enough for
   one chunk and a half; AVX-512 has 32. */
#define FOR_PARTS(bits, neurons, part)                       \
  {                                                          \
    const int most = bits == 512 ? 2 : 1;                    \
    size_t c = 0, rest = (neurons + 3) / 4;                  \
    for (; rest > 2 * most + 1; rest -= 2 * most, c += 8 * most) part(most, 0); \
    switch (rest) {                                          \
      case 1: part(0, 1); break;                             \
      case 2: part(1, 0); break;                             \
      case 3: part(1, 1); break;                             \
      case 4: if (most == 2) part(2, 0); break;              \
      case 5: if (most == 2) part(2, 1); break;              \
    }                                                        \
  }

INLINE double pass_of(int bits, cv_function function, int samples, size_t inputs, size_t neurons, const double *x,
                      const double *y, const double *v, const double *w, double *gradient, double *residuals,
                      double *slopes) {
  size_t stride = (neurons + 7) / 8 * 8;
  reals_t sums[4];
  UNROLL for (int s = 0; s < samples; s++) sums[s] = everywhere(0.0);
#define FORWARD(chunks, half) \
  forward(function, chunks, half, samples, inputs, stride, x, v + c, w + c, sums, slopes + c)
  FOR_PARTS(bits, neurons, FORWARD)
  double total = 0;
  UNROLL for (int s = 0; s < samples; s++) {
    residuals[s] = sum_of(sums[s]) - y[s];
    total = fused(residuals[s], residuals[s], total);
  }
  if (!gradient) return total;
#define BACKWARD(chunks, half) \
  backward(chunks, half, samples, inputs, stride, x, residuals, slopes + c, gradient + c)
  FOR_PARTS(bits, neurons, BACKWARD)
  return total;
}

INLINE double pass(int bits, cv_function function, size_t count, size_t inputs, size_t neurons, const double *x,
                   const double *y, const double *v, const double *w, double *gradient, double *residuals,
                   double *scratch) {
  if (gradient) memset(gradient, 0, (neurons + 7) / 8 * 8 * inputs * sizeof(double));
  double total = 0;
  size_t i = 0;
  /* Why four samples at a time: weights and gradient are then read and written a quarter as often. */
  for (; i + 4 <= count; i += 4)
    total += pass_of(bits, function, 4, inputs, neurons, x + i * inputs, y + i, v, w, gradient, residuals + i, scratch);
  for (; i < count; i++)
    total += pass_of(bits, function, 1, inputs, neurons, x + i * inputs, y + i, v, w, gradient, residuals + i, scratch);
  return total;
}

INLINE double sample_step(int bits, cv_function function, size_t inputs, size_t neurons, const double *x, double y,
                          const double *v, const double *rates, double *w, double *slopes) {
  size_t stride = (neurons + 7) / 8 * 8;
  double residual;
  pass_of(bits, function, 1, inputs, neurons, x, &y, v, w, NULL, &residual, slopes);
  for (size_t c = 0; c < neurons; c += 8) store(slopes + c, load(slopes + c) * load(rates + c) * -residual);
  for (size_t j = 0; j < inputs; j++)
    for (size_t c = 0; c < neurons; c += 8) {
      double *place = w + j * stride + c;
      store(place, fused(everywhere(x[j]), load(slopes + c), load(place)));
    }
  return residual;
}

/* The function is a constant inside each case, so its switch is gone. */
#define BY_FUNCTION(call)            \
  switch (function) {                \
    case CV_SOFTPLUS: call(CV_SOFTPLUS); break; \
    case CV_RELU: call(CV_RELU); break; \
    case CV_TANH: call(CV_TANH); break; \
    case CV_ERF: call(CV_ERF); break; \
    case CV_QUADRATIC: call(CV_QUADRATIC); break; \
  }

INLINE void cv_evaluate_loops(int bits, cv_function function, size_t count, const double *z, double *values,
                              double *slopes) {
#define EVALUATE(f) evaluate_all(f, count, z, values, slopes)
  BY_FUNCTION(EVALUATE)
}

INLINE double cv_layer_pass_loops(int bits, cv_function function, size_t count, size_t inputs, size_t neurons,
                                  const double *x, const double *y, const double *v, const double *w, double *gradient,
                                  double *residuals, double *scratch) {
  double total = 0;
#define PASS(f) total = pass(bits, f, count, inputs, neurons, x, y, v, w, gradient, residuals, scratch)
  BY_FUNCTION(PASS)
  return total;
}

INLINE void cv_layer_step_loops(int bits, size_t inputs, size_t neurons, const double *rates, const double *gradient,
                                double *w) {
  size_t stride = (neurons + 7) / 8 * 8;
  for (size_t j = 0; j < inputs; j++)
    for (size_t c = 0; c < stride; c += 8) {
      double *place = w + j * stride + c;
      store(place, fused(-load(rates + c), load(gradient + j * stride + c), load(place)));
    }
}

INLINE double cv_sample_step_loops(int bits, cv_function function, size_t inputs, size_t neurons, const double *x,
                                   double y, const double *v, const double *rates, double *w, double *scratch) {
  double residual = 0;
#define SAMPLE(f) residual = sample_step(bits, f, inputs, neurons, x, y, v, rates, w, scratch)
  BY_FUNCTION(SAMPLE)
  return residual;
}

FOR_EVERY_WIDTH(void, cv_evaluate,
                (cv_function function, size_t count, const double *z, double *values, double *slopes), function, count, z,
                values, slopes)

FOR_EVERY_WIDTH(double, cv_layer_pass,
                (cv_function function, size_t count, size_t inputs, size_t neurons, const double *x, const double *y,
                 const double *v, const double *w, double *gradient, double *residuals, double *scratch),
                function, count, inputs, neurons, x, y, v, w, gradient, residuals, scratch)

FOR_EVERY_WIDTH(void, cv_layer_step,
                (size_t inputs, size_t neurons, const double *rates, const double *gradient, double *w), inputs, neurons,
                rates, gradient, w)

FOR_EVERY_WIDTH(double, cv_sample_step,
                (cv_function function, size_t inputs, size_t neurons, const double *x, double y, const double *v,
                 const double *rates, double *w, double *scratch),
                function, inputs, neurons, x, y, v, rates, w, scratch)

int cv_vector_bits = 0;

int cv_supports(int bits) {
#if defined(__x86_64__)
  int has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (bits == 256) return has_avx2;
  return bits == 512 && has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")
         && __builtin_cpu_supports("avx512vl");
#else
  return bits == 256;
#endif
}

void cv_use(int bits) { cv_vector_bits = bits; }

void cv_refuse_processor(void) {
  fputs("refig: this processor has no AVX2 or no FMA, which the numerical loops need (every x86-64 processor since 2015 has "
        "both, a virtual machine may hide them); use another machine, or give the virtual machine the processor of its host\n",
        stderr);
  _Exit(6);
}

__attribute__((constructor)) static void start(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
#endif
  cv_use(cv_supports(512) ? 512 : cv_supports(256) ? 256 : 0);
  if (cv_vector_bits != 0) cv_fill_softplus_table(STEP_COUNT);
}
