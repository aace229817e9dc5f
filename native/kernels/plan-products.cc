// Tables for the products: linear maps and convolutions, forwards and transposed.
#include <algorithm>
#include <map>

#include "plans.h"

namespace autodual {

namespace {

/// Collects positions; those that differ by a shift alone share a shape.
class PlanBuilder {
 public:
  explicit PlanBuilder(ProductPlan& plan) : plan_(plan) {}

  int32_t pack(std::vector<int64_t> outputs, std::vector<int64_t> taps) {
    const auto key = std::make_pair(outputs, taps);
    const auto found = packs_.find(key);
    if (found != packs_.end()) return found->second;
    const int32_t number = static_cast<int32_t>(plan_.packs.size());
    plan_.packs.push_back({std::move(outputs), std::move(taps)});
    packs_.emplace(key, number);
    return number;
  }

  /// `tap` and `feature` go together; features and outputs are absolute.
  void position(int32_t pack, const std::vector<int32_t>& tap, const std::vector<int64_t>& feature,
                const std::vector<int64_t>& outFeature, const std::vector<int64_t>& bias) {
    if (tap.empty()) {
      for (size_t o = 0; o < outFeature.size(); o++) {
        plan_.empty.push_back({outFeature[o], bias.empty() ? -1 : bias[o]});
      }
      return;
    }
    ProductPlan::Shape shape{pack, static_cast<int32_t>(outFeature.size()), tap, {}, {}, bias};
    for (const int64_t f : feature) shape.feature.push_back(static_cast<int32_t>(f - feature[0]));
    for (const int64_t f : outFeature) shape.outFeature.push_back(f - outFeature[0]);
    auto key = std::make_tuple(pack, tap, shape.feature, shape.outFeature, bias);
    auto found = shapes_.find(key);
    if (found == shapes_.end()) {
      found = shapes_.emplace(std::move(key), static_cast<int32_t>(plan_.shapes.size())).first;
      plan_.shapes.push_back(std::move(shape));
    }
    plan_.positions.push_back({found->second, feature[0], outFeature[0]});
    plan_.multiplyAdds += static_cast<int64_t>(tap.size() * outFeature.size());
  }

 private:
  using ShapeKey = std::tuple<int32_t, std::vector<int32_t>, std::vector<int32_t>, std::vector<int64_t>,
                              std::vector<int64_t>>;
  ProductPlan& plan_;
  std::map<std::pair<std::vector<int64_t>, std::vector<int64_t>>, int32_t> packs_;
  std::map<ShapeKey, int32_t> shapes_;
};

std::vector<int64_t> range(int64_t count, int64_t step) {
  std::vector<int64_t> values(static_cast<size_t>(count));
  for (size_t i = 0; i < values.size(); i++) values[i] = static_cast<int64_t>(i) * step;
  return values;
}

ProductPlan matrixPlan(int64_t outputs, int64_t outputStep, int64_t taps, int64_t tapStep) {
  ProductPlan plan;
  plan.inFeatures = taps;
  plan.outFeatures = outputs;
  plan.units = taps;
  PlanBuilder builder(plan);
  const int32_t pack = builder.pack(range(outputs, outputStep), range(taps, tapStep));
  std::vector<int32_t> tap(static_cast<size_t>(taps));
  for (size_t k = 0; k < tap.size(); k++) tap[k] = static_cast<int32_t>(k);
  builder.position(pack, tap, range(taps, 1), range(outputs, 1), range(outputs, 1));
  return plan;
}

/// Along one axis: the input pixels that a transposed convolution makes together, since they read the same outputs.
struct PixelGroup {
  struct Pixel {
    int32_t place;
    int32_t residue;  ///< (place + padding) mod stride
  };
  std::vector<Pixel> pixels;
  /// What they read: output line, and the kernel offset for residue 0.
  struct Tap {
    int32_t number;  ///< among all taps of the group's kind
    int32_t line;
    int32_t offset;
  };
  std::vector<Tap> taps;
};

struct Axis {
  int32_t inSize, outSize, kernel, stride, padding, dilation;
};

/// Whether all residues read the same output lines, so that pixels of one stride can be made together.
bool residuesAlign(const Axis& axis) { return axis.dilation == 1 && axis.kernel % axis.stride == 0; }

std::vector<PixelGroup> alignedGroups(const Axis& axis) {
  std::vector<PixelGroup> groups;
  for (int32_t first = 0; first < axis.inSize;) {
    const int32_t turn = (first + axis.padding) / axis.stride;
    PixelGroup group;
    for (; first < axis.inSize && (first + axis.padding) / axis.stride == turn; first++) {
      group.pixels.push_back({first, (first + axis.padding) % axis.stride});
    }
    for (int32_t j = 0; j < axis.kernel / axis.stride; j++) {
      const int32_t line = turn - j;
      if (line >= 0 && line < axis.outSize) group.taps.push_back({j, line, j * axis.stride});
    }
    groups.push_back(std::move(group));
  }
  return groups;
}

std::vector<PixelGroup> singleGroups(const Axis& axis) {
  std::vector<PixelGroup> groups;
  for (int32_t place = 0; place < axis.inSize; place++) {
    PixelGroup group;
    group.pixels.push_back({place, 0});
    for (int32_t k = 0; k < axis.kernel; k++) {
      const int32_t reach = place + axis.padding - k * axis.dilation;
      if (reach % axis.stride != 0 || reach < 0 || reach / axis.stride >= axis.outSize) continue;
      group.taps.push_back({k, reach / axis.stride, k});
    }
    groups.push_back(std::move(group));
  }
  return groups;
}

}  // namespace

ProductPlan planLinear(int64_t outputs, int64_t inputs) { return matrixPlan(outputs, inputs, inputs, 1); }

ProductPlan planLinearTranspose(int64_t outputs, int64_t inputs) { return matrixPlan(inputs, 1, outputs, inputs); }

ProductPlan planConv2d(const Geometry& g) {
  ProductPlan plan;
  plan.inFeatures = int64_t{g.inChannels} * g.inHeight * g.inWidth;
  plan.outFeatures = int64_t{g.outChannels} * g.outHeight * g.outWidth;
  if (g.groups == 1) plan.units = g.inChannels;
  plan.unitReach = int64_t{g.kernelHeight} * g.inWidth;
  PlanBuilder builder(plan);
  const int32_t channels = g.inChannels / g.groups, outputs = g.outChannels / g.groups;
  const int64_t weights = int64_t{channels} * g.kernelHeight * g.kernelWidth;
  const int64_t pixels = int64_t{g.outHeight} * g.outWidth;
  std::vector<int32_t> tap;
  std::vector<int64_t> feature, outFeature, bias, packOutputs;
  for (int32_t group = 0; group < g.groups; group++) {
    packOutputs.clear();
    bias.clear();
    for (int32_t o = 0; o < outputs; o++) {
      packOutputs.push_back((int64_t{group} * outputs + o) * weights);
      bias.push_back(int64_t{group} * outputs + o);
    }
    const int32_t pack = builder.pack(packOutputs, range(weights, 1));
    for (int32_t oy = 0; oy < g.outHeight; oy++) {
      for (int32_t ox = 0; ox < g.outWidth; ox++) {
        tap.clear();
        feature.clear();
        outFeature.clear();
        for (int32_t c = 0; c < channels; c++) {
          for (int32_t ky = 0; ky < g.kernelHeight; ky++) {
            const int32_t y = oy * g.strideHeight - g.padTop + ky * g.dilationHeight;
            if (y < 0 || y >= g.inHeight) continue;
            for (int32_t kx = 0; kx < g.kernelWidth; kx++) {
              const int32_t x = ox * g.strideWidth - g.padLeft + kx * g.dilationWidth;
              if (x < 0 || x >= g.inWidth) continue;
              tap.push_back((c * g.kernelHeight + ky) * g.kernelWidth + kx);
              feature.push_back((int64_t{group * channels + c} * g.inHeight + y) * g.inWidth + x);
            }
          }
        }
        for (int32_t o = 0; o < outputs; o++) {
          outFeature.push_back((int64_t{group} * outputs + o) * pixels + int64_t{oy} * g.outWidth + ox);
        }
        builder.position(pack, tap, feature, outFeature, bias);
      }
    }
  }
  return plan;
}

ProductPlan planConv2dTranspose(const Geometry& g) {
  ProductPlan plan;
  plan.inFeatures = int64_t{g.outChannels} * g.outHeight * g.outWidth;
  plan.outFeatures = int64_t{g.inChannels} * g.inHeight * g.inWidth;
  if (g.groups == 1) plan.units = g.outChannels;
  plan.unitReach = int64_t{(g.kernelHeight + g.strideHeight - 1) / g.strideHeight} * g.outWidth;
  PlanBuilder builder(plan);
  const int32_t outputs = g.inChannels / g.groups, channels = g.outChannels / g.groups;
  const int64_t area = int64_t{g.kernelHeight} * g.kernelWidth;
  const Axis vertical{g.inHeight, g.outHeight, g.kernelHeight, g.strideHeight, g.padTop, g.dilationHeight};
  const Axis horizontal{g.inWidth, g.outWidth, g.kernelWidth, g.strideWidth, g.padLeft, g.dilationWidth};
  const bool together = residuesAlign(vertical) && residuesAlign(horizontal);
  const auto lines = together ? alignedGroups(vertical) : singleGroups(vertical);
  const auto columns = together ? alignedGroups(horizontal) : singleGroups(horizontal);
  const int32_t tapsY = together ? g.kernelHeight / g.strideHeight : g.kernelHeight;
  const int32_t tapsX = together ? g.kernelWidth / g.strideWidth : g.kernelWidth;
  const int32_t stepY = together ? g.strideHeight : 1, stepX = together ? g.strideWidth : 1;
  std::vector<int32_t> tap;
  std::vector<int64_t> feature, outFeature, packOutputs, packTaps;
  for (int32_t group = 0; group < g.groups; group++) {
    packTaps.clear();
    for (int32_t c = 0; c < channels; c++) {
      for (int32_t jy = 0; jy < tapsY; jy++) {
        for (int32_t jx = 0; jx < tapsX; jx++) {
          packTaps.push_back((int64_t{group} * channels + c) * outputs * area + int64_t{jy} * stepY * g.kernelWidth +
                             int64_t{jx} * stepX);
        }
      }
    }
    for (const PixelGroup& line : lines) {
      for (const PixelGroup& column : columns) {
        tap.clear();
        feature.clear();
        outFeature.clear();
        packOutputs.clear();
        for (int32_t c = 0; c < channels; c++) {
          for (const auto& y : line.taps) {
            for (const auto& x : column.taps) {
              tap.push_back((c * tapsY + y.number) * tapsX + x.number);
              feature.push_back((int64_t{group * channels + c} * g.outHeight + y.line) * g.outWidth + x.line);
            }
          }
        }
        for (const auto& y : line.pixels) {
          for (const auto& x : column.pixels) {
            for (int32_t o = 0; o < outputs; o++) {
              packOutputs.push_back(o * area + int64_t{y.residue} * g.kernelWidth + x.residue);
              outFeature.push_back((int64_t{group * outputs + o} * g.inHeight + y.place) * g.inWidth + x.place);
            }
          }
        }
        const int32_t pack = tap.empty() ? 0 : builder.pack(packOutputs, packTaps);
        builder.position(pack, tap, feature, outFeature, {});
      }
    }
  }
  return plan;
}

GradientPlan planLinearGradient(int64_t outputs, int64_t inputs) {
  GradientPlan plan{};
  plan.linear = true;
  plan.outFeatures = outputs;
  plan.inFeatures = inputs;
  plan.multiplyAdds = outputs * inputs;
  return plan;
}

GradientPlan planConv2dGradient(const Geometry& g) {
  GradientPlan plan{};
  plan.convolution = planConv2d(g);
  // Neighbours of one shape are summed together.
  auto& positions = plan.convolution.positions;
  std::stable_sort(positions.begin(), positions.end(), [](const auto& a, const auto& b) { return a.shape < b.shape; });
  plan.inFeatures = plan.convolution.inFeatures;
  plan.outFeatures = plan.convolution.outFeatures;
  plan.multiplyAdds = plan.convolution.multiplyAdds;
  return plan;
}

}  // namespace autodual
