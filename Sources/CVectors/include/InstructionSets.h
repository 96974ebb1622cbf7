#ifndef INSTRUCTION_SETS_H
#define INSTRUCTION_SETS_H

/* For inner loops in C.
   Why C: compiled once per instruction set and chosen when the program starts, which Swift cannot express without
   machine-dependent flags; Swift compiled for the baseline takes two to four times as long.
   Why the same bits everywhere: only + - * / sqrt and conversions, each correctly rounded, in an order that is written
   down; contraction to fused multiply-add, which only some processors have, is off from here to the end of the file that
   includes this. */
#pragma STDC FP_CONTRACT OFF
/* Vectors of 64 bytes never cross a call: everything that takes them is inlined. */
#pragma clang diagnostic ignored "-Wpsabi"

#if defined(__x86_64__)
#define EVERY_INSTRUCTION_SET __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define EVERY_INSTRUCTION_SET
#endif
#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

#endif
