// Memory for tensors: blocks in size classes that are kept for reuse.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <vector>

namespace autodual {

/// Hands out 64-byte aligned blocks, from any thread. Live bytes are those asked for, not those of the size class.
class Arena {
 public:
  /// `limit` bounds the live bytes, 0 is none. Blocks begin `offset` bytes after the alignment (for tests; 0 otherwise).
  explicit Arena(size_t limit = 0, size_t offset = 0) : limit_(limit), offset_(offset) {}
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// Throws std::bad_alloc where the machine or the limit has no more.
  void* take(size_t bytes);
  /// Takes back a block that was taken with as many bytes.
  void give(void* block, size_t bytes);

  struct Use {
    size_t live, peak;
  };
  /// Bytes now, and at most since the start or the last reset, which this call may do.
  Use use(bool resetPeak);

 private:
  void freeKept();

  std::mutex mutex_;
  const size_t limit_, offset_;
  size_t live_ = 0, peak_ = 0, keptBytes_ = 0;
  std::map<size_t, std::vector<void*>> kept_;
};

}  // namespace autodual
