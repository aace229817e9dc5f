#include "pool.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <new>
#include <thread>
#include <utility>
#include <vector>

#include "pages.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace autodual {

namespace {

/// Of scratch memory, beyond what is asked for.
constexpr size_t MOST_SPARE = 2 * HUGE_PAGE;

/// How often a waiting thread looks before it sleeps: some tens of microseconds, longer than the gap between two
/// loops of one computation and too short to be noticed otherwise.
constexpr int SPINS = 2000;

inline void relax() {
#if defined(__x86_64__)
  _mm_pause();
#else
  std::this_thread::yield();
#endif
}

struct Scratch {
  void* memory = nullptr;
  size_t bytes = 0;
};

}  // namespace

struct Pool::Shared {
  std::vector<std::thread> helpers;
  std::vector<Scratch> scratch;
  std::mutex mutex;
  std::condition_variable wake;
  // The loop at hand. `round` changes when there is a new one, and it is `open` until all its items are taken; `inside`
  // counts the helpers at work. One that comes late, since the machine did other things, is not waited for: it counts
  // itself in and then looks whether its round is still open, while the round is closed and then they are counted.
  std::atomic<uint64_t> round{0};
  std::atomic<uint64_t> open{0};
  std::atomic<int> inside{0};
  std::atomic<int64_t> next{0};
  std::atomic<bool> stop{false};
  int sleeping = 0;
  int64_t items = 0;
  Body body = nullptr;
  void* context = nullptr;

  /// What the first item threw that threw; written under the mutex.
  std::exception_ptr thrown;

  void work(int worker) {
    try {
      for (;;) {
        const int64_t item = next.fetch_add(1, std::memory_order_relaxed);
        if (item >= items) return;
        body(context, item, worker);
      }
    } catch (...) {
      // Nobody takes the items that are left.
      next.store(items, std::memory_order_relaxed);
      std::lock_guard<std::mutex> lock(mutex);
      if (thrown == nullptr) thrown = std::current_exception();
    }
  }

  void dismiss() {
    {
      std::lock_guard<std::mutex> lock(mutex);
      stop.store(true);
    }
    wake.notify_all();
    for (std::thread& helper : helpers) helper.join();
  }

  void help(int worker) {
    uint64_t seen = 0;
    for (;;) {
      int spins = 0;
      while (round.load(std::memory_order_acquire) == seen && !stop.load(std::memory_order_relaxed)) {
        if (++spins < SPINS) {
          relax();
          continue;
        }
        std::unique_lock<std::mutex> lock(mutex);
        sleeping++;
        wake.wait(lock, [&] { return round.load() != seen || stop.load(); });
        sleeping--;
      }
      if (stop.load()) return;
      seen = round.load(std::memory_order_acquire);
      inside.fetch_add(1);
      if (open.load() == seen) work(worker);
      inside.fetch_sub(1, std::memory_order_release);
    }
  }
};

Pool::Pool(int threads, std::shared_ptr<Arena> arena)
    : threads_(threads < 1 ? 1 : threads), arena_(std::move(arena)), shared_(std::make_unique<Shared>()) {
  shared_->scratch.resize(static_cast<size_t>(threads_));
  try {
    for (int worker = 1; worker < threads_; worker++) {
      shared_->helpers.emplace_back([shared = shared_.get(), worker] { shared->help(worker); });
    }
  } catch (...) {
    shared_->dismiss();
    throw;
  }
}

Pool::~Pool() {
  shared_->dismiss();
  for (Scratch& scratch : shared_->scratch) {
    if (scratch.memory == nullptr) continue;
    givePages(scratch.memory, scratch.bytes);
    arena_->discharge(scratch.bytes);
  }
}

void Pool::run(int64_t items, Body body, void* context) {
  if (items <= 0) return;
  if (items == 1 || threads_ == 1) {
    for (int64_t item = 0; item < items; item++) body(context, item, 0);
    return;
  }
  Shared& shared = *shared_;
  shared.items = items;
  shared.body = body;
  shared.context = context;
  shared.next.store(0, std::memory_order_relaxed);
  bool asleep;
  {
    std::lock_guard<std::mutex> lock(shared.mutex);
    const uint64_t round = shared.round.load(std::memory_order_relaxed) + 1;
    shared.open.store(round);
    shared.round.store(round, std::memory_order_release);
    asleep = shared.sleeping > 0;
  }
  if (asleep) shared.wake.notify_all();
  shared.work(0);
  shared.open.store(0);
  for (int spins = 0; shared.inside.load() > 0; spins++) {
    if (spins < SPINS) relax();
    else std::this_thread::yield();
  }
  if (shared.thrown != nullptr) std::rethrow_exception(std::exchange(shared.thrown, nullptr));
}

void* Pool::scratch(int worker, size_t bytes) {
  Scratch& own = shared_->scratch[static_cast<size_t>(worker)];
  if (own.bytes >= bytes) return own.memory;
  if (own.memory != nullptr) {
    givePages(own.memory, own.bytes);
    arena_->discharge(own.bytes);
  }
  own = {};
  // Some more than is asked for, so that sizes that vary do not come here each time.
  const size_t least = bytes + std::min(bytes / 4, MOST_SPARE);
  const size_t rounded = least < HUGE_PAGE ? (least + 63) / 64 * 64 : (least + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
  arena_->charge(rounded);
  own.memory = takePages(rounded);
  if (own.memory == nullptr) {
    arena_->discharge(rounded);
    throw OutOfMemory(rounded);
  }
  own.bytes = rounded;
  return own.memory;
}

}  // namespace autodual
