// A random walk as a program of refig, without any library. The protocol is refig's docs/protocol.md.
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Random numbers: xoshiro256++ (Blackman and Vigna), seeded by splitmix64 from the 128 bits of a replica.
static uint64_t state[4];

static uint64_t rotated(uint64_t x, int k) { return x << k | x >> (64 - k); }

static uint64_t mixed(uint64_t *x) {
  uint64_t z = *x += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

static void seed(const char *key) {  // 32 hexadecimal digits
  char half[17] = {0};
  for (int i = 0; i < 2; i++) {
    uint64_t x = strtoull(memcpy(half, key + 16 * i, 16), NULL, 16);
    for (int j = 0; j < 2; j++) state[2 * i + j] = mixed(&x);
  }
}

static double uniform(void) {  // above 0, at most 1
  uint64_t result = rotated(state[0] + state[3], 23) + state[0], t = state[1] << 17;
  state[2] ^= state[0];
  state[3] ^= state[1];
  state[1] ^= state[2];
  state[0] ^= state[3];
  state[2] ^= t;
  state[3] = rotated(state[3], 45);
  return ((result >> 11) + 1) * 0x1p-53;
}

static double normal(void) { return sqrt(-2 * log(uniform())) * cos(6.283185307179586 * uniform()); }

// What stands behind "name": in a request. Names of parameters must differ from the protocol's own.
static const char *value(const char *request, const char *name) {
  char wanted[64];
  snprintf(wanted, sizeof wanted, "\"%s\":", name);
  const char *found = strstr(request, wanted);
  return found ? found + strlen(wanted) : "";
}

int main(void) {
  FILE *requests = fdopen(3, "r"), *answers = fdopen(4, "w");
  if (!requests || !answers) return fprintf(stderr, "refig starts this program\n"), 1;
  char *request = NULL;
  size_t size = 0;
  while (getline(&request, &size, requests) > 0) {
    long steps = strtol(value(request, "steps"), NULL, 10);
    double bias = strncmp(value(request, "mutant"), "\"biased\"", 8) == 0 ? 0.25 : 0;
    long number = strtol(value(request, "request"), NULL, 10);
    if (steps < 1) {
      fprintf(answers, "{\"request\":%ld,\"error\":\"steps must be at least 1\"}\n", number);
      fflush(answers);
      continue;
    }
    // "keys":["0123…","4567…"]: one key for each replica, every 35 characters.
    const char *keys = value(request, "keys") + 2;
    long replicas = (strchr(keys, ']') - keys + 2) / 35;
    fprintf(answers, "{\"request\":%ld,\"arrays\":[{\"name\":\"squaredDistance\",\"shape\":[%ld]}]}\n", number, replicas);
    for (long replica = 0; replica < replicas; replica++) {
      seed(keys + 35 * replica);
      double end = 0;
      for (long step = 0; step < steps; step++) end += bias + normal();
      double squared = end * end;
      fwrite(&squared, sizeof squared, 1, answers);  // little-endian, as this machine is
    }
    fflush(answers);
  }
  return 0;
}
