// A pool of threads for work that splits into independent items, with scratch memory for each thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "arena.h"

namespace autodual {

/// Threads that share the items of one loop after another. The caller is one of them. Only one thread may call `run`
/// at a time. Which thread takes which item is not fixed, so an item's result must not depend on it.
class Pool {
 public:
  using Body = void (*)(void* context, int64_t item, int worker);

  /// `threads` counts the caller; at least 1. Scratch memory is charged to the arena.
  Pool(int threads, std::shared_ptr<Arena> arena);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  int threads() const { return threads_; }

  /// Calls body(context, item, worker) for every item in 0 … items − 1 and returns when all are done. What an item
  /// throws is thrown here once no thread works any more; items that no thread has begun are then left out.
  void run(int64_t items, Body body, void* context);

  /// At least `bytes` of memory, 64-byte aligned, that is this worker's until it asks again. Throws OutOfMemory.
  void* scratch(int worker, size_t bytes);

 private:
  struct Shared;
  int threads_;
  std::shared_ptr<Arena> arena_;
  std::unique_ptr<Shared> shared_;
};

}  // namespace autodual
