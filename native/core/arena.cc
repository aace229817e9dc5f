#include "arena.h"

#include <cstdlib>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace autodual {

namespace {

constexpr size_t ALIGNMENT = 64;
constexpr size_t HUGE_PAGE = size_t{2} << 20;
constexpr size_t LEAST_HUGE = size_t{4} << 20;
/// Freed blocks are kept up to this many bytes.
constexpr size_t KEPT_MOST = size_t{1} << 30;

/// Bytes of the size class: four classes an octave, so that at most a fifth of a block is lost.
size_t classBytes(size_t bytes) {
  const size_t units = bytes == 0 ? 1 : (bytes + ALIGNMENT - 1) / ALIGNMENT;
  size_t step = 1;
  while (step * 8 < units) step *= 2;
  return (units + step - 1) / step * step * ALIGNMENT;
}

void* allocate(size_t bytes) {
  void* block = nullptr;
  const bool huge = bytes >= LEAST_HUGE;
  if (posix_memalign(&block, huge ? HUGE_PAGE : ALIGNMENT, bytes) != 0) return nullptr;
#if defined(__linux__)
  if (huge) madvise(block, bytes, MADV_HUGEPAGE);
#endif
  return block;
}

}  // namespace

Arena::~Arena() { freeKept(); }

void Arena::freeKept() {
  for (auto& [size, blocks] : kept_) {
    for (void* block : blocks) std::free(block);
  }
  kept_.clear();
  keptBytes_ = 0;
}

void* Arena::take(size_t bytes) {
  const size_t size = classBytes(bytes + offset_);
  if (size < bytes) throw std::bad_alloc();
  std::lock_guard<std::mutex> lock(mutex_);
  if (limit_ > 0 && bytes > limit_ - live_) throw std::bad_alloc();
  void* block = nullptr;
  const auto free = kept_.find(size);
  if (free != kept_.end() && !free->second.empty()) {
    block = free->second.back();
    free->second.pop_back();
    keptBytes_ -= size;
  } else {
    block = allocate(size);
    if (block == nullptr) {
      freeKept();
      block = allocate(size);
    }
    if (block == nullptr) throw std::bad_alloc();
  }
  live_ += bytes;
  if (live_ > peak_) peak_ = live_;
  return static_cast<char*>(block) + offset_;
}

void Arena::give(void* block, size_t bytes) {
  void* begin = static_cast<char*>(block) - offset_;
  const size_t size = classBytes(bytes + offset_);
  {
    std::lock_guard<std::mutex> lock(mutex_);
    live_ -= bytes;
    if (keptBytes_ + size <= KEPT_MOST) {
      kept_[size].push_back(begin);
      keptBytes_ += size;
      return;
    }
  }
  std::free(begin);
}

Arena::Use Arena::use(bool resetPeak) {
  std::lock_guard<std::mutex> lock(mutex_);
  const Use use{live_, peak_};
  if (resetPeak) peak_ = live_;
  return use;
}

}  // namespace autodual
