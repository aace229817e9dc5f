// A sorting network (Batcher's odd-even merge sort, for any number of inputs) pruned to the lower median.
#include <cstddef>

#include "plans.h"

namespace autodual {

namespace {

using Comparator = MedianPlan::Comparator;

/// Knuth, The Art of Computer Programming 3, 5.2.2, algorithm M, layer by layer.
std::vector<Comparator> batcherNetwork(int32_t count) {
  std::vector<Comparator> network;
  int32_t highest = 1;
  while (highest < count) highest *= 2;
  for (int32_t p = highest / 2; p > 0; p /= 2) {
    int32_t residue = 0;
    int32_t distance = p;
    for (int32_t q = highest / 2;; q /= 2) {
      for (int32_t i = 0; i + distance < count; i++) {
        if ((i & p) == residue) network.push_back({i, i + distance, true, true});
      }
      if (q == p) break;
      distance = q - p;
      residue = p;
    }
  }
  return network;
}

/// What the result at `place` depends on, each comparator told which of its results are needed.
std::vector<Comparator> pruned(const std::vector<Comparator>& network, int32_t count, int32_t place) {
  std::vector<bool> needed(static_cast<size_t>(count), false);
  needed[static_cast<size_t>(place)] = true;
  std::vector<Comparator> backwards;
  for (size_t i = network.size(); i-- > 0;) {
    Comparator comparator = network[i];
    const size_t low = static_cast<size_t>(comparator.low);
    const size_t high = static_cast<size_t>(comparator.high);
    if (!needed[low] && !needed[high]) continue;
    comparator.keepLow = needed[low];
    comparator.keepHigh = needed[high];
    needed[low] = needed[high] = true;
    backwards.push_back(comparator);
  }
  return {backwards.rbegin(), backwards.rend()};
}

}  // namespace

MedianPlan planMedian(int32_t times) {
  MedianPlan plan;
  plan.times = times;
  if (times <= 0) return plan;
  plan.place = (times - 1) / 2;
  plan.comparators = pruned(batcherNetwork(times), times, plan.place);
  return plan;
}

}  // namespace autodual
