#include "engine.h"

#include <cmath>
#include <limits>
#include <new>

namespace autodual {

namespace {

/// A tensor number is salt · 2^45 + generation · 2^24 + slot.
constexpr int SLOT_BITS = 24;
constexpr int GENERATION_BITS = 21;

/// How often the idle thread looks for a task before it sleeps: some tens of microseconds.
constexpr int SPINS = 2000;

/// Tables of repeated owners kept between tasks.
constexpr size_t KEPT_OWNERS = 64;

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  std::this_thread::yield();
#endif
}

/// Where the rows of each column begin; empty where the rows are not in order, or far fewer than columns.
std::vector<int64_t> beginnings(const std::vector<int32_t>& column, int64_t columns) {
  const auto rows = static_cast<int64_t>(column.size());
  if (columns > 16 * rows + 65536) return {};
  std::vector<int64_t> begin(static_cast<size_t>(columns) + 1);
  int64_t next = 0;
  for (int64_t row = 0; row < rows; row++) {
    const int64_t of = column[static_cast<size_t>(row)];
    if (of + 1 < next) return {};
    while (next <= of) begin[static_cast<size_t>(next++)] = row;
  }
  while (next <= columns) begin[static_cast<size_t>(next++)] = rows;
  return begin;
}

std::string outOfMemory(const OutOfMemory& error, const Arena::Use& use, size_t limit) {
  return "out of memory: " + std::to_string(error.wanted()) + " bytes wanted beside " + std::to_string(use.live) +
         " of tensors that are live and " + std::to_string(use.charged) + " of work" +
         (limit > 0 ? ", of at most " + std::to_string(limit) : "") + "; take more memory, or less at a time";
}

template <class T>
void fillNaN(Buffer& buffer) {
  T* data = static_cast<T*>(buffer.data());
  for (int64_t i = 0; i < buffer.count(); i++) data[i] = std::numeric_limits<T>::quiet_NaN();
}

}  // namespace

Engine::Engine(const EngineOptions& options, const Engine* beside)
    : options_(options),
      floats_(kernelsOf<float>(options.instructionSet.c_str())),
      doubles_(kernelsOf<double>(options.instructionSet.c_str())),
      arena_(beside != nullptr ? beside->arena_
                               : std::make_shared<Arena>(options.memoryLimit, options.misalign ? sizeof(double) : 0)),
      pool_(options.threads, arena_),
      thread_([this] { work(); }) {}

Engine::~Engine() { stop(); }

Tensor Engine::tensor(int64_t features, int64_t rows) const {
  return {std::make_shared<Buffer>(arena_, features * rows, entryBytes()), features, rows};
}

double Engine::add(Tensor tensor) {
  uint32_t index;
  if (!freeSlots_.empty()) {
    index = freeSlots_.back();
    freeSlots_.pop_back();
  } else {
    if (slots_.size() >> SLOT_BITS != 0) throw std::bad_alloc();
    index = static_cast<uint32_t>(slots_.size());
    slots_.emplace_back();
  }
  Slot& slot = slots_[index];
  slot.tensor = std::move(tensor);
  const uint64_t generation = (uint64_t{options_.salt} << GENERATION_BITS) + slot.generation;
  return static_cast<double>((generation << SLOT_BITS) + index);
}

const Engine::Slot* Engine::slot(double number) const {
  if (!(number >= 0 && number < 9007199254740992.0) || number != std::floor(number)) return nullptr;
  const auto bits = static_cast<uint64_t>(number);
  const uint64_t index = bits & ((uint64_t{1} << SLOT_BITS) - 1);
  const uint64_t generation = (bits >> SLOT_BITS) & ((uint64_t{1} << GENERATION_BITS) - 1);
  if (bits >> (SLOT_BITS + GENERATION_BITS) != options_.salt || index >= slots_.size()) return nullptr;
  const Slot& slot = slots_[index];
  return slot.generation == generation && slot.tensor ? &slot : nullptr;
}

const Tensor* Engine::find(double number) const {
  const Slot* found = slot(number);
  return found == nullptr ? nullptr : &found->tensor;
}

bool Engine::release(double number) {
  const Slot* found = slot(number);
  if (found == nullptr) return false;
  const auto index = static_cast<uint32_t>(found - slots_.data());
  slots_[index].tensor = {};
  // A slot whose generations are used up is never given again.
  if (++slots_[index].generation >> GENERATION_BITS == 0) freeSlots_.push_back(index);
  return true;
}

void Engine::queue(Task task) {
  bool asleep;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    queue_.push_back(std::move(task));
    queued_.fetch_add(1, std::memory_order_release);
    asleep = asleep_;
  }
  if (asleep) wake_.notify_one();
}

void Engine::work() {
  for (;;) {
    for (int spins = 0; queued_.load(std::memory_order_acquire) == 0 && spins < SPINS && !stop_.load(); spins++) relax();
    Task task;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      asleep_ = true;
      wake_.wait(lock, [this] { return stop_.load() || !queue_.empty(); });
      asleep_ = false;
      if (stop_.load()) return;
      task = std::move(queue_.front());
      queue_.pop_front();
      queued_.fetch_sub(1, std::memory_order_relaxed);
    }
    perform(task);
  }
}

void Engine::perform(const Task& task) {
  Failure failure;
  for (const auto& input : task.inputs) {
    if (!failure) failure = input->failure();
  }
  if (!failure) {
    failure = attempt(task);
    if (!untold_) untold_ = failure;
  }
  if (!failure) return;
  for (const auto& written : task.results.empty() ? task.inputs : task.results) written->fail(failure);
}

/// Why it failed, if it did.
Failure Engine::attempt(const Task& task) {
  const auto because = [this](const auto& reason) -> Failure {
    try {
      return std::make_shared<const std::string>(reason());
    } catch (const std::bad_alloc&) {
      return noMemory_;
    }
  };
  try {
    forgetPlans();
    for (const auto& result : task.results) prepare(*result);
    task.work();
    return nullptr;
  } catch (const OutOfMemory& error) {
    return because([&] { return outOfMemory(error, arena_->use(false), options_.memoryLimit); });
  } catch (const std::bad_alloc&) {
    return noMemory_;
  } catch (const std::exception& error) {
    return because([&] { return error.what(); });
  } catch (...) {
    return because([] { return "unknown failure"; });
  }
}

/// Where too many were kept. Between two tasks, and never within one: a chain of layers has several at once.
void Engine::forgetPlans() {
  if (productPlans_.size() >= KEPT_PLANS) productPlans_.clear();
  if (gradientPlans_.size() >= KEPT_PLANS) gradientPlans_.clear();
  if (medianPlans_.size() >= KEPT_PLANS) medianPlans_.clear();
  if (repeated_.size() >= KEPT_OWNERS) repeated_.clear();
}

void Engine::stop() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stop_.store(true);
  }
  wake_.notify_all();
  thread_.join();
  queue_.clear();
  slots_.clear();
  freeSlots_.clear();
}

void Engine::prepare(Buffer& buffer) {
  buffer.allocate();
  if (!options_.poison) return;
  if (options_.doubles) fillNaN<double>(buffer);
  else fillNaN<float>(buffer);
}

const OwnerColumns& Engine::columns(const OwnerTable& table) {
  if (table.kind == OwnerTable::Kind::indexed) {
    indexed_ = {table.column, beginnings(*table.column, table.columns)};
    return indexed_;
  }
  const std::vector<int64_t> key{table.times, table.rows, table.columns};
  const auto found = repeated_.find(key);
  if (found != repeated_.end()) return found->second;
  std::vector<int32_t> column(static_cast<size_t>(table.rows));
  for (size_t row = 0; row < column.size(); row++) {
    column[row] = static_cast<int32_t>(row / static_cast<size_t>(table.times));
  }
  OwnerColumns made{nullptr, beginnings(column, table.columns)};
  made.column = std::make_shared<const std::vector<int32_t>>(std::move(column));
  return repeated_.emplace(key, std::move(made)).first->second;
}

}  // namespace autodual
