// The JavaScript class `Engine`: one backend instance.
#pragma once

#include <napi.h>

#include <memory>

#include "../operations/arguments.h"
#include "engine.h"
#include "promises.h"

namespace autodual {

class EngineObject : public Napi::ObjectWrap<EngineObject> {
 public:
  /// The class, with its methods.
  static Napi::Function define(Napi::Env env);
  /// new Engine({ dtype, threads, instructionSet, poison?, misalign?, memoryLimit?, beside? })
  explicit EngineObject(const Napi::CallbackInfo& info);
  ~EngineObject() override;

  /// Throws unless the object is an Engine, whatever else it wraps. Shadows ObjectWrap's, which does not look.
  static EngineObject* Unwrap(Napi::Object object);

  /// A method of this name with this operation.
  template <Operation operation>
  static PropertyDescriptor method(const char* name) {
    return InstanceMethod<&EngineObject::call<operation>>(name, napi_default_method, const_cast<char*>(name));
  }
  static PropertyDescriptor disposeMethod() { return InstanceMethod<&EngineObject::dispose>("dispose"); }

  Engine& engine() { return *engine_; }
  Promises& promises() { return *promises_; }

 private:
  template <Operation operation>
  Napi::Value call(const Napi::CallbackInfo& info) {
    return guarded(info, operation);
  }
  Napi::Value guarded(const Napi::CallbackInfo& info, Operation operation);
  void dispose(const Napi::CallbackInfo& info);
  /// Ends the threads; with JavaScript still running, rejects what is open.
  void stop(bool reject);
  static void atExit(void* self);

  std::unique_ptr<Promises> promises_;
  std::unique_ptr<Engine> engine_;
  napi_env env_;
};

}  // namespace autodual
