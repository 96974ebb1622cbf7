#include "CKernels.h"

#include <InstructionSets.h>
#include <string.h>

typedef uint64_t words_t __attribute__((vector_size(64)));
typedef double reals_t __attribute__((vector_size(64)));

#define LOW_HALF 0xffffffffull
#define EXPONENT_OF_ONE 0x3ff0000000000000ull
#define MANTISSA 0x000fffffffffffffull
#define SQRT_HALF 0x3fe6a09e667f3bcdull /* the bits of sqrt(1/2) */
#define UNIFORM_BLOCKS (1ull << 63)

INLINE reals_t reals_of_bits(words_t bits) {
  reals_t value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

INLINE words_t bits_of_reals(reals_t value) {
  words_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

INLINE words_t everywhere(uint64_t value) { return (words_t){0} + value; }
INLINE reals_t constant(double value) {
  return (reals_t){value, value, value, value, value, value, value, value};
}

/* Ten rounds on the counter (index low, index high, stream low, stream high); every lane holds 32 bits of counter in its
   low half, and in its high half what no later operation looks at. Multipliers and key increments are those of the
   paper. */
INLINE void philox(words_t counter[4], uint64_t key) {
  uint32_t key_low = (uint32_t)key, key_high = (uint32_t)(key >> 32);
  UNROLL for (int round = 0; round < 10; round++) {
    words_t first = (counter[0] & LOW_HALF) * 0xD2511F53ull;
    words_t second = (counter[2] & LOW_HALF) * 0xCD9E8D57ull;
    counter[0] = (second >> 32) ^ (counter[1] ^ (uint64_t)key_low);
    counter[2] = (first >> 32) ^ (counter[3] ^ (uint64_t)key_high);
    counter[1] = second;
    counter[3] = first;
    key_low += 0x9E3779B9u;
    key_high += 0xBB67AE85u;
  }
}

/* The two 64-bit words of each of the blocks first_block .. first_block + 7. */
INLINE void blocks(uint64_t key, uint64_t stream, uint64_t first_block, words_t *first, words_t *second) {
  words_t index = (words_t){0, 1, 2, 3, 4, 5, 6, 7} + first_block;
  words_t counter[4] = {index & LOW_HALF, index >> 32, everywhere(stream & LOW_HALF), everywhere(stream >> 32)};
  philox(counter, key);
  *first = (counter[0] & LOW_HALF) | (counter[1] << 32);
  *second = (counter[2] & LOW_HALF) | (counter[3] << 32);
}

/* (k + 1/2) / 2^52 from the top 52 bits k: put them into the mantissa of a number in [1, 2) and subtract 1 - 2^-53,
   which is exact. Never 0, never 1. */
INLINE reals_t uniform(words_t word) {
  return reals_of_bits((word >> 12) | EXPONENT_OF_ONE) - (1.0 - 0x1p-53);
}

/* log(x) for normal positive x: x = 2^k m with m in [sqrt(1/2), sqrt(2)), then the minimax polynomial and the split of
   log 2 of fdlibm's e_log.c (Sun Microsystems, 1993). */
INLINE reals_t logarithm(reals_t x) {
  /* Adding the distance from sqrt(1/2) to 1 carries into the exponent exactly when the mantissa exceeds sqrt(2)/2. */
  words_t shifted = bits_of_reals(x) + (EXPONENT_OF_ONE - SQRT_HALF);
  /* An integer below 2^52 becomes a double when it is the mantissa of 2^52. */
  reals_t k = reals_of_bits((shifted >> 52) | 0x4330000000000000ull) - (0x1p52 + 1023.0);
  reals_t f = reals_of_bits((shifted & MANTISSA) + SQRT_HALF) - 1.0;
  reals_t s = f / (2.0 + f), z = s * s, w = z * z;
#define NEXT(number, sum) fused(w, sum, constant(number))
  reals_t even = w * NEXT(3.999999999940941908e-01,
                          NEXT(2.222219843214978396e-01, constant(1.531383769920937332e-01)));
  reals_t odd = z * NEXT(6.666666666666735130e-01,
                         NEXT(2.857142874366239149e-01,
                              NEXT(1.818357216161805012e-01, constant(1.479819860511658591e-01))));
  reals_t half_square = 0.5 * f * f;
  reals_t tail = fused(s, half_square + (even + odd), k * 1.90821492927058770002e-10);
  return fused(k, constant(6.93147180369123816490e-01), f - (half_square - tail));
}

/* sin(y) and cos(y) for y in [0, pi/4], minimax polynomials of fdlibm's k_sin.c and k_cos.c. */
INLINE void sine_and_cosine(reals_t y, reals_t *sine, reals_t *cosine) {
  reals_t q = y * y;
#define THEN(number, sum) fused(q, sum, constant(number))
  reals_t s = THEN(8.33333333332248946124e-03,
                   THEN(-1.98412698298579493134e-04,
                        THEN(2.75573137070700676789e-06,
                             THEN(-2.50507602534068634195e-08, constant(1.58969099521155010221e-10)))));
  *sine = fused(y * q, THEN(-1.66666666666666324348e-01, s), y);
  reals_t c = THEN(-1.38888888888741095749e-03,
                   THEN(2.48015872894767294178e-05,
                        THEN(-2.75573143513906633035e-07,
                             THEN(2.08757232129817482790e-09, constant(-1.13596475577881948265e-11)))));
  *cosine = fused(q * q, THEN(4.16666666666666019037e-02, c), fused(constant(-0.5), q, constant(1.0)));
}

/* Box and Muller: radius from the first word; from the second its low three bits choose one of eight octants and its
   top 52 bits the place within it. (The octants are reached by swapping and negating sine and cosine.) */
INLINE void normal_group(double *out, uint64_t key, uint64_t stream, uint64_t group) {
  words_t first, second;
  blocks(key, stream, 8 * group, &first, &second);
  reals_t radius = __builtin_elementwise_sqrt(-2.0 * logarithm(uniform(first)));
  reals_t sine, cosine;
  sine_and_cosine(uniform(second) * 0.78539816339744830962, &sine, &cosine);
  words_t s = bits_of_reals(sine), c = bits_of_reals(cosine);
  words_t exchanged = (s ^ c) & -(second & 1);
  s = s ^ exchanged ^ ((second & 4) << 61);
  c = c ^ exchanged ^ ((second & 2) << 62);
  reals_t along = radius * reals_of_bits(c), across = radius * reals_of_bits(s);
  memcpy(out, &along, 64);
  memcpy(out + 8, &across, 64);
}

INLINE void word_group(uint64_t *out, uint64_t key, uint64_t stream, uint64_t group) {
  words_t first, second;
  blocks(key, stream, UNIFORM_BLOCKS + 8 * group, &first, &second);
  memcpy(out, &first, 64);
  memcpy(out + 8, &second, 64);
}

INLINE void uniform_group(double *out, uint64_t key, uint64_t stream, uint64_t group) {
  words_t first, second;
  blocks(key, stream, UNIFORM_BLOCKS + 8 * group, &first, &second);
  reals_t low = uniform(first), high = uniform(second);
  memcpy(out, &low, 64);
  memcpy(out + 8, &high, 64);
}

INLINE void ck_normals_loops(int bits, double *out, size_t count, uint64_t key, uint64_t stream, uint64_t first) {
  for (size_t i = 0; i < count; i++) normal_group(out + 16 * i, key, stream, first + i);
}

INLINE void ck_words_loops(int bits, uint64_t *out, size_t count, uint64_t key, uint64_t stream, uint64_t first) {
  for (size_t i = 0; i < count; i++) word_group(out + 16 * i, key, stream, first + i);
}

INLINE void ck_uniforms_loops(int bits, double *out, size_t count, uint64_t key, uint64_t stream, uint64_t first) {
  for (size_t i = 0; i < count; i++) uniform_group(out + 16 * i, key, stream, first + i);
}

FOR_EVERY_WIDTH(void, ck_normals,
                (double *out, size_t group_count, uint64_t key, uint64_t stream, uint64_t first_group), out, group_count,
                key, stream, first_group)
FOR_EVERY_WIDTH(void, ck_words,
                (uint64_t *out, size_t group_count, uint64_t key, uint64_t stream, uint64_t first_group), out, group_count,
                key, stream, first_group)
FOR_EVERY_WIDTH(void, ck_uniforms,
                (double *out, size_t group_count, uint64_t key, uint64_t stream, uint64_t first_group), out, group_count,
                key, stream, first_group)

double ck_uniform_of_word(uint64_t word) { return (double)(word >> 12) * 0x1p-52 + 0x1p-53; }

void ck_philox_block(const uint32_t counter[4], const uint32_t key[2], uint32_t block[4]) {
  words_t lanes[4];
  for (int i = 0; i < 4; i++) lanes[i] = everywhere(counter[i]);
  philox(lanes, (uint64_t)key[0] | (uint64_t)key[1] << 32);
  for (int i = 0; i < 4; i++) block[i] = (uint32_t)lanes[i][0];
}
