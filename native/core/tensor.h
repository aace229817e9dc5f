// Tensors as tasks hold them: a shape over shared entries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "arena.h"

namespace autodual {

/// Entries shared by a tensor, its views, and the queued tasks that use them. Memory is taken by `allocate`, which the
/// task that fills the buffer calls, and goes back to the arena with the buffer.
class Buffer {
 public:
  Buffer(std::shared_ptr<Arena> arena, int64_t count, size_t entryBytes)
      : arena_(std::move(arena)), bytes_(static_cast<size_t>(count) * entryBytes), count_(count) {}
  ~Buffer() {
    if (data_ != nullptr && bytes_ > 0) arena_->give(data_, bytes_);
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  /// Throws OutOfMemory.
  void allocate() {
    if (data_ == nullptr && bytes_ > 0) data_ = arena_->take(bytes_);
  }

  int64_t count() const { return count_; }
  size_t bytes() const { return bytes_; }
  /// Never null once allocated; a buffer of no entries needs no memory.
  void* data() {
    alignas(64) static char none[64];
    return bytes_ == 0 ? none : data_;
  }

 private:
  std::shared_ptr<Arena> arena_;
  size_t bytes_;
  int64_t count_;
  void* data_ = nullptr;
};

/// `[features, rows]`, rows innermost; without a buffer it stands for an argument that was left out.
struct Tensor {
  std::shared_ptr<Buffer> buffer;
  int64_t features = 0;
  int64_t rows = 0;

  int64_t count() const { return features * rows; }
  explicit operator bool() const { return buffer != nullptr; }
};

}  // namespace autodual
