#ifndef CMARTIN2023_H
#define CMARTIN2023_H

#include <stddef.h>

/* Sum over i of (q + (1 - q) y[i]) / (q + (rho - q) y[i]); `count` is a multiple of 32. The same bits on every
   instruction set. */
double cm_sum_of_ratios(const double *y, size_t count, double q, double rho);

#endif
