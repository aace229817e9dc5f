// Tensors as tasks hold them: a shape over shared entries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "arena.h"

namespace autodual {

/// Why a task failed; null where it did not.
using Failure = std::shared_ptr<const std::string>;

/// Entries shared by a tensor, its views, and the queued tasks that use them. Memory is taken by `allocate`, which the
/// task that fills the buffer calls, and goes back to the arena with the buffer.
class Buffer {
 public:
  Buffer(std::shared_ptr<Arena> arena, int64_t count, size_t entryBytes)
      : arena_(std::move(arena)), bytes_(static_cast<size_t>(count) * entryBytes), count_(count) {}
  ~Buffer() { giveBack(); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  /// Throws OutOfMemory.
  void allocate() {
    if (data_ == nullptr && bytes_ > 0) data_ = arena_->take(bytes_);
  }

  /// Why there are no entries; null where there are, or will be. As `fail`, on the engine's thread alone.
  const Failure& failure() const { return failure_; }
  /// Gives the memory back: there will be no entries. A buffer that failed before keeps its own reason.
  void fail(const Failure& why) {
    giveBack();
    if (!failure_) failure_ = why;
  }

  int64_t count() const { return count_; }
  size_t bytes() const { return bytes_; }
  /// Never null once allocated and while it has not failed; a buffer of no entries needs no memory.
  void* data() {
    alignas(64) static char none[64];
    return bytes_ == 0 ? none : data_;
  }

 private:
  void giveBack() {
    if (data_ != nullptr && bytes_ > 0) arena_->give(data_, bytes_);
    data_ = nullptr;
  }

  std::shared_ptr<Arena> arena_;
  size_t bytes_;
  int64_t count_;
  void* data_ = nullptr;
  Failure failure_;
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
