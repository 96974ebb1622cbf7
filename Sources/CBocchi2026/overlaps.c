#include "CBocchi2026.h"

#include <InstructionSets.h>

/* The loops are asked to be unrolled where the widths are constants; where they are not, they stay loops. */
#pragma clang diagnostic ignored "-Wpass-failed"

/* Innermost loops run over the student's neurons, eight a vector, padded by zeros; every sum over anything else keeps its
   order. */
enum { MOST = 16 };

typedef double lanes_t __attribute__((vector_size(64)));

/* A row of numbers of neurons, and one of vectors of them. */
typedef union {
  double at[MOST];
  lanes_t lanes[MOST / 8];
} row_t;

/* R and A by columns, [teacher][student]; S R too. S and Q, [student][student], are symmetric, D is [teacher][teacher]. */
typedef struct {
  row_t r[MOST], a[MOST], image[MOST], s[MOST], q[MOST];
  double d[MOST][MOST], delta, loss;
} parts_t;

INLINE lanes_t everywhere(double value) {
  return (lanes_t){value, value, value, value, value, value, value, value};
}
INLINE double sum_of(lanes_t x) {
  return ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]));
}
/* x . y. */
INLINE double product_of(int chunks, const row_t *x, const row_t *y) {
  lanes_t sum = x->lanes[0] * y->lanes[0];
  if (chunks == 2) sum = fused(x->lanes[1], y->lanes[1], sum);
  return sum_of(sum);
}

INLINE void take_apart(int p, int q, const double *norms, const double *state, parts_t *o) {
  const int chunks = p > 8 ? 2 : 1;
  double c = 1.0 / p, c_star = 1.0 / q;
  UNROLL for (int x = 0; x < chunks; x++) {
    for (int t = 0; t < q; t++) o->r[t].lanes[x] = everywhere(0);
    for (int k = 0; k < p; k++) o->s[k].lanes[x] = everywhere(0);
  }
  for (int k = 0; k < p; k++)
    for (int t = 0; t < q; t++) o->r[t].at[k] = *state++;
  for (int k = 0; k < p; k++)
    for (int l = 0; l <= k; l++) o->s[k].at[l] = o->s[l].at[k] = *state++;
  o->delta = o->loss = 0;
  for (int t = 0; t < q; t++)
    for (int u = 0; u <= t; u++) {
      double element = fused(-c, product_of(chunks, &o->r[t], &o->r[u]), t == u ? c_star * norms[t] : 0);
      o->d[t][u] = o->d[u][t] = element;
      o->loss = fused((t == u ? 1 : 2) * element, element, o->loss);
      if (t == u) o->delta += element;
    }
  lanes_t spread = everywhere(0), overlap = everywhere(0);
  for (int k = 0; k < p; k++) {
    o->delta = fused(-c, o->s[k].at[k], o->delta);
    UNROLL for (int x = 0; x < chunks; x++) {
      lanes_t sum = o->s[k].lanes[x];
      spread = fused(sum, sum, spread);
      for (int t = 0; t < q; t++) sum = fused(everywhere(o->r[t].at[k]), o->r[t].lanes[x], sum);
      o->q[k].lanes[x] = sum;
    }
  }
  for (int t = 0; t < q; t++)
    UNROLL for (int x = 0; x < chunks; x++) {
      lanes_t sum = everywhere(0);
      for (int l = 0; l < p; l++) sum = fused(o->s[l].lanes[x], everywhere(o->r[t].at[l]), sum);
      o->image[t].lanes[x] = sum;
      overlap = fused(o->r[t].lanes[x], sum, overlap);
      sum *= -c;
      for (int u = 0; u < q; u++) sum = fused(o->r[u].lanes[x], everywhere(o->d[u][t]), sum);
      o->a[t].lanes[x] = sum;
    }
  o->loss = o->delta * o->delta / 2 + o->loss + 2 * c * c * sum_of(overlap) + c * c * sum_of(spread);
}

/* left right for symmetric `right`. */
INLINE void multiply(int p, const row_t *left, const row_t *right, row_t *product) {
  const int chunks = p > 8 ? 2 : 1;
  for (int k = 0; k < p; k++)
    UNROLL for (int x = 0; x < chunks; x++) {
      lanes_t sum = everywhere(0);
      for (int m = 0; m < p; m++) sum = fused(everywhere(left[k].at[m]), right[m].lanes[x], sum);
      product[k].lanes[x] = sum;
    }
}

INLINE void rates(int p, int q, const double *norms, const double *state, double eta, int has_noise, int halves_u,
                  int is_spherical, double *change) {
  const int chunks = p > 8 ? 2 : 1;
  parts_t o;
  row_t product[MOST], transposed[MOST], sandwich[MOST], of_r[MOST], of_s[MOST];
  double c = 1.0 / p, noise = 4 * eta * eta;
  take_apart(p, q, norms, state, &o);
  for (int t = 0; t < q; t++)
    UNROLL for (int x = 0; x < chunks; x++)
      of_r[t].lanes[x] = 2 * eta * fused(everywhere(o.delta), o.r[t].lanes[x], 2 * o.a[t].lanes[x]);
  multiply(p, o.q, o.s, product);
  multiply(p, o.s, o.q, transposed);
  if (has_noise) multiply(p, product, o.q, sandwich);
  for (int k = 0; k < p; k++)
    UNROLL for (int x = 0; x < chunks; x++) {
      lanes_t both = product[k].lanes[x] + transposed[k].lanes[x];
      lanes_t rate = 4 * eta * fused(everywhere(-c), both, o.delta * o.s[k].lanes[x]);
      if (has_noise || halves_u) {
        lanes_t u = -c / 2 * both, v = c * c * (has_noise ? sandwich[k].lanes[x] : everywhere(0));
        for (int t = 0; t < q; t++) {
          /* Symmetrised: A R^T and Q S are not symmetric by themselves, their combination is. */
          u = fused(everywhere(o.a[t].at[k] / 2), o.r[t].lanes[x],
                    fused(everywhere(o.r[t].at[k] / 2), o.a[t].lanes[x], u));
          v = fused(everywhere(o.a[t].at[k]), o.a[t].lanes[x], v);
        }
        if (has_noise) {
          lanes_t sum = fused(everywhere(4 * o.delta), u, 2 * o.loss * o.q[k].lanes[x]);
          rate = fused(everywhere(noise), fused(everywhere(8), v, sum), rate);
        }
        if (halves_u) rate = fused(everywhere(-4 * eta), u, rate);
      }
      of_s[k].lanes[x] = rate;
    }
  if (is_spherical) {
    double row_rates[MOST];
    for (int k = 0; k < p; k++) {
      double rate = of_s[k].at[k];
      for (int t = 0; t < q; t++) rate += 2 * o.r[t].at[k] * of_r[t].at[k];
      /* On the constraint this is rate / 2. Off it d(Q_kk)/dt = -4 eta (Q_kk - 1), so that errors of the integrator die out;
         without the division and the second term they grow wherever the free rows would shrink. */
      row_rates[k] = fused(4 * eta, o.q[k].at[k] - 1, rate) / (2 * o.q[k].at[k]);
    }
    for (int t = 0; t < q; t++)
      for (int k = 0; k < p; k++) of_r[t].at[k] -= row_rates[k] * o.r[t].at[k];
    for (int k = 0; k < p; k++)
      for (int l = 0; l < p; l++) of_s[k].at[l] -= (row_rates[k] + row_rates[l]) * o.s[k].at[l];
  }
  for (int k = 0; k < p; k++)
    for (int t = 0; t < q; t++) *change++ = of_r[t].at[k];
  for (int k = 0; k < p; k++)
    for (int l = 0; l <= k; l++) *change++ = of_s[k].at[l];
}

/* Widths that most runs have are known when compiled; then all others. */
INLINE void cb_overlap_rates_loops(int bits, int p, int q, const double *norms, const double *state, double eta,
                                   int has_noise, int halves_u, int is_spherical, double *change) {
  if (q == 2 && has_noise && !halves_u && !is_spherical) {
    switch (p) {
      case 2: rates(2, 2, norms, state, eta, 1, 0, 0, change); return;
      case 4: rates(4, 2, norms, state, eta, 1, 0, 0, change); return;
      case 8: rates(8, 2, norms, state, eta, 1, 0, 0, change); return;
    }
  }
  rates(p, q, norms, state, eta, has_noise, halves_u, is_spherical, change);
}

INLINE double cb_overlap_loss_loops(int bits, int p, int q, const double *norms, const double *state) {
  parts_t parts;
  take_apart(p, q, norms, state, &parts);
  return parts.loss;
}

FOR_EVERY_WIDTH(void, cb_overlap_rates,
                (int p, int q, const double *norms, const double *state, double eta, int has_noise, int halves_u,
                 int is_spherical, double *change),
                p, q, norms, state, eta, has_noise, halves_u, is_spherical, change)

FOR_EVERY_WIDTH(double, cb_overlap_loss, (int p, int q, const double *norms, const double *state), p, q, norms, state)
