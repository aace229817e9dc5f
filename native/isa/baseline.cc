// What every machine of this architecture has: SSE2 on x86-64, NEON on 64-bit Arm.
#include "standard.h"

#define AUTODUAL_SET baseline
#define AUTODUAL_VECTOR_BYTES 16
#include "set.h"
