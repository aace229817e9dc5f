// Lines and boxes that enclose an activation over an interval, and their derivatives in its ends.
#include "operations.h"

namespace autodual::operations {

Napi::Value parallelLines(Arguments& a) {
  const Elementwise f = a.function(true);
  const Tensor lower = a.tensor("lower"), upper = a.like("upper", lower);
  const Tensor slope = a.resultLike(lower), shift = a.resultLike(lower), radius = a.resultLike(lower);
  a.run({slope, shift, radius}, [=](const auto& run) {
    run.kernels.parallelLines(run.pool, f, run.in(lower), run.in(upper), lower.count(), run.out(slope), run.out(shift),
                              run.out(radius));
  });
  return a.give({slope, shift, radius});
}

Napi::Value parallelLinesGradient(Arguments& a) {
  const Elementwise f = a.function(true);
  const Tensor lower = a.tensor("lower"), upper = a.like("upper", lower);
  const Tensor slope = a.like("g.slope", lower), shift = a.like("g.shift", lower), radius = a.like("g.radius", lower);
  const Tensor outLower = a.resultLike(lower), outUpper = a.resultLike(lower);
  a.run({outLower, outUpper}, [=](const auto& run) {
    run.kernels.parallelLinesGradient(run.pool, f, run.in(lower), run.in(upper), run.in(slope), run.in(shift),
                                      run.in(radius), lower.count(), run.out(outLower), run.out(outUpper));
  });
  return a.give({outLower, outUpper});
}

Napi::Value adaptiveLines(Arguments& a) {
  const Elementwise f = a.function(true);
  const Tensor lower = a.tensor("lower"), upper = a.like("upper", lower);
  const Tensor lowerSlope = a.resultLike(lower), lowerShift = a.resultLike(lower);
  const Tensor upperSlope = a.resultLike(lower), upperShift = a.resultLike(lower);
  a.run({lowerSlope, lowerShift, upperSlope, upperShift}, [=](const auto& run) {
    run.kernels.adaptiveLines(run.pool, f, run.in(lower), run.in(upper), lower.count(), run.out(lowerSlope),
                              run.out(lowerShift), run.out(upperSlope), run.out(upperShift));
  });
  return a.give({lowerSlope, lowerShift, upperSlope, upperShift});
}

Napi::Value adaptiveLinesGradient(Arguments& a) {
  const Elementwise f = a.function(true);
  const Tensor lower = a.tensor("lower"), upper = a.like("upper", lower);
  const Tensor lowerSlope = a.like("g.lowerSlope", lower), lowerShift = a.like("g.lowerShift", lower);
  const Tensor upperSlope = a.like("g.upperSlope", lower), upperShift = a.like("g.upperShift", lower);
  const Tensor outLower = a.resultLike(lower), outUpper = a.resultLike(lower);
  a.run({outLower, outUpper}, [=](const auto& run) {
    run.kernels.adaptiveLinesGradient(run.pool, f, run.in(lower), run.in(upper), run.in(lowerSlope), run.in(lowerShift),
                                      run.in(upperSlope), run.in(upperShift), lower.count(), run.out(outLower),
                                      run.out(outUpper));
  });
  return a.give({outLower, outUpper});
}

Napi::Value activateBox(Arguments& a) {
  const Elementwise f = a.function(true);
  const Tensor centre = a.tensor("centre"), radius = a.like("radius", centre);
  const Tensor outCentre = a.resultLike(centre), outRadius = a.resultLike(centre);
  a.run({outCentre, outRadius}, [=](const auto& run) {
    run.kernels.activateBox(run.pool, f, run.in(centre), run.in(radius), centre.count(), run.out(outCentre), run.out(outRadius));
  });
  return a.give({outCentre, outRadius});
}

Napi::Value activateBoxGradient(Arguments& a) {
  const Elementwise f = a.function(true);
  const Tensor centre = a.tensor("centre"), radius = a.like("radius", centre);
  const Tensor gCentre = a.like("g.centre", centre), gRadius = a.like("g.radius", centre);
  const Tensor outCentre = a.resultLike(centre), outRadius = a.resultLike(centre);
  a.run({outCentre, outRadius}, [=](const auto& run) {
    run.kernels.activateBoxGradient(run.pool, f, run.in(centre), run.in(radius), run.in(gCentre), run.in(gRadius), centre.count(),
                                    run.out(outCentre), run.out(outRadius));
  });
  return a.give({outCentre, outRadius});
}

Napi::Value boxMoments(Arguments& a) {
  const Tensor centre = a.tensor("centre"), radius = a.like("radius", centre);
  const Tensor out = a.result(8, 1);
  a.run({out}, [=](const auto& run) {
    run.kernels.boxMoments(run.pool, run.in(centre), run.in(radius), centre.count(), run.out(out));
  });
  return a.give(out);
}

Napi::Value boxMomentsGradient(Arguments& a) {
  const Tensor centre = a.tensor("centre"), radius = a.like("radius", centre), g = a.tensor("g", 8, 1);
  const Tensor outCentre = a.resultLike(centre), outRadius = a.resultLike(centre);
  a.run({outCentre, outRadius}, [=](const auto& run) {
    run.kernels.boxMomentsGradient(run.pool, run.in(centre), run.in(radius), run.in(g), centre.count(), run.out(outCentre),
                                   run.out(outRadius));
  });
  return a.give({outCentre, outRadius});
}

}  // namespace autodual::operations
