// What autodual asks of MPI, for Node: join a job, sum, broadcast, abort, leave. Built by scripts/build-mpi.mjs against any mpi.h.
//
// One thread, which this addon starts, makes every call of MPI, MPI_Init_thread included: MPI_THREAD_FUNNELED is all that is asked
// for, and the event loop never waits. Between two looks at a message under way it sleeps, the longer the longer nothing comes, so
// that ranks that wait leave their processor to those that compute.
#define NAPI_VERSION 8
#include <mpi.h>
#include <napi.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace {

// Counts of MPI are ints.
constexpr size_t kMostAtOnce = size_t{1} << 30;

struct Job {
  std::function<void()> work;
  std::function<void(const std::string& fault)> done;
};

[[noreturn]] void Fail(const char* call, int code) {
  char text[MPI_MAX_ERROR_STRING];
  int length = 0;
  MPI_Error_string(code, text, &length);
  throw std::runtime_error(std::string(call) + ": " + std::string(text, length));
}

void Check(const char* call, int code) {
  if (code != MPI_SUCCESS) Fail(call, code);
}

// The exit code that this rank ends all with, once it has one.
std::atomic<int> abort_code{-1};

void AbortIfAsked() {
  const int code = abort_code.load();
  if (code >= 0) MPI_Abort(MPI_COMM_WORLD, code);
}

// Waits for a message and lets other threads have the processor. A message moves on only when it is looked at, so that pauses are
// short while it may be under way, and longer where a rank is waited for that computes.
void Await(const char* call, MPI_Request* request) {
  using std::chrono::microseconds;
  using std::chrono::steady_clock;
  const auto began = steady_clock::now();
  int done = 0;
  for (int look = 0;; look++) {
    Check(call, MPI_Test(request, &done, MPI_STATUS_IGNORE));
    if (done) return;
    AbortIfAsked();
    if (look < 64) {
      std::this_thread::yield();
      continue;
    }
    const auto waited = steady_clock::now() - began;
    const int pause = waited < microseconds{20'000} ? 20 : waited < microseconds{2'000'000} ? 200 : 1000;
    std::this_thread::sleep_for(microseconds{pause});
  }
}

class Rank {
 public:
  void Start(std::function<void()> first) {
    thread_ = std::thread([this, first] {
      first();
      Run();
    });
  }

  void Post(Job job) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      jobs_.push_back(std::move(job));
    }
    wake_.notify_one();
  }

  bool Running() const { return thread_.joinable(); }

  // Whoever is still waiting for a message is left where it is: the process is about to end.
  ~Rank() {
    if (thread_.joinable()) thread_.detach();
  }

 private:
  void Run() {
    for (;;) {
      Job job;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        wake_.wait(lock, [this] { return !jobs_.empty(); });
        job = std::move(jobs_.front());
        jobs_.pop_front();
      }
      std::string fault;
      try {
        job.work();
      } catch (const std::exception& error) {
        fault = error.what();
      }
      job.done(fault);
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  std::thread thread_;
};

// MPI is one to a process, and is begun at most once in its life; the process's end finds this as it is.
Rank* rank_of_process = nullptr;
bool left = false;

Rank& Joined(Napi::Env env) {
  if (rank_of_process == nullptr || left) throw Napi::Error::New(env, "MPI: this process has not joined, or has left");
  return *rank_of_process;
}

// Does work on the thread of MPI. `keep` stays alive till then, as the memory that MPI writes to.
Napi::Value Queue(const Napi::CallbackInfo& info, Napi::Object keep, std::function<void()> work) {
  Napi::Env env = info.Env();
  Rank& rank = Joined(env);
  struct Pending {
    explicit Pending(Napi::Env env) : deferred(env) {}
    Napi::Promise::Deferred deferred;
    Napi::ObjectReference keep;
    Napi::ThreadSafeFunction settle;
  };
  auto pending = std::make_shared<Pending>(env);
  pending->keep = Napi::Persistent(keep);
  pending->settle = Napi::ThreadSafeFunction::New(env, Napi::Function::New(env, [](const Napi::CallbackInfo&) {}), "MPI", 0, 1);
  rank.Post({std::move(work), [pending](const std::string& fault) {
               Napi::ThreadSafeFunction settle = pending->settle;
               settle.BlockingCall([pending, fault](Napi::Env own, Napi::Function) {
                 Napi::HandleScope scope(own);
                 pending->keep.Reset();
                 if (fault.empty()) pending->deferred.Resolve(own.Undefined());
                 else pending->deferred.Reject(Napi::Error::New(own, fault).Value());
               });
               settle.Release();
             }});
  return pending->deferred.Promise();
}

// join(): { rank, size, localSize, library }. Waits for the other ranks of the job.
Napi::Value Join(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (rank_of_process != nullptr) throw Napi::Error::New(env, "MPI: this process has joined already");
  struct Found {
    int rank = 0, size = 1, local = 1, level = MPI_THREAD_SINGLE;
    std::string library, fault;
  };
  auto result = std::make_shared<std::promise<Found>>();
  rank_of_process = new Rank();
  rank_of_process->Start([result] {
    Found found;
    try {
      Check("MPI_Init_thread", MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &found.level));
      Check("MPI_Comm_rank", MPI_Comm_rank(MPI_COMM_WORLD, &found.rank));
      Check("MPI_Comm_size", MPI_Comm_size(MPI_COMM_WORLD, &found.size));
      MPI_Comm machine;
      Check("MPI_Comm_split_type",
            MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &machine));
      Check("MPI_Comm_size", MPI_Comm_size(machine, &found.local));
      MPI_Comm_free(&machine);
      char version[MPI_MAX_LIBRARY_VERSION_STRING];
      int length = 0;
      Check("MPI_Get_library_version", MPI_Get_library_version(version, &length));
      found.library = std::string(version, length);
    } catch (const std::exception& error) {
      found.fault = error.what();
    }
    result->set_value(found);
  });
  Found found = result->get_future().get();
  if (found.fault.empty() && found.level < MPI_THREAD_FUNNELED) {
    found.fault = "MPI: this library gives no thread level, and MPI_THREAD_FUNNELED is needed, as another thread than the first calls it";
  }
  if (!found.fault.empty()) throw Napi::Error::New(env, found.fault);
  Napi::Object joined = Napi::Object::New(env);
  joined.Set("rank", found.rank);
  joined.Set("size", found.size);
  joined.Set("localSize", found.local);
  joined.Set("library", found.library);
  return joined;
}

// sum(values: Float32Array | Float64Array): in place, over all ranks.
Napi::Value Sum(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (info.Length() < 1 || !info[0].IsTypedArray()) throw Napi::TypeError::New(env, "MPI sum: expected a typed array");
  Napi::TypedArray array = info[0].As<Napi::TypedArray>();
  const bool wide = array.TypedArrayType() == napi_float64_array;
  if (!wide && array.TypedArrayType() != napi_float32_array) {
    throw Napi::TypeError::New(env, "MPI sum: expected a Float32Array or a Float64Array");
  }
  char* data = static_cast<char*>(array.ArrayBuffer().Data()) + array.ByteOffset();
  const size_t count = array.ElementLength();
  return Queue(info, array, [=] {
    const MPI_Datatype type = wide ? MPI_DOUBLE : MPI_FLOAT;
    for (size_t from = 0; from < count; from += kMostAtOnce) {
      MPI_Request request;
      const int part = static_cast<int>(std::min(kMostAtOnce, count - from));
      Check("MPI_Iallreduce", MPI_Iallreduce(MPI_IN_PLACE, data + from * (wide ? 8 : 4), part, type, MPI_SUM, MPI_COMM_WORLD, &request));
      Await("MPI_Iallreduce", &request);
    }
  });
}

// broadcast(bytes: Uint8Array, root: number): the root's bytes to all, who bring as many.
Napi::Value Broadcast(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (info.Length() < 2 || !info[0].IsTypedArray() || !info[1].IsNumber() ||
      info[0].As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    throw Napi::TypeError::New(env, "MPI broadcast: expected a Uint8Array and a rank");
  }
  Napi::TypedArray array = info[0].As<Napi::TypedArray>();
  char* data = static_cast<char*>(array.ArrayBuffer().Data()) + array.ByteOffset();
  const size_t count = array.ElementLength();
  const int root = info[1].As<Napi::Number>().Int32Value();
  return Queue(info, array, [=] {
    for (size_t from = 0; from < count; from += kMostAtOnce) {
      MPI_Request request;
      const int part = static_cast<int>(std::min(kMostAtOnce, count - from));
      Check("MPI_Ibcast", MPI_Ibcast(data + from, part, MPI_BYTE, root, MPI_COMM_WORLD, &request));
      Await("MPI_Ibcast", &request);
    }
  });
}

// leave(): when all ranks do. Nothing can be asked afterwards.
Napi::Value Leave(const Napi::CallbackInfo& info) {
  Napi::Value promise = Queue(info, Napi::Object::New(info.Env()), [] { Check("MPI_Finalize", MPI_Finalize()); });
  left = true;
  return promise;
}

// abort(code): ends all ranks of the job with this exit code, this one included. Does not return.
void Abort(const Napi::CallbackInfo& info) {
  const int code = info.Length() > 0 && info[0].IsNumber() ? info[0].As<Napi::Number>().Int32Value() : 1;
  Rank& rank = Joined(info.Env());
  abort_code = code;
  rank.Post({AbortIfAsked, [](const std::string&) {}});
  // The thread of MPI ends the process; if it cannot, the launcher sees a rank that is gone.
  std::this_thread::sleep_for(std::chrono::seconds{5});
  std::_Exit(code);
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("join", Napi::Function::New(env, Join, "join"));
  exports.Set("sum", Napi::Function::New(env, Sum, "sum"));
  exports.Set("broadcast", Napi::Function::New(env, Broadcast, "broadcast"));
  exports.Set("leave", Napi::Function::New(env, Leave, "leave"));
  exports.Set("abort", Napi::Function::New(env, Abort, "abort"));
  return exports;
}

}  // namespace

NODE_API_MODULE(autodual_mpi, Init)
