// Promises that another thread settles.
#pragma once

#include <napi.h>

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "tensor.h"

namespace autodual {

/// Promises of one engine. All but `settle` belongs to the JavaScript thread. The event loop stays alive, and the owner
/// is not collected, while a promise is open.
class Promises {
 public:
  explicit Promises(Napi::Env env);
  ~Promises();
  Promises(const Promises&) = delete;
  Promises& operator=(const Promises&) = delete;

  using Value = std::function<Napi::Value(Napi::Env)>;
  struct Started {
    Napi::Promise promise;
    int64_t id;
  };
  /// `value` gives what the promise resolves to; it is called on the JavaScript thread.
  Started start(Napi::Object owner, Value value);

  /// Resolves, or rejects where there is a failure. From any one thread.
  void settle(int64_t id, Failure failure);

  /// Rejects all that are open.
  void rejectAll(Napi::Env env, const char* code, const std::string& message);
  /// Forgets all that are open: JavaScript is ending.
  void drop();

 private:
  struct State;
  static void onSettled(napi_env env, napi_value callback, void* context, void* data);

  /// Lives as long as the thread-safe function, which may outlive this.
  State* state_;
};

/// An error with a code that the TypeScript side tells apart.
Napi::Error codedError(Napi::Env env, const char* code, const std::string& message);

}  // namespace autodual
