#ifndef COPENBLAS_SHIM_H
#define COPENBLAS_SHIM_H
#include <cblas.h>

/* LAPACK under its Fortran names, which libopenblas itself exports. Matrices are column-major there. */
extern void dsyevd_(const char *job, const char *triangle, const int *n, double *a, const int *lda, double *values,
                    double *work, const int *work_count, int *integer_work, const int *integer_work_count, int *info);
extern void dgelqf_(const int *m, const int *n, double *a, const int *lda, double *tau, double *work,
                    const int *work_count, int *info);
extern void dorglq_(const int *m, const int *n, const int *k, double *a, const int *lda, const double *tau, double *work,
                    const int *work_count, int *info);
extern void dgesdd_(const char *job, const int *m, const int *n, double *a, const int *lda, double *values, double *u,
                    const int *ldu, double *vt, const int *ldvt, double *work, const int *work_count,
                    int *integer_work, int *info);
extern void dpotrf_(const char *triangle, const int *n, double *a, const int *lda, int *info);
extern void dgetrf_(const int *m, const int *n, double *a, const int *lda, int *pivots, int *info);
extern void dgetrs_(const char *transposition, const int *n, const int *column_count, const double *a, const int *lda,
                    const int *pivots, double *b, const int *ldb, int *info);
#endif
