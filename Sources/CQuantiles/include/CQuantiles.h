#ifndef CQUANTILES_H
#define CQUANTILES_H
#ifdef __cplusplus
extern "C" {
#endif
/* Quantiles from Boost.Math; NaN where the arguments are outside the domain. */
double cq_student_t(double probability, double degrees_of_freedom);
double cq_normal(double probability);
double cq_beta(double probability, double a, double b);
/* Distribution functions. */
double cq_binomial_cdf(double successes, double trials, double probability);
double cq_normal_cdf(double x);
double cq_beta_cdf(double x, double a, double b);
double cq_gamma_cdf(double x, double shape, double scale);
#ifdef __cplusplus
}
#endif
#endif
