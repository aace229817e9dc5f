// The addon: the class `Engine`, and which instruction sets this machine has.
#include <napi.h>

#include "core/cpu.h"
#include "core/engine-object.h"
#include "operations/operations.h"

namespace autodual {

namespace {

Napi::Value listInstructionSets(const Napi::CallbackInfo& info) {
  const Napi::Array names = Napi::Array::New(info.Env());
  for (const char* name : instructionSets()) names.Set(names.Length(), name);
  return names;
}

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  const Napi::Function engine = EngineObject::define(env);
  exports.Set("Engine", engine);
  exports.Set("instructionSets", Napi::Function::New(env, listInstructionSets, "instructionSets"));
  return exports;
}

}  // namespace

Napi::Function EngineObject::define(Napi::Env env) {
  return DefineClass(env, "Engine",
                     {
#define AUTODUAL_OPERATION(name, ...) method<operations::name>(#name),
#include "list.h"
                         disposeMethod(),
                     });
}

NODE_API_MODULE(autodual, initialize)

}  // namespace autodual
