// By what keys an engine keeps the plans of products.
#pragma once

#include "arguments.h"

namespace autodual::operations {

/// First entries of a plan's key.
enum PlanKind : int64_t { LINEAR, LINEAR_TRANSPOSE, CONV2D, CONV2D_TRANSPOSE };

inline std::vector<int64_t> keyOf(PlanKind kind, const Geometry& g) {
  return {kind,          g.inChannels,   g.inHeight,    g.inWidth,  g.outChannels, g.outHeight,      g.outWidth,
          g.kernelHeight, g.kernelWidth, g.strideHeight, g.strideWidth, g.padTop,   g.padLeft,        g.dilationHeight,
          g.dilationWidth, g.groups};
}

}  // namespace autodual::operations
