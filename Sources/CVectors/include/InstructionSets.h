#ifndef INSTRUCTION_SETS_H
#define INSTRUCTION_SETS_H

/* For inner loops in C.
   Why C: compiled for vectors of 256 and of 512 bits and chosen when the program runs, which Swift cannot express without
   machine-dependent flags; Swift compiled for the baseline takes two to four times as long.
   Why the same bits everywhere: only + - * / sqrt, conversions and fused multiply-add, each correctly rounded, in an order
   that is written down. What is fused says so, fused(a, b, c); the compiler's own contraction is off from here to the end
   of the file that includes this. */
#pragma STDC FP_CONTRACT OFF
/* Vectors of 64 bytes never cross a call: everything that takes them is inlined. */
#pragma clang diagnostic ignored "-Wpsabi"

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

/* a b + c, rounded once, of numbers or of vectors. */
#define fused(a, b, c) __builtin_elementwise_fma(a, b, c)

/* The vectors that loops use, in bits: 512 with AVX-512, 256 with AVX2 and FMA. On x86-64 without these it is 0, and loops
   end the program with a message. Other processors have one version of every loop, written for 256. */
extern int cv_vector_bits;
_Noreturn void cv_refuse_processor(void);

/* Defines the function `name`, which calls the inlined name_loops(bits, arguments...) in the version for the vectors in
   use, `bits` their constant width. */
#if defined(__x86_64__)
#define FOR_EVERY_WIDTH(result, name, parameters, ...)                                                 \
  __attribute__((target("avx2,fma"))) static result name##_256 parameters {                            \
    return name##_loops(256, __VA_ARGS__);                                                             \
  }                                                                                                    \
  __attribute__((target("avx512f,avx512dq,avx512vl"))) static result name##_512 parameters {           \
    return name##_loops(512, __VA_ARGS__);                                                             \
  }                                                                                                    \
  result name parameters {                                                                             \
    if (cv_vector_bits == 512) return name##_512(__VA_ARGS__);                                         \
    if (cv_vector_bits == 256) return name##_256(__VA_ARGS__);                                         \
    cv_refuse_processor();                                                                             \
  }
#else
#define FOR_EVERY_WIDTH(result, name, parameters, ...) \
  result name parameters { return name##_loops(256, __VA_ARGS__); }
#endif

#endif
