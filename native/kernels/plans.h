// Index tables that depend on geometry alone: made once, used by kernels of every instruction set.
#pragma once

#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

#include "types.h"

namespace autodual {

/// out[o] of each position is a sum over taps: weight(output o, tap k) · x[feature of tap k].
struct ProductPlan {
  /// Weights packed for the micro-kernel: entry (o, k) comes from weight[outputs[o] + taps[k]].
  struct Pack {
    std::vector<int64_t> outputs;
    std::vector<int64_t> taps;
  };
  /// Positions whose taps and outputs are the same but for a shift.
  struct Shape {
    int32_t pack;
    int32_t outputs;
    /// Each tap: its number in the pack, and its feature of x relative to the position's first.
    std::vector<int32_t> tap, feature;
    /// Each output's feature of the result relative to the position's.
    std::vector<int64_t> outFeature;
    /// Each output's entry of the bias; empty where there is never one.
    std::vector<int64_t> bias;
  };
  struct Position {
    int32_t shape;
    int64_t feature;     ///< of x, to which a tap's is added
    int64_t outFeature;  ///< of the result
  };
  std::vector<Pack> packs;
  std::vector<Shape> shapes;
  std::vector<Position> positions;
  /// Features of the result that no tap reaches: they hold their bias, or 0 where that is −1.
  struct Empty {
    int64_t outFeature, bias;
  };
  std::vector<Empty> empty;
  int64_t inFeatures = 0, outFeatures = 0;
  int64_t multiplyAdds = 0;  ///< a row
  /// Channels of x, or features of a matrix: a position's taps are as many of each, one after the other. 0 where sums
  /// cannot be cut between them.
  int64_t units = 0;
  /// Features of a unit that neighbouring positions read.
  int64_t unitReach = 1;
};

/// gradient(o, k) = Σ over positions and rows of y[output o] · x[tap k].
struct GradientPlan {
  /// A matrix product; else the gradient is that of a convolution's weights.
  bool linear = false;
  ProductPlan convolution;
  int64_t inFeatures = 0, outFeatures = 0;
  int64_t multiplyAdds = 0;  ///< a row
};

/// A sorting network for two lists, and which entry of both together is the median.
struct MedianPlan {
  int32_t times = 0;
  /// Entries of the first list; the others are the second.
  int32_t first = 0;
  /// The median is the `rank`-th smallest: the least over i = least … most of the larger of the first list's i-th entry
  /// and the second's (rank − i)-th.
  int32_t rank = 0, least = 0, most = 0;
  /// x[low], x[high] ← min, max.
  struct Comparator {
    int32_t low, high;
  };
  /// What is left of it once the whole runs of 8 or 16 entries, from the first on, are sorted.
  std::vector<Comparator> afterRunsOf8, afterRunsOf16;
};

ProductPlan planLinear(int64_t outputs, int64_t inputs);
ProductPlan planLinearTranspose(int64_t outputs, int64_t inputs);
ProductPlan planConv2d(const Geometry&);
ProductPlan planConv2dTranspose(const Geometry&);
GradientPlan planLinearGradient(int64_t outputs, int64_t inputs);
GradientPlan planConv2dGradient(const Geometry&);
MedianPlan planMedian(int32_t times);

}  // namespace autodual
