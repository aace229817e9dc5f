// Every activation, an activation per file; list.h names them.

#include "line-pair.h"
#include "s-shaped.h"

#include "relu.h"
#include "leaky-relu.h"
#include "hardtanh.h"
#include "tanh.h"
#include "sigmoid.h"

#define AUTODUAL_CASE(name, Struct) \
  case Function::name: return body(Struct(f));

/// Calls body with the struct of this activation; not at all with another function.
template <class Body>
inline void withActivation(const Elementwise& f, const Body& body) {
  switch (f.function) {
    AUTODUAL_ACTIVATIONS(AUTODUAL_CASE)
    default: return;
  }
}

/// Calls body with the struct of this function.
template <class Body>
inline void withFunction(const Elementwise& f, const Body& body) {
  switch (f.function) {
    AUTODUAL_ACTIVATIONS(AUTODUAL_CASE)
    AUTODUAL_OTHER_FUNCTIONS(AUTODUAL_CASE)
  }
}

#undef AUTODUAL_CASE
