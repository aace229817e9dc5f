// ν backwards through a graph of layers.
#include "plan-keys.h"
#include "operations.h"

namespace autodual::operations {

namespace {

/// As backward.ts of the native backend numbers them.
enum StepKind : int64_t {
  STEP_LINEAR,
  STEP_CONV2D,
  STEP_ENCLOSE,
  STEP_LINES,
  STEP_SCALE,
  STEP_OFFSET,
  STEP_GATHER,
  STEP_STORE,
  STEP_LOAD,
  STEP_COPY,
  STEP_ADD,
};

/// Slots have numbers below this.
constexpr int64_t MOST_SLOTS = 64;

/// What viewers see of images; no window where rows see whole columns.
struct SightTable {
  WindowTable window;
  OwnerTable examples{};

  template <class T>
  Sight sight(const Run<T>& run) const {
    if (!window.top) return {};
    return {window.window(), run.unordered(examples), window.rows()};
  }
};

/// A step with what it holds on to until its task has run.
struct Step {
  StepKind kind;
  Tensor first, second, third, fourth;
  Geometry geometry{};
  OwnerTable owners{};
  SightTable sight{};
  int64_t slot = 0;
  Indices index;
  bool whole = true;

  template <class T>
  BackwardStep<T> prepared(const Run<T>& run) const {
    typedef typename BackwardStep<T>::Kind Kind;
    const int64_t m = first.features, n = first.rows;
    const auto product = [&](const ProductPlan& plan) -> BackwardStep<T> {
      return {Kind::product, &plan, run.in(first), nullptr, nullptr, nullptr, {}, {}, 0, nullptr, 0};
    };
    const auto reading = [&](Kind own) -> BackwardStep<T> {
      return {own, nullptr, run.in(first), run.in(second), run.in(third), run.in(fourth), run.unordered(owners), sight.sight(run), 0, nullptr, 0};
    };
    const auto moving = [&](Kind own) -> BackwardStep<T> {
      return {own, nullptr, nullptr, nullptr, nullptr, nullptr, {}, {}, slot, whole ? nullptr : index->data(),
              whole ? 0 : static_cast<int64_t>(index->size())};
    };
    switch (kind) {
      case STEP_LINEAR:
        return product(run.engine.template plan<ProductPlan>({LINEAR_TRANSPOSE, m, n}, [=] { return planLinearTranspose(m, n); }));
      case STEP_CONV2D:
        return product(run.engine.template plan<ProductPlan>(keyOf(CONV2D_TRANSPOSE, geometry),
                                                             [this] { return planConv2dTranspose(geometry); }));
      case STEP_ENCLOSE: return reading(Kind::enclose);
      case STEP_LINES: return reading(Kind::lines);
      case STEP_SCALE: return reading(Kind::scale);
      case STEP_OFFSET: return reading(Kind::offset);
      case STEP_GATHER: return moving(Kind::gather);
      case STEP_STORE: return moving(Kind::store);
      case STEP_LOAD: return moving(Kind::load);
      case STEP_COPY: return moving(Kind::copy);
      default: return moving(Kind::add);
    }
  }
};

/// Features of ν on its way: their memory, of all slots and threads, is counted by 64 bits.
constexpr int64_t MOST_FEATURES = int64_t{1} << 30;

/// The features of ν, at hand and in slots, as steps are read.
struct Walk {
  int64_t features;
  bool atHand = true;
  /// −1 where a slot is free.
  int64_t waiting[MOST_SLOTS];
  int64_t slots = 0;
  int64_t most;

  explicit Walk(int64_t start) : features(start), most(start) {
    for (int64_t& own : waiting) own = -1;
  }
  void becomes(int64_t count) {
    features = count;
    passes(count);
  }
  void passes(int64_t count) { most = count > most ? count : most; }
};

void readSlot(Arguments& a, Step& step, Walk& walk, bool isFree) {
  step.slot = a.size("slot", 0, MOST_SLOTS - 1);
  walk.slots = step.slot + 1 > walk.slots ? step.slot + 1 : walk.slots;
  a.expect((walk.waiting[step.slot] < 0) == isFree, isFree ? "a free slot" : "a slot in use", std::to_string(step.slot));
}

void readIndex(Arguments& a, Step& step, int64_t features) {
  step.whole = a.size("index", 0, 1) == 0;
  step.index = a.indices("index", -1, step.whole ? MOST_INT32 : features);
}

/// Whether coefficients are seen through windows, and these.
SightTable readSight(Arguments& a) {
  if (a.size("through", 0, 1) == 0) return {};
  SightTable sight;
  sight.window = a.window();
  return sight;
}

/// Coefficients of ν's features, or images of which rows see patches that have as many.
Tensor readCoefficients(Arguments& a, const SightTable& sight, const char* name, int64_t features) {
  if (!sight.window.top) return a.tensor(name, features);
  const Tensor x = a.tensor(name, sight.window.imageFeatures());
  a.expect(sight.window.patchFeatures() == features, std::to_string(features) + " features in each patch",
           std::to_string(sight.window.patchFeatures()));
  return x;
}

/// Whose columns rows read, or whose patch and then of which column.
void readOwners(Arguments& a, int64_t rows, int64_t columns, OwnerTable& owners, SightTable& sight) {
  if (!sight.window.top) {
    owners = a.owners(rows, columns);
    return;
  }
  const WindowTable& w = sight.window;
  expectReach(a, w, columns * w.channels);
  owners = a.owners(rows, w.rows());
  sight.examples = a.owners(w.rows(), columns);
}

/// Reads a step, and says how many features there are after it.
Step readStep(Arguments& a, Walk& walk, int64_t rows) {
  Step step;
  step.kind = static_cast<StepKind>(a.size("step", 0, STEP_ADD));
  a.expect(walk.atHand == (step.kind != STEP_LOAD), walk.atHand ? "a store before a load" : "a load after a store",
           "another step");
  switch (step.kind) {
    case STEP_LINEAR:
      step.first = a.tensor("weight", walk.features);
      walk.becomes(step.first.rows);
      break;
    case STEP_CONV2D:
      step.first = a.tensor("weight");
      step.geometry = a.geometry();
      a.expectShape("weight", step.first, step.geometry.outChannels, weightsPerOutput(step.geometry));
      a.expect(walk.features == outFeatures(step.geometry), std::to_string(outFeatures(step.geometry)) + " features",
               std::to_string(walk.features));
      walk.becomes(inFeatures(step.geometry));
      break;
    case STEP_ENCLOSE:
      step.sight = readSight(a);
      step.first = readCoefficients(a, step.sight, "slope", walk.features);
      step.second = a.like("radius", step.first);
      step.third = a.optional("shift", step.first.features, step.first.rows);
      readOwners(a, rows, step.first.rows, step.owners, step.sight);
      break;
    case STEP_LINES:
      step.sight = readSight(a);
      step.first = readCoefficients(a, step.sight, "lower", walk.features);
      step.second = a.like("upper", step.first);
      step.third = a.like("even", step.first);
      step.fourth = a.like("odd", step.first);
      readOwners(a, rows, step.first.rows, step.owners, step.sight);
      break;
    case STEP_SCALE:
    case STEP_OFFSET:
      step.sight = readSight(a);
      step.first = readCoefficients(a, step.sight, step.kind == STEP_SCALE ? "scale" : "offset", walk.features);
      readOwners(a, rows, step.first.rows, step.owners, step.sight);
      break;
    case STEP_GATHER:
      step.whole = false;
      step.index = a.indices("index", -1, walk.features);
      walk.becomes(static_cast<int64_t>(step.index->size()));
      break;
    case STEP_STORE:
      readSlot(a, step, walk, true);
      walk.waiting[step.slot] = walk.features;
      walk.atHand = false;
      break;
    case STEP_LOAD:
      readSlot(a, step, walk, false);
      walk.features = walk.waiting[step.slot];
      walk.waiting[step.slot] = -1;
      walk.atHand = true;
      break;
    case STEP_COPY: {
      readSlot(a, step, walk, true);
      readIndex(a, step, walk.features);
      const int64_t count = step.whole ? walk.features : static_cast<int64_t>(step.index->size());
      walk.waiting[step.slot] = count;
      walk.passes(count);
      break;
    }
    case STEP_ADD: {
      readSlot(a, step, walk, false);
      const int64_t there = walk.waiting[step.slot];
      readIndex(a, step, there);
      const int64_t count = step.whole ? there : static_cast<int64_t>(step.index->size());
      a.expect(count == walk.features, std::to_string(walk.features) + " features", std::to_string(count));
      walk.waiting[step.slot] = -1;
      break;
    }
  }
  return step;
}

}  // namespace

Napi::Value backward(Arguments& a) {
  // Rows as they are, or lines of a matrix.
  Tensor nu, matrix;
  Indices index;
  if (a.size("start", 0, 1) == 0) {
    nu = a.tensor("nu");
  } else {
    matrix = a.tensor("matrix");
    index = a.indices("index", 0, matrix.features);
  }
  const int64_t startFeatures = nu ? nu.features : matrix.rows;
  const int64_t rows = nu ? nu.rows : static_cast<int64_t>(index->size());
  Walk walk(startFeatures);
  std::vector<Step> steps(static_cast<size_t>(a.size("steps", 0, 1 << 16)));
  for (Step& step : steps) step = readStep(a, walk, rows);
  a.expect(walk.atHand, "a load after a store", "the end");
  a.expect(walk.most <= MOST_FEATURES, "at most 2^30 features on the way", std::to_string(walk.most));
  SightTable sight = readSight(a);
  const Tensor radius = readCoefficients(a, sight, "radius", walk.features);
  const Tensor centre = a.optional("centre", radius.features, radius.rows);
  OwnerTable owners;
  readOwners(a, rows, radius.rows, owners, sight);
  const Order order = a.order();
  const Tensor out = a.result(centre ? 2 : 1, rows);
  const int64_t slots = walk.slots, most = walk.most;
  a.run({out}, [=](const auto& run) {
    using T = std::remove_pointer_t<decltype(run.out(out))>;
    // Plans are as large as layers: where there is no memory for the rows, there is none for them.
    run.pool.scratch(0, static_cast<size_t>(most) * 8 * sizeof(T));
    std::vector<BackwardStep<T>> prepared;
    for (const Step& step : steps) prepared.push_back(step.prepared(run));
    run.kernels.backward(run.pool,
                         {run.in(nu), run.in(matrix), index ? index->data() : nullptr, startFeatures, prepared.data(),
                          static_cast<int64_t>(prepared.size()), slots, most, run.in(radius), run.in(centre),
                          run.unordered(owners), sight.sight(run), order},
                         rows, run.out(out));
  });
  return a.give(out);
}

}  // namespace autodual::operations
