#include "promises.h"

namespace autodual {

namespace {

struct Open {
  Napi::Promise::Deferred deferred;
  Promises::Value value;
  Napi::ObjectReference owner;
};

struct Settled {
  int64_t id;
  Failure failure;
};

const char* codeOf(const std::string& error) {
  return error.rfind("out of memory", 0) == 0 ? "AUTODUAL_MEMORY" : "AUTODUAL_FAILED";
}

}  // namespace

struct Promises::State {
  napi_threadsafe_function function = nullptr;
  std::unordered_map<int64_t, Open> open;
  int64_t next = 0;
  bool ended = false;
};

Promises::Promises(Napi::Env env) : state_(new State) {
  const Napi::String name = Napi::String::New(env, "autodual");
  const napi_status status = napi_create_threadsafe_function(
      env, nullptr, nullptr, name, 0, 1, state_,
      [](napi_env, void* state, void*) { delete static_cast<State*>(state); }, state_, onSettled, &state_->function);
  if (status != napi_ok) {
    delete state_;
    throw Napi::Error::New(env, "autodual: no thread-safe function");
  }
  napi_unref_threadsafe_function(env, state_->function);
}

Promises::~Promises() { drop(); }

void Promises::drop() {
  if (state_ == nullptr) return;
  State* state = state_;
  state_ = nullptr;
  state->ended = true;
  state->open.clear();
  napi_release_threadsafe_function(state->function, napi_tsfn_abort);
}

Promises::Started Promises::start(Napi::Object owner, Value value) {
  const Napi::Env env = owner.Env();
  const int64_t id = state_->next++;
  Open open{Napi::Promise::Deferred::New(env), std::move(value), Napi::Persistent(owner)};
  const Napi::Promise promise = open.deferred.Promise();
  if (state_->open.empty()) napi_ref_threadsafe_function(env, state_->function);
  state_->open.emplace(id, std::move(open));
  return {promise, id};
}

void Promises::settle(int64_t id, Failure failure) {
  auto* settled = new Settled{id, std::move(failure)};
  if (napi_call_threadsafe_function(state_->function, settled, napi_tsfn_nonblocking) != napi_ok) delete settled;
}

void Promises::onSettled(napi_env rawEnv, napi_value, void* context, void* data) {
  const std::unique_ptr<Settled> settled(static_cast<Settled*>(data));
  if (rawEnv == nullptr) return;
  auto* state = static_cast<State*>(context);
  if (state->ended) return;
  const Napi::Env env(rawEnv);
  const auto found = state->open.find(settled->id);
  if (found == state->open.end()) return;
  // Where JavaScript is being ended, each of these calls fails, and nobody is left to be told.
  try {
    const Open open = std::move(found->second);
    state->open.erase(found);
    if (state->open.empty()) napi_unref_threadsafe_function(env, state->function);
    if (!settled->failure) open.deferred.Resolve(open.value(env));
    else open.deferred.Reject(codedError(env, codeOf(*settled->failure), *settled->failure).Value());
  } catch (const Napi::Error&) {
  }
}

void Promises::rejectAll(Napi::Env env, const char* code, const std::string& message) {
  if (state_ == nullptr) return;
  try {
    for (auto& entry : state_->open) entry.second.deferred.Reject(codedError(env, code, message).Value());
  } catch (const Napi::Error&) {
  }
}

Napi::Error codedError(Napi::Env env, const char* code, const std::string& message) {
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, code));
  return error;
}

}  // namespace autodual
