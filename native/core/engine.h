// One backend instance: its memory, threads, tensors, and a queue of tasks that run in order on a thread of its own.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <initializer_list>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
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

using Buffers = std::vector<std::shared_ptr<Buffer>>;

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

  /// Queues body(Run<float> or Run<double>), which reads `inputs` and fills `results`, or changes its inputs where there are none.
  /// Left out where all results are without entries. Where an input failed, or the body does, what it would have written fails.
  template <class Body>
  void run(Buffers inputs, std::initializer_list<Tensor> results, Body body) {
    Buffers filled;
    bool entries = results.size() == 0;
    for (const Tensor& result : results) {
      filled.push_back(result.buffer);
      entries = entries || result.count() > 0;
    }
    if (!entries) return;
    queue({std::move(inputs), std::move(filled), [this, body = std::move(body)] {
             if (options_.doubles) body(Run<double>{*doubles_, pool_, *this});
             else body(Run<float>{*floats_, pool_, *this});
           }});
  }

  /// Queues what runs whatever failed before it.
  void submit(std::function<void()> work) { queue({{}, {}, std::move(work)}); }
  /// Drops what is queued, waits for the task at hand, and joins all threads. Tensors are released.
  void stop();

  // On the engine's thread -------------------------------------------------------------------------------------------

  /// The first failure that nobody was told of yet, who now is; null if there is none.
  Failure tell() { return std::exchange(untold_, nullptr); }
  const OwnerColumns& columns(const OwnerTable& table);
  /// The plan of this key, made when first asked for; it stays until the task at hand is done.
  template <class Plan, class Make>
  const Plan& plan(const std::vector<int64_t>& key, Make make);

 private:
  struct Slot {
    Tensor tensor;
    uint32_t generation = 0;
  };

  /// What is done in its turn.
  struct Task {
    Buffers inputs, results;
    std::function<void()> work;
  };

  void queue(Task task);
  void prepare(Buffer& buffer);
  void work();
  void perform(const Task& task);
  Failure attempt(const Task& task);
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
  std::deque<Task> queue_;
  std::atomic<int64_t> queued_{0};
  std::atomic<bool> stop_{false};
  bool asleep_ = false;

  Failure untold_;
  /// Made beforehand: there may be no memory to say so later.
  const Failure noMemory_ = std::make_shared<const std::string>("out of memory: the machine has no more");
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
