// What JavaScript passed to an operation, read in order and checked. Every check throws an ArgumentError
// `operation: expected …, got …`.
#pragma once

#include <napi.h>

#include <initializer_list>
#include <stdexcept>
#include <string>

#include "../core/engine.h"

namespace autodual {

class ArgumentError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Arguments;
class EngineObject;
class Promises;
/// Reads its arguments, queues its work, and gives the numbers of its results.
using Operation = Napi::Value (*)(Arguments&);

/// A size that is not checked.
constexpr int64_t ANY = -1;
/// No dimension, and no tensor, has more entries.
constexpr int64_t MOST_ENTRIES = int64_t{1} << 46;
constexpr int64_t MOST_INT32 = 2147483647;

class Arguments {
 public:
  Arguments(const char* operation, const Napi::CallbackInfo& info, EngineObject& object);

  Napi::Env env() const { return info_.Env(); }
  Engine& engine();
  Promises& promises();
  Napi::Object self() const { return info_.This().As<Napi::Object>(); }

  /// The next argument as it is; undefined past the last.
  Napi::Value next();
  double number(const char* name);
  /// An integer in least … most.
  int64_t size(const char* name, int64_t least = 0, int64_t most = MOST_ENTRIES);
  Tensor tensor(const char* name, int64_t features = ANY, int64_t rows = ANY);
  Tensor like(const char* name, const Tensor& same) { return tensor(name, same.features, same.rows); }
  /// An empty tensor for 0.
  Tensor optional(const char* name, int64_t features, int64_t rows);
  /// A copy of an Int32Array whose entries lie in from … below − 1.
  Indices indices(const char* name, int64_t from, int64_t below) { return indicesOf(next(), name, from, below, ANY); }
  Indices indices(const char* name, int64_t from, int64_t below, int64_t count) {
    return indicesOf(next(), name, from, below, count);
  }
  Indices indicesOf(const Napi::Value& value, const char* name, int64_t from, int64_t below, int64_t count);
  /// Two arguments: kind (0 own, 1 shared, 2 indexed, 3 repeated), and a table or how many times.
  OwnerTable owners(int64_t rows, int64_t columns);
  /// A Float64Array of the fields in their order.
  Geometry geometry();
  /// Three arguments: a Float64Array of five sizes, and the tables of tops and lefts.
  WindowTable window();
  /// Three numbers: the function and its two parameters.
  Elementwise function(bool activation);
  Order order();
  /// A Float32Array, Float64Array or Int32Array of so many entries, copied into memory taken at once.
  Tensor values(int64_t features, int64_t rows);

  void expectShape(const char* name, const Tensor& tensor, int64_t features, int64_t rows) const;
  void expect(bool holds, const std::string& expected, const std::string& got) const {
    if (!holds) fail(expected, got);
  }
  [[noreturn]] void fail(const std::string& expected, const std::string& got) const;

  /// A new tensor for a result.
  Tensor result(int64_t features, int64_t rows);
  Tensor resultLike(const Tensor& same) { return result(same.features, same.rows); }
  /// Queues body(Run<T>), which reads the tensors among the arguments; see Engine::run.
  template <class Body>
  void run(std::initializer_list<Tensor> results, Body body) {
    engine().run(std::move(tensors_), results, std::move(body));
  }
  /// The number of one result, or an array of those of several.
  Napi::Value give(const Tensor& result);
  Napi::Value give(std::initializer_list<Tensor> results);

 private:
  /// Integers of a Float64Array of `count` entries, each in 0 … 2^31 − 1.
  void integers(const char* name, const Napi::Value& value, int64_t* to, size_t count);

  const char* operation_;
  const Napi::CallbackInfo& info_;
  EngineObject& object_;
  size_t next_ = 0;
  /// Those that were read.
  Buffers tensors_;
  /// The last table of indices and its copy: the same one often follows.
  napi_value lastTable_ = nullptr;
  Indices lastIndices_;
  int64_t lastFrom_ = 0, lastBelow_ = 0;
};

/// Places within images that patches reach out of on every side are 32-bit numbers.
void expectReach(Arguments& a, const WindowTable& window, int64_t columns);

inline int64_t inFeatures(const Geometry& g) { return int64_t{g.inChannels} * g.inHeight * g.inWidth; }
inline int64_t outFeatures(const Geometry& g) { return int64_t{g.outChannels} * g.outHeight * g.outWidth; }
inline int64_t weightsPerOutput(const Geometry& g) {
  return int64_t{g.inChannels} / g.groups * g.kernelHeight * g.kernelWidth;
}

}  // namespace autodual
