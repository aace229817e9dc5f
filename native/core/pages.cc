#include "pages.h"

#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace autodual {

namespace {

std::align_val_t alignmentOf(size_t bytes) { return std::align_val_t{bytes >= HUGE_PAGE ? HUGE_PAGE : size_t{64}}; }

}  // namespace

void* takePages(size_t bytes) {
  void* pages = ::operator new(bytes, alignmentOf(bytes), std::nothrow);
#if defined(__linux__)
  if (pages != nullptr && bytes >= HUGE_PAGE) madvise(pages, bytes / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
#endif
  return pages;
}

bool emptyPages(void* pages, size_t bytes) {
#if defined(__linux__)
  return madvise(pages, bytes, MADV_DONTNEED) == 0;
#else
  (void)pages;
  (void)bytes;
  return false;
#endif
}

void givePages(void* pages, size_t bytes) { ::operator delete(pages, alignmentOf(bytes), std::nothrow); }

}  // namespace autodual
