#ifndef CVECTORS_H
#define CVECTORS_H
#include <stddef.h>
#ifdef __cplusplus
extern "C" {
#endif

/* Elementwise functions and the fused pass of a layer of neurons, in vectors of 256 or 512 bits. Both give the same bits:
   sums have a fixed order of eight lanes, and what is a fused multiply-add is written down. */

typedef enum { CV_SOFTPLUS = 0, CV_RELU = 1, CV_TANH = 2, CV_ERF = 3, CV_QUADRATIC = 4 } cv_function;

/* The vectors that the loops of all modules use, in bits, see InstructionSets.h; at first the widest of this processor. */
extern int cv_vector_bits;
/* Whether this processor can run the loops for 256 or 512 bits. */
int cv_supports(int bits);
/* Lets loops use vectors of so many bits, which must be supported: for tests. */
void cv_use(int bits);

/* values[i] = phi(z[i]), slopes[i] = phi'(z[i]). */
void cv_evaluate(cv_function function, size_t count, const double *z, double *values, double *slopes);

/* Layers: `count` samples x [sample][input] of `inputs` numbers; weights w [input][neuron], output weights v [neuron], rows
   of neurons padded by zeros to a multiple of eight. f_i = sum_l v_l phi(sum_j w_jl x_ij), residuals_i = f_i - y_i.
   Returns the sum of squared residuals. `scratch` has room for four rows of neurons.
   gradient [input][neuron], unless null: sum_i residuals_i phi'(z_il) x_ij, WITHOUT the factor v_l. */
double cv_layer_pass(cv_function function, size_t count, size_t inputs, size_t neurons, const double *x, const double *y,
                     const double *v, const double *w, double *gradient, double *residuals, double *scratch);

/* w_jl -= rates_l gradient_jl. */
void cv_layer_step(size_t inputs, size_t neurons, const double *rates, const double *gradient, double *w);

/* One stochastic step on one sample: w_jl -= rates_l (f - y) phi'(z_l) x_j. Returns f - y before it. */
double cv_sample_step(cv_function function, size_t inputs, size_t neurons, const double *x, double y, const double *v,
                      const double *rates, double *w, double *scratch);

#ifdef __cplusplus
}
#endif
#endif
