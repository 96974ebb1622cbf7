#ifndef COPENBLAS_H
#define COPENBLAS_H

/* OpenBLAS, loaded when it is first needed, after the environment was set for it.
   Why not linked: it chooses its kernels while it is loaded, by the processor and by variables of the environment, and
   other kernels round differently in the last bit. A linked library is loaded before any of our code can run. */

typedef enum { CblasRowMajor = 101 } co_order;
typedef enum { CblasNoTrans = 111, CblasTrans = 112 } co_transposition;
typedef enum { CblasUpper = 121, CblasLower = 122 } co_triangle;
typedef enum { CblasNonUnit = 131 } co_diagonal;
typedef enum { CblasLeft = 141 } co_side;

/* The routines in use. LAPACK's know column-major matrices only, and take all arguments by reference. */
typedef struct {
  const char *_Nonnull (*_Nonnull core_name)(void);
  const char *_Nonnull (*_Nonnull configuration)(void);
  void (*_Nonnull dgemm)(co_order, co_transposition, co_transposition, int m, int n, int k, double alpha,
                         const double *_Nonnull a, int lda, const double *_Nonnull b, int ldb, double beta,
                         double *_Nonnull c, int ldc);
  void (*_Nonnull dsyrk)(co_order, co_triangle, co_transposition, int n, int k, double alpha,
                         const double *_Nonnull a, int lda, double beta, double *_Nonnull c, int ldc);
  void (*_Nonnull dgemv)(co_order, co_transposition, int m, int n, double alpha, const double *_Nonnull a, int lda,
                         const double *_Nonnull x, int x_step, double beta, double *_Nonnull y, int y_step);
  double (*_Nonnull ddot)(int n, const double *_Nonnull x, int x_step, const double *_Nonnull y, int y_step);
  void (*_Nonnull daxpy)(int n, double alpha, const double *_Nonnull x, int x_step, double *_Nonnull y, int y_step);
  void (*_Nonnull dtrsm)(co_order, co_side, co_triangle, co_transposition, co_diagonal, int m, int n, double alpha,
                         const double *_Nonnull a, int lda, double *_Nonnull b, int ldb);
  void (*_Nonnull dsyevd)(const char *_Nonnull job, const char *_Nonnull triangle, const int *_Nonnull n,
                          double *_Nonnull a, const int *_Nonnull lda, double *_Nonnull values, double *_Nonnull work,
                          const int *_Nonnull work_count, int *_Nonnull integer_work,
                          const int *_Nonnull integer_work_count, int *_Nonnull info);
  void (*_Nonnull dgelqf)(const int *_Nonnull m, const int *_Nonnull n, double *_Nonnull a, const int *_Nonnull lda,
                          double *_Nonnull tau, double *_Nonnull work, const int *_Nonnull work_count,
                          int *_Nonnull info);
  void (*_Nonnull dorglq)(const int *_Nonnull m, const int *_Nonnull n, const int *_Nonnull k, double *_Nonnull a,
                          const int *_Nonnull lda, const double *_Nonnull tau, double *_Nonnull work,
                          const int *_Nonnull work_count, int *_Nonnull info);
  void (*_Nonnull dgesdd)(const char *_Nonnull job, const int *_Nonnull m, const int *_Nonnull n, double *_Nonnull a,
                          const int *_Nonnull lda, double *_Nonnull values, double *_Nullable u,
                          const int *_Nonnull ldu, double *_Nullable vt, const int *_Nonnull ldvt,
                          double *_Nonnull work, const int *_Nonnull work_count, int *_Nonnull integer_work,
                          int *_Nonnull info);
  void (*_Nonnull dpotrf)(const char *_Nonnull triangle, const int *_Nonnull n, double *_Nonnull a,
                          const int *_Nonnull lda, int *_Nonnull info);
  void (*_Nonnull dgetrf)(const int *_Nonnull m, const int *_Nonnull n, double *_Nonnull a, const int *_Nonnull lda,
                          int *_Nonnull pivots, int *_Nonnull info);
  void (*_Nonnull dgetrs)(const char *_Nonnull transposition, const int *_Nonnull n, const int *_Nonnull column_count,
                          const double *_Nonnull a, const int *_Nonnull lda, const int *_Nonnull pivots,
                          double *_Nonnull b, const int *_Nonnull ldb, int *_Nonnull info);
} co_routines;

/* Loads the library if that was not done. Without it the program ends with a message and status 6, as it would end in
   the dynamic linker if it were linked. */
co_routines co_load(void);

/* Why the library cannot be loaded; null if it can. */
const char *_Nullable co_loading_error(void);

/* Whether this is an x86-64 with AVX2 and FMA. */
int co_has_avx2_and_fma(void);

/* The processor's architecture, and name and version of the C library, with the tunables under which it chooses its
   functions by other things than the processor. */
const char *_Nonnull co_architecture(void);
const char *_Nonnull co_c_library(void);

#endif
