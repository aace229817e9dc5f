#include "arena.h"

#include <iterator>

#include "pages.h"

namespace autodual {

namespace {

constexpr size_t ALIGNMENT = 64;
/// Kernels load whole vectors at the end of a tensor.
constexpr size_t READ_BEYOND = 64;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// Every block from the system, and back at once: the sanitizer sees where each begins and ends.
constexpr size_t CHUNK = ALIGNMENT, RESERVE = 0, IDLE_MOST = 0;
constexpr bool KEEPS_PEAK = false;
#else
/// The first chunk's size.
constexpr size_t CHUNK = 16 * HUGE_PAGE;
#if defined(__linux__)
/// Addresses that the next one takes, where there are so many: pages that were never touched cost nothing, and tensors
/// of any size join the gaps beside them when they go.
constexpr size_t RESERVE = size_t{1} << 36;
#else
constexpr size_t RESERVE = 0;
#endif
/// Chunks that are all free are kept up to this many bytes, or to one and a half times the most that was alive at once.
constexpr size_t IDLE_MOST = size_t{512} << 20;
constexpr bool KEEPS_PEAK = true;
#endif

size_t roundUp(size_t bytes, size_t to) { return (bytes + to - 1) / to * to; }

}  // namespace

Arena::~Arena() {
  for (const auto& [begin, chunk] : chunks_) givePages(begin, chunk.size);
}

void* Arena::take(size_t bytes) {
  const size_t size = blockBytes(bytes);
  if (size < bytes) throw OutOfMemory(bytes);
  std::lock_guard<std::mutex> lock(mutex_);
  if (limit_ > 0 && bytes > limit_ - live_ - charged_) throw OutOfMemory(bytes);
  char* block = takeBlock(size);
  live_ += bytes;
  if (live_ > peak_) peak_ = live_;
  return block + offset_;
}

void Arena::give(void* block, size_t bytes) {
  std::lock_guard<std::mutex> lock(mutex_);
  live_ -= bytes;
  addGap(static_cast<char*>(block) - offset_, blockBytes(bytes));
}

void Arena::charge(size_t bytes) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (limit_ > 0 && bytes > limit_ - live_ - charged_) throw OutOfMemory(bytes);
  charged_ += bytes;
  if (limit_ > 0 && resident_ + charged_ > limit_) emptyGaps();
}

void Arena::discharge(size_t bytes) {
  std::lock_guard<std::mutex> lock(mutex_);
  charged_ -= bytes;
}

size_t Arena::blockBytes(size_t bytes) const { return roundUp(bytes + offset_ + READ_BEYOND, ALIGNMENT); }

/// Of the smallest gap that is large enough, the lowest.
char* Arena::takeBlock(size_t size) {
  auto found = gapsBySize_.lower_bound({size, nullptr});
  if (found == gapsBySize_.end()) {
    if (!addChunk(size)) throw OutOfMemory(size);
    found = gapsBySize_.lower_bound({size, nullptr});
  }
  const auto [gapSize, begin] = *found;
  const auto chunk = std::prev(chunks_.upper_bound(begin));
  if (chunk->first == begin && chunk->second.size == gapSize) idle_ -= chunk->second.used;
  removeGap(gaps_.find(begin));
  const size_t end = static_cast<size_t>(begin - chunk->first) + size;
  if (end > chunk->second.used) chunk->second.used = end;
  if (gapSize > size) {
    gaps_.emplace(begin + size, gapSize - size);
    gapsBySize_.emplace(gapSize - size, begin + size);
  }
  touch(chunk, end - size, end);
  if (limit_ > 0 && resident_ + charged_ > limit_) emptyGaps();
  return begin;
}

/// Counts the pages of a block that is about to be written to.
void Arena::touch(std::map<char*, Chunk>::iterator chunk, size_t begin, size_t end) {
  std::vector<bool>& touched = chunk->second.touched;
  for (size_t page = begin / HUGE_PAGE; page < touched.size() && page * HUGE_PAGE < end; page++) {
    if (touched[page]) continue;
    touched[page] = true;
    resident_ += HUGE_PAGE;
  }
}

/// Empties all pages that are free from end to end.
void Arena::emptyGaps() {
  for (const auto& [begin, size] : gaps_) {
    const auto chunk = std::prev(chunks_.upper_bound(begin));
    std::vector<bool>& touched = chunk->second.touched;
    const auto first = static_cast<size_t>(begin - chunk->first);
    const size_t endPage = (first + size) / HUGE_PAGE;
    for (size_t page = roundUp(first, HUGE_PAGE) / HUGE_PAGE; page < endPage && page < touched.size();) {
      if (!touched[page]) {
        // Beyond what was ever used there is nothing to find.
        if (page * HUGE_PAGE >= chunk->second.used) break;
        page++;
        continue;
      }
      size_t end = page;
      while (end < endPage && end < touched.size() && touched[end]) end++;
      if (!emptyPages(chunk->first + page * HUGE_PAGE, (end - page) * HUGE_PAGE)) return;
      for (; page < end; page++) {
        touched[page] = false;
        resident_ -= HUGE_PAGE;
      }
    }
  }
}

/// Gives back what is idle before it gives up.
bool Arena::addChunk(size_t size) {
  const size_t least = roundUp(size, size > CHUNK && CHUNK >= HUGE_PAGE ? HUGE_PAGE : ALIGNMENT);
  if (least < size) return false;
  const size_t most = chunks_.empty() && size <= CHUNK ? CHUNK : RESERVE;
  if (reserve(least, most)) return true;
  dropIdle();
  return reserve(least, least);
}

/// A chunk of `most` bytes, or as many as there are; at least `least`.
bool Arena::reserve(size_t least, size_t most) {
  for (size_t bytes = most > least ? most : least;; bytes = bytes / 2 > least ? bytes / 2 : least) {
    char* begin = static_cast<char*>(takePages(bytes));
    if (begin != nullptr) {
      chunks_.emplace(begin, Chunk{bytes, 0, std::vector<bool>(bytes / HUGE_PAGE)});
      gaps_.emplace(begin, bytes);
      gapsBySize_.emplace(bytes, begin);
      return true;
    }
    if (bytes == least) return false;
  }
}

void Arena::dropIdle() {
  for (auto chunk = chunks_.begin(); chunk != chunks_.end();) {
    const auto next = std::next(chunk);
    const auto gap = gaps_.find(chunk->first);
    if (gap != gaps_.end() && gap->second == chunk->second.size) dropChunk(chunk);
    chunk = next;
  }
}

void Arena::dropChunk(std::map<char*, Chunk>::iterator found) {
  char* const begin = found->first;
  const Chunk& chunk = found->second;
  removeGap(gaps_.find(begin));
  idle_ -= chunk.used;
  for (const bool touched : chunk.touched) resident_ -= touched ? HUGE_PAGE : 0;
  const size_t size = chunk.size;
  chunks_.erase(found);
  givePages(begin, size);
}

/// Joins what is free with the gaps beside it, within their chunk.
void Arena::addGap(char* begin, size_t size) {
  const auto chunk = std::prev(chunks_.upper_bound(begin));
  char* const chunkEnd = chunk->first + chunk->second.size;
  const auto after = gaps_.lower_bound(begin);
  if (after != gaps_.begin()) {
    const auto before = std::prev(after);
    if (before->first >= chunk->first && before->first + before->second == begin) {
      begin = before->first;
      size += before->second;
      removeGap(before);
    }
  }
  if (after != gaps_.end() && after->first < chunkEnd && begin + size == after->first) {
    size += after->second;
    removeGap(after);
  }
  gaps_.emplace(begin, size);
  gapsBySize_.emplace(size, begin);
  if (size != chunk->second.size) return;
  idle_ += chunk->second.used;
  // What was needed once will be needed again: the next step's tensors are as large as this one's.
  if (idle_ > IDLE_MOST && (!KEEPS_PEAK || live_ + idle_ > peak_ + peak_ / 2)) dropChunk(chunk);
}

void Arena::removeGap(std::map<char*, size_t>::iterator gap) {
  gapsBySize_.erase({gap->second, gap->first});
  gaps_.erase(gap);
}

Arena::Use Arena::use(bool resetPeak) {
  std::lock_guard<std::mutex> lock(mutex_);
  const Use use{live_, peak_, charged_};
  if (resetPeak) peak_ = live_;
  return use;
}

}  // namespace autodual
