// One backend instance: its memory, threads, tensors, and a queue of tasks that run in order on a thread of its own.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "../kernels/plans.h"
#include "../kernels/table.h"
#include "pool.h"
#include "tables.h"
#include "tensor.h"

namespace autodual {

struct EngineOptions {
  bool doubles = false;
  int threads = 1;
  std::string instructionSet = "baseline";
  /// Fills every result with NaN before its kernel runs.
  bool poison = false;
  /// Begins every tensor 8 bytes after a 64-byte boundary.
  bool misalign = false;
  /// Most bytes of tensors, 0 for no limit.
  size_t memoryLimit = 0;
  /// Told apart in tensor numbers, 1 … 255.
  uint32_t salt = 1;
};

class Engine;

/// What a task computes with, on the engine's own thread.
template <class T>
struct Run {
  const Kernels<T>& kernels;
  Pool& pool;
  Engine& engine;

  /// Null for an argument that was left out.
  const T* in(const Tensor& tensor) const { return out(tensor); }
  T* out(const Tensor& tensor) const { return tensor ? static_cast<T*>(tensor.buffer->data()) : nullptr; }
  Owners owners(const OwnerTable& table) const;
  /// Without the beginnings of columns, so that several can be had at once.
  Owners unordered(const OwnerTable& table) const;
};

/// Every method but those under `On the engine's thread` belongs to the thread that made the engine.
class Engine {
 public:
  /// With the memory, and its limit, of another engine if one is given. Throws std::system_error or std::bad_alloc where threads
  /// cannot be had.
  Engine(const EngineOptions& options, const Engine* beside);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  const EngineOptions& options() const { return options_; }
  size_t entryBytes() const { return options_.doubles ? sizeof(double) : sizeof(float); }
  Arena::Use memory(bool resetPeak) { return arena_->use(resetPeak); }

  /// A tensor without memory yet.
  Tensor tensor(int64_t features, int64_t rows) const;
  /// The number by which JavaScript knows the tensor: slot, generation and salt in 53 bits, never 0.
  double add(Tensor tensor);
  /// Null for a number that this engine never gave or that was released.
  const Tensor* find(double number) const;
  /// False where `find` gives null.
  bool release(double number);

  /// Queues body(Run<float> or Run<double>), which fills `results`. Left out where all results are without entries.
  template <class Body>
  void run(std::vector<Tensor> results, Body body) {
    bool entries = results.empty();
    for (const Tensor& result : results) entries = entries || result.count() > 0;
    if (!entries) return;
    submit([this, results = std::move(results), body = std::move(body)] {
      if (!failure_.empty()) return;
      for (const Tensor& result : results) prepare(*result.buffer);
      if (options_.doubles) body(Run<double>{*doubles_, pool_, *this});
      else body(Run<float>{*floats_, pool_, *this});
    });
  }

  /// Queues a task that runs even after a failure.
  void submit(std::function<void()> task);
  /// Drops what is queued, waits for the task at hand, and joins all threads. Tensors are released.
  void stop();

  // On the engine's thread -------------------------------------------------------------------------------------------

  /// Why a task failed; empty if none did. After a failure tasks do nothing.
  const std::string& failure() const { return failure_; }
  const OwnerColumns& columns(const OwnerTable& table);
  /// The plan of this key, made when first asked for; it stays until the task at hand is done.
  template <class Plan, class Make>
  const Plan& plan(const std::vector<int64_t>& key, Make make);

 private:
  struct Slot {
    Tensor tensor;
    uint32_t generation = 0;
  };

  void prepare(Buffer& buffer);
  void work();
  void forgetPlans();
  const Slot* slot(double number) const;
  template <class Plan>
  std::map<std::vector<int64_t>, Plan>& plans();

  const EngineOptions options_;
  const Kernels<float>* floats_;
  const Kernels<double>* doubles_;
  std::shared_ptr<Arena> arena_;
  Pool pool_;

  std::vector<Slot> slots_;
  std::vector<uint32_t> freeSlots_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  std::atomic<int64_t> queued_{0};
  std::atomic<bool> stop_{false};
  bool asleep_ = false;

  std::string failure_;
  std::map<std::vector<int64_t>, ProductPlan> productPlans_;
  std::map<std::vector<int64_t>, GradientPlan> gradientPlans_;
  std::map<std::vector<int64_t>, MedianPlan> medianPlans_;
  std::map<std::vector<int64_t>, OwnerColumns> repeated_;
  OwnerColumns indexed_;

  std::thread thread_;
};

template <>
inline std::map<std::vector<int64_t>, ProductPlan>& Engine::plans<ProductPlan>() { return productPlans_; }
template <>
inline std::map<std::vector<int64_t>, GradientPlan>& Engine::plans<GradientPlan>() { return gradientPlans_; }
template <>
inline std::map<std::vector<int64_t>, MedianPlan>& Engine::plans<MedianPlan>() { return medianPlans_; }

/// Plans kept of each kind between tasks; more geometries than any network has.
constexpr size_t KEPT_PLANS = 512;

template <class Plan, class Make>
const Plan& Engine::plan(const std::vector<int64_t>& key, Make make) {
  auto& kept = plans<Plan>();
  const auto found = kept.find(key);
  if (found != kept.end()) return found->second;
  return kept.emplace(key, make()).first->second;
}

template <class T>
Owners Run<T>::owners(const OwnerTable& table) const {
  if (table.kind == OwnerTable::Kind::own) return {Owners::Kind::own, table.columns, nullptr, nullptr};
  if (table.kind == OwnerTable::Kind::shared) return {Owners::Kind::shared, table.columns, nullptr, nullptr};
  const OwnerColumns& own = engine.columns(table);
  return {Owners::Kind::indexed, table.columns, own.column->data(), own.begin.empty() ? nullptr : own.begin.data()};
}

template <class T>
Owners Run<T>::unordered(const OwnerTable& table) const {
  if (table.kind != OwnerTable::Kind::indexed) return owners(table);
  return {Owners::Kind::indexed, table.columns, table.column->data(), nullptr};
}

}  // namespace autodual
