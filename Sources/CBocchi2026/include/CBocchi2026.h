#ifndef CBOCCHI2026_H
#define CBOCCHI2026_H

#include <stddef.h>

/* The inner loops of stochastic gradient descent. Eight numbers, one of each replica or of neighbouring inputs, make a
   vector of 64 bytes; all arrays are aligned to it. Results have the same bits on every instruction set. */

/* Steps of the reduced chain, eight replicas side by side.
   norms: the teacher rows' squared norms over N [q];
   overlaps: R [p][q] row by row, then the lower triangle of S = Q - R R^T row by row, each element 8 lanes;
   numbers: for every step lambda* [q], xi [p] and rho^2, each 8 lanes;
   scale: 2 eta / N; spherical: rows are rescaled to Q_kk = 1; reuses: every sample is used twice. p, q from 1 to 16. */
void cb_chain_steps(int p, int q, const double *norms, double *overlaps, const double *numbers, size_t step_count,
                    double scale, int spherical, int reuses);

/* products[k] = w_k . x for rows w_k of `length` doubles, length a multiple of 16. p from 1 to 16. */
void cb_products(int p, const double *rows, const double *x, size_t length, double *products);

/* w_k += factors[k] x. */
void cb_add(int p, double *rows, const double *x, size_t length, const double *factors);

/* Derivative in time and population loss of a state of the overlap equations: R [p][q] row by row, then the lower triangle
   of S row by row. norms: the teacher rows' squared norms over N [q]; has_noise: with the terms of order eta^2; halves_u: a deliberate mistake; is_spherical: rows keep
   Q_kk = 1. p, q from 1 to 16. */
void cb_overlap_rates(int p, int q, const double *norms, const double *state, double eta, int has_noise, int halves_u,
                      int is_spherical, double *change);
double cb_overlap_loss(int p, int q, const double *norms, const double *state);

#endif
