#include "CQuantiles.h"

#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/gamma.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <limits>

namespace {
// Exceptions must not cross into Swift: a refused argument is NaN there.
template <class Body> double guarded(Body body) {
  try {
    return body();
  } catch (...) {
    return std::numeric_limits<double>::quiet_NaN();
  }
}
}  // namespace

double cq_student_t(double p, double df) {
  return guarded([&] { return quantile(boost::math::students_t(df), p); });
}
double cq_normal(double p) {
  return guarded([&] { return quantile(boost::math::normal(), p); });
}
double cq_beta(double p, double a, double b) {
  return guarded([&] { return quantile(boost::math::beta_distribution<>(a, b), p); });
}
double cq_binomial_cdf(double k, double n, double p) {
  return guarded([&] { return cdf(boost::math::binomial(n, p), k); });
}
double cq_gamma_cdf(double x, double shape, double scale) {
  return guarded([&] { return cdf(boost::math::gamma_distribution<>(shape, scale), x); });
}
double cq_normal_cdf(double x) {
  return guarded([&] { return cdf(boost::math::normal(), x); });
}
double cq_beta_cdf(double x, double a, double b) {
  return guarded([&] { return cdf(boost::math::beta_distribution<>(a, b), x); });
}
