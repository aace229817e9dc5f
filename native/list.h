// Every operation and every kernel, once. An operation has the signature by which JavaScript calls it, in TypeScript: what is
// read in native/operations in this order, T standing for a tensor's number. A kernel has the signature of the function
// template of this name in native/kernels, T standing for float or double. From this list come the declarations and methods
// of operations (operations/operations.h, addon.cc), the tables of kernels (kernels/table.h, isa/set.h), and, by
// `node scripts/engine-signatures.mjs`, src/compute/native/engine.ts.
//
// Included where AUTODUAL_OPERATION(name, signature) or AUTODUAL_KERNEL(result, name, parameters) is defined, or both.
#ifndef AUTODUAL_OPERATION
#define AUTODUAL_OPERATION(...)
#endif
#ifndef AUTODUAL_KERNEL
#define AUTODUAL_KERNEL(...)
#endif

// clang-format off

// memory.cc, peak.h. The peak runs a loop of fused multiply-adds on registers on every thread; its kernel returns how many
// floating-point operations.
AUTODUAL_OPERATION(upload, (features: number, rows: number, values: FloatArray | Int32Array): T)
AUTODUAL_OPERATION(filled, (features: number, rows: number, value: number): T)
AUTODUAL_OPERATION(reshape, (x: T, features: number, rows: number): T)
AUTODUAL_OPERATION(release, (x: T): void)
AUTODUAL_OPERATION(read, (x: T): Promise<FloatArray>)
AUTODUAL_OPERATION(finish, (): Promise<number>)
AUTODUAL_OPERATION(memory, (resetPeak: boolean): readonly [live: number, peak: number, scratch: number])
AUTODUAL_OPERATION(peak, (iterations: number): Promise<{ readonly operations: number; readonly seconds: number }>)
AUTODUAL_KERNEL(double, peak, (Pool&, int64_t iterations))
AUTODUAL_KERNEL(void, fill, (Pool&, T value, int64_t count, T* out))

// products.cc: linear maps and convolutions, their transposes, weight gradients; products.h, product-gradients.h, select.h
AUTODUAL_OPERATION(linear, (weight: T, x: T, bias: T): T)
AUTODUAL_OPERATION(linearTranspose, (weight: T, y: T): T)
AUTODUAL_OPERATION(linearWeightGradient, (y: T, x: T): T)
AUTODUAL_OPERATION(conv2d, (weight: T, x: T, bias: T, geometry: Float64Array): T)
AUTODUAL_OPERATION(conv2dTranspose, (weight: T, y: T, geometry: Float64Array): T)
AUTODUAL_OPERATION(conv2dWeightGradient, (y: T, x: T, geometry: Float64Array): T)
AUTODUAL_OPERATION(conv2dSelect, (weight: T, geometry: Float64Array, index: Int32Array): T)
AUTODUAL_OPERATION(conv2dSelectGradient, (g: T, geometry: Float64Array, index: Int32Array): T)
AUTODUAL_KERNEL(void, product, (Pool&, const ProductPlan&, const T* weight, const T* x, int64_t rows, const T* bias, T* out))
AUTODUAL_KERNEL(void, productGradient, (Pool&, const GradientPlan&, const T* y, const T* x, int64_t rows, T* out))
AUTODUAL_KERNEL(void, conv2dSelect, (Pool&, const T* weight, const int32_t* index, int64_t rows, const Geometry&, T* out))
AUTODUAL_KERNEL(void, conv2dSelectGradient, (Pool&, const T* g, const int32_t* index, int64_t rows, const Geometry&, T* out))

// backward.cc, backward.h: equation 8, the sum of all enclosures' Σρ|ν| and the last norm → `[1, rows]`
AUTODUAL_OPERATION(backward, (...chain: readonly BackwardArgument[]): T)
AUTODUAL_KERNEL(void, backward, (Pool&, const BackwardChain<T>&, int64_t rows, T* out))

// features.cc, features.h, select.h. In selections index is a tensor `[f, columns]` of feature numbers of x, which has
// `features`; −1 reads `missing`.
AUTODUAL_OPERATION(transpose, (x: T): T)
AUTODUAL_OPERATION(gather, (x: T, index: Int32Array): T)
AUTODUAL_OPERATION(scatterAdd, (y: T, index: Int32Array, features: number): T)
AUTODUAL_OPERATION(replace, (x: T, index: Int32Array, y: T): T)
AUTODUAL_OPERATION(concat, (count: number, ...parts: T[]): T)
AUTODUAL_OPERATION(slice, (x: T, start: number, count: number): T)
AUTODUAL_OPERATION(select, (x: T, index: T, ...rest: [...OwnerArguments, missing: number]): T)
AUTODUAL_OPERATION(selectTranspose, (y: T, index: T, ...rest: [...OwnerArguments, features: number]): T)
AUTODUAL_OPERATION(maxPoolChoice, (lower: T, upper: T, geometry: Float64Array): Two)
AUTODUAL_KERNEL(void, transpose, (Pool&, const T* x, int64_t f, int64_t rows, T* out))
AUTODUAL_KERNEL(void, gather, (Pool&, const T* x, const int32_t* index, int64_t count, int64_t rows, T* out))
AUTODUAL_KERNEL(void, scatterAdd, (Pool&, const T* y, const int32_t* index, int64_t count, int64_t rows, int64_t f, T* out))
AUTODUAL_KERNEL(void, replace, (Pool&, const T* x, const int32_t* index, const T* y, int64_t count, int64_t rows, int64_t f, T* out))
AUTODUAL_KERNEL(void, select, (Pool&, const T* x, int64_t features, int64_t rows, const T* index, int64_t f, const Owners&, T missing, T* out))
AUTODUAL_KERNEL(void, selectTranspose, (Pool&, const T* y, int64_t f, int64_t rows, const T* index, const Owners&, int64_t features, T* out))
AUTODUAL_KERNEL(void, maxPoolChoice, (Pool&, const T* lower, const T* upper, int64_t columns, const Geometry&, T* choice, T* rival))

// entries.cc, entries.h
AUTODUAL_OPERATION(combine, (a: number, x: T, b: number, y: T): T)
AUTODUAL_OPERATION(weightedSum, (constant: number, count: number, ...weightAbsoluteXByAndWhere: number[]): T)
AUTODUAL_OPERATION(scaleBy, (x: T, a: number, b: number): T)
AUTODUAL_OPERATION(multiply, (x: T, y: T): T)
AUTODUAL_OPERATION(minimum, (x: T, y: T): T)
AUTODUAL_OPERATION(maximum, (x: T, y: T): T)
AUTODUAL_OPERATION(minimumGradient, (x: T, y: T, g: T): Two)
AUTODUAL_OPERATION(apply, (...functionAndX: [...FunctionArguments, x: T]): T)
AUTODUAL_OPERATION(applyGradient, (...functionAndXG: [...FunctionArguments, x: T, g: T]): T)
AUTODUAL_KERNEL(void, combine, (Pool&, T a, const T* x, T b, const T* y, int64_t count, T* out))
AUTODUAL_KERNEL(void, weightedSum, (Pool&, const Weighted<T>* terms, int64_t termCount, T constant, const T* where, int64_t features, int64_t rows, T* out))
AUTODUAL_KERNEL(void, scaleBy, (Pool&, const T* x, T a, T b, int64_t count, T* out))
AUTODUAL_KERNEL(void, multiply, (Pool&, const T* x, const T* y, int64_t count, T* out))
AUTODUAL_KERNEL(void, minimum, (Pool&, const T* x, const T* y, int64_t count, T* out))
AUTODUAL_KERNEL(void, maximum, (Pool&, const T* x, const T* y, int64_t count, T* out))
AUTODUAL_KERNEL(void, minimumGradient, (Pool&, const T* x, const T* y, const T* g, int64_t count, T* outX, T* outY))
AUTODUAL_KERNEL(void, apply, (Pool&, const Elementwise&, const T* x, int64_t count, T* out))
AUTODUAL_KERNEL(void, applyGradient, (Pool&, const Elementwise&, const T* x, const T* g, int64_t count, T* out))

// rows.cc, rows.h: scale and shift may be left out
AUTODUAL_OPERATION(scaleShift, (x: T, scale: T, shift: T, ...owners: OwnerArguments): T)
AUTODUAL_OPERATION(scaleBySign, (x: T, positive: T, negative: T, ...owners: OwnerArguments): T)
AUTODUAL_OPERATION(scaleBySignGradient, (x: T, positive: T, negative: T, g: T, ...owners: OwnerArguments): Three)
AUTODUAL_OPERATION(spread, (x: T, rows: number, ...owners: OwnerArguments): T)
AUTODUAL_OPERATION(sumRows, (x: T, columns: number, ...owners: OwnerArguments): T)
AUTODUAL_OPERATION(multiplySumRows, (x: T, y: T, columns: number, ...owners: OwnerArguments): T)
AUTODUAL_OPERATION(dot, (x: T, weight: T, ...owners: OwnerArguments): T)
AUTODUAL_OPERATION(outer, (weight: T, s: T, ...owners: OwnerArguments): T)
AUTODUAL_OPERATION(outerSumRows, (x: T, s: T, columns: number, ...owners: OwnerArguments): T)
AUTODUAL_KERNEL(void, scaleShift, (Pool&, const T* x, int64_t f, int64_t rows, const T* scale, const T* shift, const Owners&, T* out))
AUTODUAL_KERNEL(void, scaleBySign, (Pool&, const T* x, int64_t f, int64_t rows, const T* positive, const T* negative, const Owners&, T* out))
AUTODUAL_KERNEL(void, scaleBySignGradient, (Pool&, const T* x, int64_t f, int64_t rows, const T* positive, const T* negative, const T* g, const Owners&, T* outX, T* outPositive, T* outNegative))
AUTODUAL_KERNEL(void, spread, (Pool&, const T* x, int64_t f, int64_t rows, const Owners&, T* out))
AUTODUAL_KERNEL(void, sumRows, (Pool&, const T* x, int64_t f, int64_t rows, const Owners&, T* out))
AUTODUAL_KERNEL(void, multiplySumRows, (Pool&, const T* x, const T* y, int64_t f, int64_t rows, const Owners&, T* out))
AUTODUAL_KERNEL(void, dot, (Pool&, const T* x, int64_t f, int64_t rows, const T* weight, const Owners&, T* out))
AUTODUAL_KERNEL(void, outer, (Pool&, const T* weight, const T* s, int64_t f, int64_t rows, const Owners&, T* out))
AUTODUAL_KERNEL(void, outerSumRows, (Pool&, const T* x, const T* s, int64_t f, int64_t rows, const Owners&, T* out))

// norms.cc, norms.h, enclose.h: d ⊙ ν and Σρ|ν| in one pass
AUTODUAL_OPERATION(norm, (x: T, weight: T, ...rest: [...OwnerArguments, order: number]): T)
AUTODUAL_OPERATION(normGradient, (x: T, weight: T, value: T, g: T, ...rest: [...OwnerArguments, order: number]): Two)
AUTODUAL_OPERATION(normRows, (x: T, columns: number, ...rest: [...OwnerArguments, order: number]): T)
AUTODUAL_OPERATION(normRowsGradient, (x: T, value: T, g: T, ...rest: [...OwnerArguments, order: number]): T)
AUTODUAL_OPERATION(enclose, (nu: T, slope: T, radius: T, ...owners: OwnerArguments): Two)
AUTODUAL_OPERATION(encloseGradient, (nu: T, slope: T, radius: T, gNu: T, gRadius: T, ...owners: OwnerArguments): Three)
AUTODUAL_KERNEL(void, norm, (Pool&, const T* x, int64_t f, int64_t rows, const T* weight, const Owners&, Order, T* out))
AUTODUAL_KERNEL(void, normGradient, (Pool&, const T* x, int64_t f, int64_t rows, const T* weight, const T* value, const T* g, const Owners&, Order, T* outX, T* outWeight))
AUTODUAL_KERNEL(void, normRows, (Pool&, const T* x, int64_t f, int64_t rows, const Owners&, Order, T* out))
AUTODUAL_KERNEL(void, normRowsGradient, (Pool&, const T* x, int64_t f, int64_t rows, const T* value, const T* g, const Owners&, Order, T* outX))
AUTODUAL_KERNEL(void, enclose, (Pool&, const T* nu, int64_t f, int64_t rows, const T* slope, const T* radius, const Owners&, T* outNu, T* outRadius))
AUTODUAL_KERNEL(void, encloseGradient, (Pool&, const T* nu, int64_t f, int64_t rows, const T* slope, const T* radius, const T* gNu, const T* gRadius, const Owners&, T* outNu, T* outSlope, T* outRadius))

// patches.cc, crop.h: x is `[channels·height·width, columns]`, y `[channels·patchHeight·patchWidth, rows]`
AUTODUAL_OPERATION(crop, (x: T, ...rest: [...WindowArguments, ...OwnerArguments]): T)
AUTODUAL_OPERATION(cropTranspose, (y: T, ...rest: [...WindowArguments, columns: number, ...OwnerArguments]): T)
AUTODUAL_KERNEL(void, crop, (Pool&, const T* x, int64_t rows, const Owners&, const Window&, T* out))
AUTODUAL_KERNEL(void, cropTranspose, (Pool&, const T* y, int64_t rows, const Owners&, const Window&, T* out))

// activations.cc, lines.h, boxes.h: each tensor has `count` entries
AUTODUAL_OPERATION(parallelLines, (...rest: [...FunctionArguments, lower: T, upper: T]): Three)
AUTODUAL_OPERATION(parallelLinesGradient, (...rest: [...FunctionArguments, lower: T, upper: T, ...g: Three]): Two)
AUTODUAL_OPERATION(adaptiveLines, (...rest: [...FunctionArguments, lower: T, upper: T]): Four)
AUTODUAL_OPERATION(adaptiveLinesGradient, (...rest: [...FunctionArguments, lower: T, upper: T, ...g: Four]): Two)
AUTODUAL_OPERATION(activateBox, (...rest: [...FunctionArguments, centre: T, radius: T]): Two)
AUTODUAL_OPERATION(activateBoxGradient, (...rest: [...FunctionArguments, centre: T, radius: T, ...g: Two]): Two)
AUTODUAL_OPERATION(boxMoments, (centre: T, radius: T): T)
AUTODUAL_OPERATION(boxMomentsGradient, (centre: T, radius: T, g: T): Two)
AUTODUAL_KERNEL(void, parallelLines, (Pool&, const Elementwise&, const T* lower, const T* upper, int64_t count, T* slope, T* shift, T* radius))
AUTODUAL_KERNEL(void, parallelLinesGradient, (Pool&, const Elementwise&, const T* lower, const T* upper, const T* gSlope, const T* gShift, const T* gRadius, int64_t count, T* outLower, T* outUpper))
AUTODUAL_KERNEL(void, adaptiveLines, (Pool&, const Elementwise&, const T* lower, const T* upper, int64_t count, T* lowerSlope, T* lowerShift, T* upperSlope, T* upperShift))
AUTODUAL_KERNEL(void, adaptiveLinesGradient, (Pool&, const Elementwise&, const T* lower, const T* upper, const T* gLowerSlope, const T* gLowerShift, const T* gUpperSlope, const T* gUpperShift, int64_t count, T* outLower, T* outUpper))
AUTODUAL_KERNEL(void, activateBox, (Pool&, const Elementwise&, const T* centre, const T* radius, int64_t count, T* outCentre, T* outRadius))
AUTODUAL_KERNEL(void, activateBoxGradient, (Pool&, const Elementwise&, const T* centre, const T* radius, const T* gCentre, const T* gRadius, int64_t count, T* outCentre, T* outRadius))
AUTODUAL_KERNEL(void, boxMoments, (Pool&, const T* centre, const T* radius, int64_t count, T* out))
AUTODUAL_KERNEL(void, boxMomentsGradient, (Pool&, const T* centre, const T* radius, const T* g, int64_t count, T* outCentre, T* outRadius))

// loss.cc, loss.h: logits `[classes, columns]`
AUTODUAL_OPERATION(softmaxCrossEntropy, (logits: T, labels: Int32Array): T)
AUTODUAL_OPERATION(softmaxCrossEntropyGradient, (logits: T, labels: Int32Array, g: T): T)
AUTODUAL_OPERATION(adamStep, (parameter: T, gradient: T, first: T, second: T, ...settings: AdamArguments): void)
AUTODUAL_KERNEL(void, softmaxCrossEntropy, (Pool&, const T* logits, const int32_t* labels, int64_t classes, int64_t columns, T* out))
AUTODUAL_KERNEL(void, softmaxCrossEntropyGradient, (Pool&, const T* logits, const int32_t* labels, const T* g, int64_t classes, int64_t columns, T* out))
AUTODUAL_KERNEL(void, adamStep, (Pool&, T* parameter, const T* gradient, T* first, T* second, int64_t count, const AdamSettings&))

// median.cc, median.h: of the rows in runs of `times` the lower median of |x| and the place of its first holder in the run, or
// the geometric mean of |x| → each `[f, rows / times]`, as g and index are
AUTODUAL_OPERATION(medianRows, (x: T, times: number): Two)
AUTODUAL_OPERATION(medianRowsGradient, (x: T, index: T, g: T, times: number): T)
AUTODUAL_OPERATION(geometricMeanRows, (x: T, times: number): T)
AUTODUAL_KERNEL(void, medianRows, (Pool&, const MedianPlan&, const T* x, int64_t f, int64_t rows, T* value, T* index))
AUTODUAL_KERNEL(void, geometricMeanRows, (Pool&, const T* x, int64_t runs, int64_t times, T* out))
AUTODUAL_KERNEL(void, medianRowsGradient, (Pool&, const T* x, const T* index, const T* g, int64_t f, int64_t rows, int64_t times, T* out))

// noise.cc, noise.h: d ⊙ x + ρ ⊙ C for features × examples runs of `times` rows, each with a slope and a radius; x and slope may be left out
// together, and their derivatives with them
AUTODUAL_OPERATION(addNoise, (x: T, slope: T, radius: T, times: number, ...noise: NoiseArguments): T)
AUTODUAL_OPERATION(addNoiseGradient, (x: T, slope: T, radius: T, times: number, g: T, ...noise: NoiseArguments): readonly T[])
AUTODUAL_KERNEL(void, addNoise, (Pool&, const T* x, const T* slope, const T* radius, int64_t features, int64_t examples, int64_t times, const Noise&, T* out))
AUTODUAL_KERNEL(void, addNoiseGradient, (Pool&, const T* x, const T* slope, const T* radius, const T* g, int64_t features, int64_t examples, int64_t times, const Noise&, T* outX, T* outSlope, T* outRadius))

// clang-format on

#undef AUTODUAL_OPERATION
#undef AUTODUAL_KERNEL
