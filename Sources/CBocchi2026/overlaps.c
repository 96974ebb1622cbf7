#include "CBocchi2026.h"

#include <InstructionSets.h>

/* Innermost loops run over the student's neurons: they become vectors, and every sum over anything else keeps its order. */
enum { MOST = 16 };

/* R and A by columns, [teacher][student]; S R too. S and Q, [student][student], are symmetric, D is [teacher][teacher]. */
typedef struct {
  double r[MOST][MOST], a[MOST][MOST], image[MOST][MOST], d[MOST][MOST], s[MOST][MOST], q[MOST][MOST];
  double delta, loss;
} parts_t;

INLINE void take_apart(int p, int q, const double *state, parts_t *o) {
  double c = 1.0 / p, c_star = 1.0 / q;
  for (int k = 0; k < p; k++)
    for (int t = 0; t < q; t++) o->r[t][k] = *state++;
  double spread = 0;
  for (int k = 0; k < p; k++)
    for (int l = 0; l <= k; l++) {
      double element = *state++;
      o->s[k][l] = o->s[l][k] = element;
      spread += (k == l ? 1 : 2) * element * element;
    }
  o->delta = o->loss = 0;
  for (int t = 0; t < q; t++)
    for (int u = 0; u <= t; u++) {
      double sum = 0;
      for (int k = 0; k < p; k++) sum += o->r[t][k] * o->r[u][k];
      double element = (t == u ? c_star : 0) - c * sum;
      o->d[t][u] = o->d[u][t] = element;
      o->loss += (t == u ? 1 : 2) * element * element;
      if (t == u) o->delta += element;
    }
  for (int k = 0; k < p; k++) {
    o->delta -= c * o->s[k][k];
    for (int l = 0; l < p; l++) o->q[k][l] = o->s[k][l];
    for (int t = 0; t < q; t++)
      for (int l = 0; l < p; l++) o->q[k][l] += o->r[t][k] * o->r[t][l];
  }
  for (int t = 0; t < q; t++) {
    for (int k = 0; k < p; k++) o->image[t][k] = 0;
    for (int l = 0; l < p; l++)
      for (int k = 0; k < p; k++) o->image[t][k] += o->s[l][k] * o->r[t][l];
    for (int k = 0; k < p; k++) o->a[t][k] = -c * o->image[t][k];
    for (int u = 0; u < q; u++)
      for (int k = 0; k < p; k++) o->a[t][k] += o->r[u][k] * o->d[u][t];
  }
  double overlap = 0;
  for (int k = 0; k < p; k++)
    for (int t = 0; t < q; t++) overlap += o->r[t][k] * o->image[t][k];
  o->loss = o->delta * o->delta / 2 + o->loss + 2 * c * c * overlap + c * c * spread;
}

/* left right for symmetric `right`. */
INLINE void multiply(int p, double left[MOST][MOST], double right[MOST][MOST], double product[MOST][MOST]) {
  for (int k = 0; k < p; k++) {
    for (int l = 0; l < p; l++) product[k][l] = 0;
    for (int m = 0; m < p; m++)
      for (int l = 0; l < p; l++) product[k][l] += left[k][m] * right[m][l];
  }
}

INLINE void rates(int p, int q, const double *state, double eta, int has_noise, int halves_u, int is_spherical,
                  double *change) {
  parts_t o;
  double product[MOST][MOST], transposed[MOST][MOST], sandwich[MOST][MOST];
  double of_r[MOST][MOST], of_s[MOST][MOST];
  double c = 1.0 / p, noise = 4 * eta * eta;
  take_apart(p, q, state, &o);
  for (int t = 0; t < q; t++)
    for (int k = 0; k < p; k++) of_r[t][k] = 2 * eta * (o.delta * o.r[t][k] + 2 * o.a[t][k]);
  multiply(p, o.q, o.s, product);
  for (int k = 0; k < p; k++)
    for (int l = 0; l < p; l++) transposed[l][k] = product[k][l];
  if (has_noise) multiply(p, product, o.q, sandwich);
  for (int k = 0; k < p; k++) {
    double both[MOST], u[MOST], v[MOST];
    for (int l = 0; l < p; l++) {
      both[l] = product[k][l] + transposed[k][l];
      of_s[k][l] = 4 * eta * (o.delta * o.s[k][l] - c * both[l]);
    }
    if (!has_noise && !halves_u) continue;
    for (int l = 0; l < p; l++) u[l] = v[l] = 0;
    for (int t = 0; t < q; t++)
      for (int l = 0; l < p; l++) {
        /* Symmetrised: A R^T and Q S are not symmetric by themselves, their combination is. */
        u[l] += (o.a[t][k] * o.r[t][l] + o.a[t][l] * o.r[t][k]) / 2;
        v[l] += o.a[t][k] * o.a[t][l];
      }
    for (int l = 0; l < p; l++) u[l] -= c * both[l] / 2;
    if (has_noise)
      for (int l = 0; l < p; l++) {
        v[l] += c * c * sandwich[k][l];
        of_s[k][l] += noise * (2 * o.loss * o.q[k][l] + 4 * o.delta * u[l] + 8 * v[l]);
      }
    if (halves_u)
      for (int l = 0; l < p; l++) of_s[k][l] -= 4 * eta * u[l];
  }
  if (is_spherical) {
    double row_rates[MOST];
    for (int k = 0; k < p; k++) {
      double rate = of_s[k][k];
      for (int t = 0; t < q; t++) rate += 2 * o.r[t][k] * of_r[t][k];
      /* Q_kk = 1 on the constraint, but only division by it makes d(Q_kk)/dt = 0 off it too; without, an error of Q_kk
         grows wherever the free rows would shrink. */
      row_rates[k] = rate / (2 * o.q[k][k]);
    }
    for (int t = 0; t < q; t++)
      for (int k = 0; k < p; k++) of_r[t][k] -= row_rates[k] * o.r[t][k];
    for (int k = 0; k < p; k++)
      for (int l = 0; l < p; l++) of_s[k][l] -= (row_rates[k] + row_rates[l]) * o.s[k][l];
  }
  for (int k = 0; k < p; k++)
    for (int t = 0; t < q; t++) *change++ = of_r[t][k];
  for (int k = 0; k < p; k++)
    for (int l = 0; l <= k; l++) *change++ = of_s[k][l];
}

/* Widths that most runs have are known when compiled; then all others. */
EVERY_INSTRUCTION_SET void cb_overlap_rates(int p, int q, const double *state, double eta, int has_noise, int halves_u,
                                            int is_spherical, double *change) {
  if (q == 2 && has_noise && !halves_u && !is_spherical) {
    switch (p) {
      case 2: rates(2, 2, state, eta, 1, 0, 0, change); return;
      case 4: rates(4, 2, state, eta, 1, 0, 0, change); return;
      case 8: rates(8, 2, state, eta, 1, 0, 0, change); return;
    }
  }
  rates(p, q, state, eta, has_noise, halves_u, is_spherical, change);
}

EVERY_INSTRUCTION_SET double cb_overlap_loss(int p, int q, const double *state) {
  parts_t parts;
  take_apart(p, q, state, &parts);
  return parts.loss;
}
