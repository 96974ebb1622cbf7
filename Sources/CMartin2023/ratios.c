#include "CMartin2023.h"

#include <InstructionSets.h>
#include <string.h>

typedef double chunk_t __attribute__((vector_size(64)));

INLINE chunk_t load(const double *p) {
  chunk_t value;
  memcpy(&value, p, 64);
  return value;
}

/* Why groups of four on a common denominator: divisions are most of the cost, and one for four ratios halves the time. */
INLINE double sum_of_ratios(const double *y, size_t count, double q, double rho) {
  double rest = 1 - q, weight = rho - q;
  chunk_t sums = {0};
  for (size_t i = 0; i < count; i += 32) {
    chunk_t y1 = load(y + i), y2 = load(y + i + 8), y3 = load(y + i + 16), y4 = load(y + i + 24);
    chunk_t below1 = q + weight * y1, below2 = q + weight * y2, below3 = q + weight * y3, below4 = q + weight * y4;
    chunk_t above12 = (q + rest * y1) * below2 + (q + rest * y2) * below1;
    chunk_t above34 = (q + rest * y3) * below4 + (q + rest * y4) * below3;
    chunk_t below12 = below1 * below2, below34 = below3 * below4;
    sums += (above12 * below34 + above34 * below12) / (below12 * below34);
  }
  double sum = 0;
  for (int lane = 0; lane < 8; lane++) sum += sums[lane];
  return sum;
}

EVERY_INSTRUCTION_SET
double cm_sum_of_ratios(const double *y, size_t count, double q, double rho) {
  return sum_of_ratios(y, count, q, rho);
}
