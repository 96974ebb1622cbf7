#include "CMartin2023.h"

#include <InstructionSets.h>
#include <string.h>

typedef double chunk_t __attribute__((vector_size(64)));

INLINE chunk_t load(const double *p) {
  chunk_t value;
  memcpy(&value, p, 64);
  return value;
}

INLINE chunk_t everywhere(double value) {
  return (chunk_t){value, value, value, value, value, value, value, value};
}

/* Why groups of four on a common denominator: divisions are most of the cost, and one for four ratios halves the time. */
INLINE double cm_sum_of_ratios_loops(int bits, const double *y, size_t count, double q, double rho) {
  chunk_t level = everywhere(q), rest = everywhere(1 - q), weight = everywhere(rho - q);
  chunk_t sums = {0};
  for (size_t i = 0; i < count; i += 32) {
    chunk_t y1 = load(y + i), y2 = load(y + i + 8), y3 = load(y + i + 16), y4 = load(y + i + 24);
    chunk_t below1 = fused(weight, y1, level), below2 = fused(weight, y2, level);
    chunk_t below3 = fused(weight, y3, level), below4 = fused(weight, y4, level);
    chunk_t above12 = fused(fused(rest, y1, level), below2, fused(rest, y2, level) * below1);
    chunk_t above34 = fused(fused(rest, y3, level), below4, fused(rest, y4, level) * below3);
    chunk_t below12 = below1 * below2, below34 = below3 * below4;
    sums += fused(above12, below34, above34 * below12) / (below12 * below34);
  }
  double sum = 0;
  for (int lane = 0; lane < 8; lane++) sum += sums[lane];
  return sum;
}

FOR_EVERY_WIDTH(double, cm_sum_of_ratios, (const double *y, size_t count, double q, double rho), y, count, q, rho)
