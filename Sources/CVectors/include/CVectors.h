#ifndef CVECTORS_H
#define CVECTORS_H
#include <stddef.h>
#ifdef __cplusplus
extern "C" {
#endif

/* Elementwise functions and the fused pass of a layer of neurons, for three vector widths. Every width gives the same
   bits: sums have a fixed order of eight lanes and nothing is contracted to fused multiply-adds. */

typedef enum { CV_SOFTPLUS = 0, CV_RELU = 1, CV_TANH = 2, CV_ERF = 3, CV_QUADRATIC = 4 } cv_function;
typedef enum { CV_BASELINE = 0, CV_AVX2 = 1, CV_AVX512 = 2 } cv_width;

/* Whether this processor can run the code for a vector width, and the widest one it can. */
int cv_supports(cv_width width);
cv_width cv_widest(void);

/* values[i] = phi(z[i]), slopes[i] = phi'(z[i]). */
void cv_evaluate(cv_width width, cv_function function, size_t count, const double *z, double *values, double *slopes);

/* Layers: `count` samples x [sample][input] of `inputs` numbers; weights w [input][neuron], output weights v [neuron],
   neurons padded by zeros to 8 * chunks. f_i = sum_l v_l phi(sum_j w_jl x_ij), residuals_i = f_i - y_i.
   Returns the sum of squared residuals. `scratch` has room for 32 * chunks numbers.
   gradient [input][neuron], unless null: sum_i residuals_i phi'(z_il) x_ij, WITHOUT the factor v_l. */
double cv_layer_pass(cv_width width, cv_function function, size_t count, size_t inputs, size_t chunks, const double *x,
                     const double *y, const double *v, const double *w, double *gradient, double *residuals,
                     double *scratch);

/* w_jl -= rates_l gradient_jl. */
void cv_layer_step(cv_width width, size_t inputs, size_t chunks, const double *rates, const double *gradient, double *w);

/* One stochastic step on one sample: w_jl -= rates_l (f - y) phi'(z_l) x_j. Returns f - y before it. */
double cv_sample_step(cv_width width, cv_function function, size_t inputs, size_t chunks, const double *x, double y,
                      const double *v, const double *rates, double *w, double *scratch);

#ifdef __cplusplus
}
#endif
#endif
