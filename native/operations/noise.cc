// Random projections: entries of a Philox stream, the same on every machine whatever the threads.
#include "operations.h"

namespace autodual::operations {

namespace {

/// Blocks of an example's random words are counted by 32 bits.
constexpr int64_t MOST_NUMBERS = int64_t{1} << 34;

/// Six arguments: the distribution (0 Cauchy, 1 normal), two words of the key, two of the stream, and the columns' examples.
struct NoiseOfExamples {
  Noise noise;
  Indices examples;

  Noise own() const {
    Noise own = noise;
    own.examples = examples->data();
    return own;
  }
};

NoiseOfExamples noiseOf(Arguments& a, const Tensor& radius) {
  constexpr int64_t MOST_WORD = 4294967295;
  Noise noise;
  noise.normal = a.size("distribution", 0, 1) == 1;
  noise.key[0] = static_cast<uint32_t>(a.size("key0", 0, MOST_WORD));
  noise.key[1] = static_cast<uint32_t>(a.size("key1", 0, MOST_WORD));
  noise.stream[0] = static_cast<uint32_t>(a.size("stream0", 0, MOST_WORD));
  noise.stream[1] = static_cast<uint32_t>(a.size("stream1", 0, MOST_WORD));
  noise.examples = nullptr;
  return {noise, a.indices("examples", 0, MOST_INT32 + 1, radius.rows)};
}

/// x, slope and radius; x and slope may both be left out.
struct Projected {
  Tensor x, slope, radius;
  int64_t times;

  explicit Projected(Arguments& a)
      : x(a.optional("x", ANY, ANY)), slope(a.optional("slope", ANY, ANY)), radius(a.tensor("radius")),
        times(a.size("times", 1, MOST_INT32)) {
    a.expect(radius.features < MOST_NUMBERS / times, "fewer features", std::to_string(times) + " times as many");
    const bool given = static_cast<bool>(x);
    a.expect(given == static_cast<bool>(slope), "x and slope, or neither", "one of them");
    a.expect(radius.rows <= MOST_ENTRIES / times, "fewer rows", std::to_string(times) + " times as many");
    if (!given) return;
    a.expectShape("x", x, radius.features, rows());
    a.expectShape("slope", slope, radius.features, radius.rows);
  }

  int64_t rows() const { return radius.rows * times; }
};

}  // namespace

Napi::Value addNoise(Arguments& a) {
  const Projected p(a);
  const NoiseOfExamples noise = noiseOf(a, p.radius);
  const Tensor out = a.result(p.radius.features, p.rows());
  a.run({out}, [=](const auto& run) {
    run.kernels.addNoise(run.pool, run.in(p.x), run.in(p.slope), run.in(p.radius), p.radius.features, p.radius.rows, p.times,
                         noise.own(), run.out(out));
  });
  return a.give(out);
}

Napi::Value addNoiseGradient(Arguments& a) {
  const Projected p(a);
  const Tensor g = a.tensor("g", p.radius.features, p.rows());
  const NoiseOfExamples noise = noiseOf(a, p.radius);
  const bool given = static_cast<bool>(p.x);
  const Tensor outX = given ? a.resultLike(g) : Tensor{}, outSlope = given ? a.resultLike(p.radius) : Tensor{};
  const Tensor outRadius = a.resultLike(p.radius);
  const auto body = [=](const auto& run) {
    run.kernels.addNoiseGradient(run.pool, run.in(p.x), run.in(p.slope), run.in(p.radius), run.in(g),
                                 p.radius.features, p.radius.rows, p.times, noise.own(), run.out(outX), run.out(outSlope), run.out(outRadius));
  };
  if (!given) {
    a.run({outRadius}, body);
    return a.give({outRadius});
  }
  a.run({outX, outSlope, outRadius}, body);
  return a.give({outX, outSlope, outRadius});
}

}  // namespace autodual::operations
