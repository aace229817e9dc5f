#include "engine-object.h"

#include <cmath>
#include <new>
#include <system_error>

namespace autodual {

namespace {

constexpr napi_type_tag TAG = {0x6175746f6475616cULL, 0x656e67696e652d31ULL};

/// Of one environment: how many engines it has made.
struct Made {
  uint32_t engines = 0;
};

constexpr int MOST_THREADS = 1024;

EngineOptions readOptions(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto fail = [&](const char* expected) {
    throw codedError(env, "AUTODUAL_ARGUMENT", std::string("Engine: expected ") + expected);
  };
  if (info.Length() < 1 || !info[0].IsObject()) fail("an object of options");
  const Napi::Object given = info[0].As<Napi::Object>();
  EngineOptions options;
  const Napi::Value dtype = given.Get("dtype");
  const std::string name = dtype.IsString() ? dtype.As<Napi::String>().Utf8Value() : "";
  if (name != "float32" && name != "float64") fail("dtype float32 or float64");
  options.doubles = name == "float64";
  const Napi::Value threads = given.Get("threads");
  const double count = threads.IsNumber() ? threads.As<Napi::Number>().DoubleValue() : 0;
  if (!(count >= 1 && count <= MOST_THREADS) || count != std::floor(count)) fail("threads in 1 … 1024");
  options.threads = static_cast<int>(count);
  const Napi::Value set = given.Get("instructionSet");
  if (set.IsString()) options.instructionSet = set.As<Napi::String>().Utf8Value();
  if (!set.IsString() || kernelsOf<float>(options.instructionSet.c_str()) == nullptr) {
    fail("an instructionSet that this machine has");
  }
  options.poison = given.Get("poison").ToBoolean();
  options.misalign = given.Get("misalign").ToBoolean();
  const Napi::Value limit = given.Get("memoryLimit");
  const double bytes = limit.IsNumber() ? limit.As<Napi::Number>().DoubleValue() : 0;
  if (!(bytes >= 0 && bytes < 9007199254740992.0)) fail("memoryLimit in bytes, 0 for none");
  options.memoryLimit = static_cast<size_t>(bytes);
  Made* made = env.GetInstanceData<Made>();
  if (made == nullptr) {
    made = new Made;
    env.SetInstanceData(made);
  }
  options.salt = made->engines++ % 255 + 1;
  return options;
}

}  // namespace

EngineObject::EngineObject(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<EngineObject>(info), env_(info.Env()) {
  const EngineOptions options = readOptions(info);
  promises_ = std::make_unique<Promises>(info.Env());
  const Napi::Value beside = info[0].As<Napi::Object>().Get("beside");
  const EngineObject* other = beside.IsObject() ? Unwrap(beside.As<Napi::Object>()) : nullptr;
  try {
    engine_ = std::make_unique<Engine>(options, other == nullptr ? nullptr : other->engine_.get());
  } catch (const std::exception& error) {
    throw codedError(info.Env(), "AUTODUAL_FAILED", std::string("Engine: no threads: ") + error.what());
  }
  info.This().As<Napi::Object>().TypeTag(&TAG);
  // Hooks run in the reverse order of their making: the threads end before the promises' thread-safe function does.
  napi_add_env_cleanup_hook(env_, atExit, this);
}

EngineObject::~EngineObject() { stop(false); }

EngineObject* EngineObject::Unwrap(Napi::Object object) {
  if (!object.CheckTypeTag(&TAG)) {
    throw codedError(object.Env(), "AUTODUAL_ARGUMENT", "expected an Engine as the receiver");
  }
  return Napi::ObjectWrap<EngineObject>::Unwrap(object);
}

Napi::Value EngineObject::guarded(const Napi::CallbackInfo& info, Operation operation) {
  const char* name = static_cast<const char*>(info.Data());
  const Napi::Env env = info.Env();
  if (engine_ == nullptr) {
    throw codedError(env, "AUTODUAL_DISPOSED", std::string(name) + ": the backend was disposed");
  }
  try {
    Arguments arguments(name, info, *this);
    return operation(arguments);
  } catch (const ArgumentError& error) {
    throw codedError(env, "AUTODUAL_ARGUMENT", error.what());
  } catch (const OutOfMemory& error) {
    throw codedError(env, "AUTODUAL_MEMORY", std::string(name) + ": out of memory: " + std::to_string(error.wanted()) +
                                                 " bytes wanted; take more memory, or less at a time");
  } catch (const std::bad_alloc&) {
    throw codedError(env, "AUTODUAL_MEMORY", std::string(name) + ": out of memory");
  } catch (const std::length_error&) {
    throw codedError(env, "AUTODUAL_MEMORY", std::string(name) + ": out of memory");
  }
}

void EngineObject::atExit(void* self) { static_cast<EngineObject*>(self)->stop(false); }

void EngineObject::dispose(const Napi::CallbackInfo&) { stop(true); }

void EngineObject::stop(bool reject) {
  if (engine_ == nullptr) return;
  napi_remove_env_cleanup_hook(env_, atExit, this);
  engine_->stop();
  engine_.reset();
  if (reject) promises_->rejectAll(env_, "AUTODUAL_DISPOSED", "the backend was disposed");
  promises_.reset();
}

}  // namespace autodual
