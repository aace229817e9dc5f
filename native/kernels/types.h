// What kernels are called with. Tensors are pointers to `[features, rows]`, rows innermost, without gaps.
#pragma once

#include <cstdint>

#include "../core/pool.h"
#include "activations/list.h"

namespace autodual {

/// Which column of a per-example tensor `[features, columns]` each row takes; see owners.ts.
struct Owners {
  enum class Kind {
    own,      ///< row i takes column i; column and begin are null
    shared,   ///< every row takes column 0; column and begin are null
    indexed,  ///< row i takes column[i]; repeated owners come as this, too
  };
  Kind kind;
  int64_t columns;
  /// `[rows]`, each in 0 … columns − 1.
  const int32_t* column;
  /// Where columns never decrease along the rows: rows begin[c] … begin[c + 1] − 1 belong to column c, `[columns + 1]`.
  /// Null where the rows are not in order.
  const int64_t* begin;
};

/// A patch of its owner's image for every row; see crop-window.ts. Patches may reach over the image's edges.
struct Window {
  int64_t channels, height, width, patchHeight, patchWidth;
  const int32_t* top;   ///< `[rows]`
  const int32_t* left;  ///< `[rows]`
};

/// What viewers see of images: a patch each, of its example's. Rows see what their viewer sees.
struct Sight {
  Window window;    ///< of each viewer
  Owners examples;  ///< of viewers
  int64_t viewers;  ///< 0 where rows see whole columns
};

/// See geometry.ts.
struct Geometry {
  int32_t inChannels, inHeight, inWidth, outChannels, outHeight, outWidth, kernelHeight, kernelWidth;
  int32_t strideHeight, strideWidth, padTop, padLeft, dilationHeight, dilationWidth, groups;
};

/// Functions of one number; see elementwise.ts. Activations come first.
enum class Function : int32_t {
#define AUTODUAL_NAME(name, Struct) name,
  AUTODUAL_ACTIVATIONS(AUTODUAL_NAME) AUTODUAL_OTHER_FUNCTIONS(AUTODUAL_NAME)
#undef AUTODUAL_NAME
};

#define AUTODUAL_ONE(name, Struct) +1
inline constexpr int64_t ACTIVATION_COUNT = AUTODUAL_ACTIVATIONS(AUTODUAL_ONE);
inline constexpr int64_t FUNCTION_COUNT = ACTIVATION_COUNT AUTODUAL_OTHER_FUNCTIONS(AUTODUAL_ONE);
#undef AUTODUAL_ONE

/// A function with its parameters, in the order in which its definition names them.
struct Elementwise {
  Function function;
  double a, b;
};

/// A term w·x or w·|x| of a sum, where all features or all rows may share one entry; or times what `by` has there.
template <class T>
struct Weighted {
  T weight;
  bool absolute, sharesFeatures, sharesRows;
  const T *x, *by;
};

enum class Order : int32_t { one, two, infinity };

struct ProductPlan;

/// One step of ν backwards; see BackwardStep of backend.ts.
template <class T>
struct BackwardStep {
  enum class Kind { product, enclose, lines, scale, offset, gather, store, load, copy, add };
  Kind kind;
  const ProductPlan* plan;   ///< of a product
  const T* first;            ///< weights, slopes, lower slopes, scales or offsets
  const T* second;           ///< radii or upper slopes
  const T* third;            ///< shifts, or null; those that ν counts with
  const T* fourth;           ///< those that |ν| counts with
  Owners owners;             ///< of coefficients; of patches, each row's viewer
  Sight sight;
  int64_t slot;
  const int32_t* index;      ///< which features are taken, −1 for none; null for all
  int64_t features;          ///< of ν after a gather
};

/// Rows ν through steps to the norm of radius ⊙ ν, and to centreᵀν unless that is null. They start as `nu` `[features, rows]`, or
/// where that is null as the lines index[row] of `matrix` `[…, features]`.
template <class T>
struct BackwardChain {
  const T* nu;
  const T* matrix;
  const int32_t* index;
  int64_t features;
  const BackwardStep<T>* steps;
  int64_t stepCount;
  int64_t slots;  ///< that steps name
  int64_t most;   ///< features that ν has on its way
  const T* radius;
  const T* centre;
  Owners owners;
  Sight sight;
  Order order;
};

/// Which random numbers; see noise.ts.
struct Noise {
  bool normal;  ///< else Cauchy
  uint32_t key[2], stream[2];
  const int32_t* examples;  ///< whose numbers each column's runs get
};

struct AdamSettings {
  double rate, beta1, beta2, epsilon, weightDecay;
  /// 1 / (1 − βᵢ^step)
  double meanCorrection, squareCorrection;
};

struct GradientPlan;
struct MedianPlan;

}  // namespace autodual
