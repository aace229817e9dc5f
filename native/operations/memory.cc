// Tensors in and out, and the engine itself.
#include <chrono>
#include <cstring>

#include "../core/promises.h"
#include "operations.h"

namespace autodual::operations {

Napi::Value upload(Arguments& a) {
  const int64_t features = a.size("features"), rows = a.size("rows");
  return a.give(a.values(features, rows));
}

Napi::Value filled(Arguments& a) {
  const int64_t features = a.size("features"), rows = a.size("rows");
  const double value = a.number("value");
  const Tensor out = a.result(features, rows);
  a.run({out}, [=](const auto& run) {
    using T = std::remove_pointer_t<decltype(run.out(out))>;
    run.kernels.fill(run.pool, static_cast<T>(value), out.count(), run.out(out));
  });
  return a.give(out);
}

Napi::Value reshape(Arguments& a) {
  Tensor view = a.tensor("tensor");
  const int64_t features = a.size("features"), rows = a.size("rows");
  a.expect(static_cast<double>(features) * static_cast<double>(rows) == static_cast<double>(view.count()),
           std::to_string(view.count()) + " entries", std::to_string(features) + " × " + std::to_string(rows));
  view.features = features;
  view.rows = rows;
  return a.give(view);
}

Napi::Value release(Arguments& a) {
  const double number = a.number("tensor");
  a.expect(a.engine().release(number), "a tensor", "a released or unknown tensor");
  return a.env().Undefined();
}

namespace {

/// By JavaScript's own constructor, which throws where there is no memory: the one of the interface ends the process.
Napi::TypedArray newArray(Napi::Env env, const char* type, size_t count) {
  try {
    const auto constructor = env.Global().Get(type).As<Napi::Function>();
    return constructor.New({Napi::Number::New(env, static_cast<double>(count))}).As<Napi::TypedArray>();
  } catch (const Napi::Error&) {
    throw std::bad_alloc();
  }
}

}  // namespace

Napi::Value read(Arguments& a) {
  const Tensor tensor = a.tensor("tensor");
  const auto count = static_cast<size_t>(tensor.count());
  const Napi::TypedArray array = newArray(a.env(), a.engine().options().doubles ? "Float64Array" : "Float32Array", count);
  void* const data = array.ArrayBuffer().Data();
  const auto kept = std::make_shared<Napi::ObjectReference>(Napi::Persistent(array.As<Napi::Object>()));
  Promises& promises = a.promises();
  const auto started = promises.start(a.self(), [kept](Napi::Env) -> Napi::Value { return kept->Value(); });
  Engine& engine = a.engine();
  engine.submit([&engine, &promises, held = Tensor(tensor), data, id = started.id]() mutable {
    const Failure failure = held.buffer->failure();
    if (failure) engine.tell();
    else if (held.count() > 0) std::memcpy(data, held.buffer->data(), held.buffer->bytes());
    // Who awaits this and then releases the tensor finds its memory free.
    held = {};
    promises.settle(id, failure);
  });
  return started.promise;
}

/// When everything that was queued so far was done: seconds of a clock that runs evenly.
Napi::Value finish(Arguments& a) {
  Promises& promises = a.promises();
  const auto seconds = std::make_shared<double>(0);
  const auto started = promises.start(
      a.self(), [seconds](Napi::Env env) -> Napi::Value { return Napi::Number::New(env, *seconds); });
  Engine& engine = a.engine();
  engine.submit([&engine, &promises, seconds, id = started.id] {
    *seconds = std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
    promises.settle(id, engine.tell());
  });
  return started.promise;
}

Napi::Value memory(Arguments& a) {
  const Napi::Value reset = a.next();
  const Arena::Use use = a.engine().memory(reset.IsBoolean() && reset.As<Napi::Boolean>().Value());
  const Napi::Array out = Napi::Array::New(a.env(), 3);
  out.Set(0u, Napi::Number::New(a.env(), static_cast<double>(use.live)));
  out.Set(1u, Napi::Number::New(a.env(), static_cast<double>(use.peak)));
  out.Set(2u, Napi::Number::New(a.env(), static_cast<double>(use.charged)));
  return out;
}

/// How fast the threads multiply and add at most: { operations, seconds }.
Napi::Value peak(Arguments& a) {
  // Nothing ends a loop before its time: at most some tenths of a second.
  const int64_t iterations = a.size("iterations", 1, 100000000);
  struct Result {
    double operations = 0, seconds = 0;
  };
  const auto result = std::make_shared<Result>();
  Promises& promises = a.promises();
  const auto started = promises.start(a.self(), [result](Napi::Env env) -> Napi::Value {
    const Napi::Object out = Napi::Object::New(env);
    out.Set("operations", result->operations);
    out.Set("seconds", result->seconds);
    return out;
  });
  Engine& engine = a.engine();
  a.run({}, [=](const auto& run) {
    const auto begin = std::chrono::steady_clock::now();
    result->operations = run.kernels.peak(run.pool, iterations);
    result->seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  });
  engine.submit([&engine, &promises, id = started.id] { promises.settle(id, engine.tell()); });
  return started.promise;
}

}  // namespace autodual::operations
