// Tables that JavaScript passes with an operation, copied, as queued tasks hold them.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "../kernels/types.h"

namespace autodual {

using Indices = std::shared_ptr<const std::vector<int32_t>>;

/// Columns by row, and where each column's rows begin if they are in order; see `Owners`.
struct OwnerColumns {
  Indices column;
  std::vector<int64_t> begin;
};

/// Owners of `rows` rows among `columns` columns, checked. Repeated owners get their table when a task first needs it.
struct OwnerTable {
  enum class Kind { own, shared, indexed, repeated };
  Kind kind = Kind::own;
  int64_t rows = 0, columns = 0;
  Indices column;     ///< of indexed owners
  int64_t times = 0;  ///< of repeated owners
};

/// A window that owns its table of positions.
struct WindowTable {
  int64_t channels = 0, height = 0, width = 0, patchHeight = 0, patchWidth = 0;
  Indices top, left;

  int64_t rows() const { return static_cast<int64_t>(top->size()); }
  int64_t imageFeatures() const { return channels * height * width; }
  int64_t patchFeatures() const { return channels * patchHeight * patchWidth; }
  Window window() const {
    return {channels, height, width, patchHeight, patchWidth, top->data(), left->data()};
  }
};

}  // namespace autodual
