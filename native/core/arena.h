// Memory for tensors: blocks cut from large chunks, so that sizes that vary find their place again.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <new>
#include <set>
#include <utility>
#include <vector>

namespace autodual {

/// Thrown where the machine or a limit has no more.
class OutOfMemory : public std::bad_alloc {
 public:
  explicit OutOfMemory(size_t wanted) : wanted_(wanted) {}
  const char* what() const noexcept override { return "out of memory"; }
  /// Bytes that were asked for.
  size_t wanted() const { return wanted_; }

 private:
  size_t wanted_;
};

/// Hands out 64-byte aligned blocks, from any thread. Live bytes are those asked for. Several engines may share one, and its
/// limit.
class Arena {
 public:
  /// `limit` bounds the live bytes and what is charged, 0 is none; free pages are emptied before both together
  /// take more than it. Blocks begin `offset` bytes after the alignment (for tests; 0 otherwise).
  explicit Arena(size_t limit = 0, size_t offset = 0) : limit_(limit), offset_(offset) {}
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// Throws OutOfMemory where the machine or the limit has no more.
  void* take(size_t bytes);
  /// Takes back a block that was taken with as many bytes.
  void give(void* block, size_t bytes);

  /// Counts memory that an engine has from elsewhere for its work. Throws OutOfMemory where the limit leaves no room.
  void charge(size_t bytes);
  void discharge(size_t bytes);

  struct Use {
    size_t live, peak, charged;
  };
  /// Bytes now, and at most since the start or the last reset, which this call may do; those charged beside.
  Use use(bool resetPeak);

 private:
  struct Chunk {
    size_t size;
    /// How far it was ever used: what lies beyond has no memory yet.
    size_t used;
    /// By huge page, whether it was written to since it was last emptied; empty in chunks of less than one.
    std::vector<bool> touched{};
  };
  size_t blockBytes(size_t bytes) const;
  char* takeBlock(size_t size);
  bool addChunk(size_t size);
  bool reserve(size_t least, size_t most);
  void touch(std::map<char*, Chunk>::iterator chunk, size_t begin, size_t end);
  void emptyGaps();
  void dropIdle();
  void dropChunk(std::map<char*, Chunk>::iterator chunk);
  void addGap(char* begin, size_t size);
  void removeGap(std::map<char*, size_t>::iterator gap);

  std::mutex mutex_;
  const size_t limit_, offset_;
  size_t live_ = 0, peak_ = 0, charged_ = 0;
  /// Bytes of pages that may have memory.
  size_t resident_ = 0;
  /// By address: chunks, and the sizes of what is free within them.
  std::map<char*, Chunk> chunks_;
  std::map<char*, size_t> gaps_;
  std::set<std::pair<size_t, char*>> gapsBySize_;
  /// Bytes of chunks that are all free, as far as they were used.
  size_t idle_ = 0;
};

}  // namespace autodual
