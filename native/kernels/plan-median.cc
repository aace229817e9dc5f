// A sorting network (Batcher's odd-even merge sort, for any number of inputs) up to two sorted lists, pruned to what the
// lower median of both together needs.
#include <cstddef>

#include "plans.h"

namespace autodual {

namespace {

using Comparator = MedianPlan::Comparator;

/// A comparator, and the length of the sorted runs that its merge makes.
struct Merging {
  Comparator comparator;
  int32_t run;
};

/// Runs of 2, 4, 8, … are merged one length after the other. A number of inputs that is no power of two leaves out what
/// would reach beyond: all comparators move the larger entry up.
std::vector<Merging> batcherNetwork(int32_t count) {
  std::vector<Merging> network;
  for (int32_t p = 1; p < count; p *= 2) {
    for (int32_t k = p; k >= 1; k /= 2) {
      for (int32_t j = k % p; j + k < count; j += 2 * k) {
        for (int32_t i = j; i < j + k && i + k < count; i++) {
          if (i / (2 * p) == (i + k) / (2 * p)) network.push_back({{i, i + k}, 2 * p});
        }
      }
    }
  }
  return network;
}

/// What the needed results depend on.
std::vector<Merging> pruned(const std::vector<Merging>& network, std::vector<bool> needed) {
  std::vector<Merging> backwards;
  for (size_t i = network.size(); i-- > 0;) {
    const size_t low = static_cast<size_t>(network[i].comparator.low);
    const size_t high = static_cast<size_t>(network[i].comparator.high);
    if (!needed[low] && !needed[high]) continue;
    needed[low] = needed[high] = true;
    backwards.push_back(network[i]);
  }
  return {backwards.rbegin(), backwards.rend()};
}

/// What is left to do once every whole run of this length is sorted.
std::vector<Comparator> afterSortedRuns(const std::vector<Merging>& network, int32_t count, int32_t run) {
  std::vector<Comparator> left;
  for (const Merging& step : network) {
    const bool sorted = step.run <= run && step.comparator.low / run < count / run;
    if (!sorted) left.push_back(step.comparator);
  }
  return left;
}

}  // namespace

MedianPlan planMedian(int32_t times) {
  MedianPlan plan;
  plan.times = times;
  if (times <= 0) return plan;
  const int32_t rank = (times - 1) / 2 + 1;
  plan.first = 1;
  while (plan.first * 2 < times) plan.first *= 2;
  const int32_t second = times - plan.first;
  plan.rank = rank;
  plan.least = rank > second ? rank - second : 0;
  plan.most = rank < plan.first ? rank : plan.first;
  std::vector<bool> needed(static_cast<size_t>(times), false);
  for (int32_t i = plan.least; i <= plan.most; i++) {
    if (i > 0) needed[static_cast<size_t>(i - 1)] = true;
    if (i < rank) needed[static_cast<size_t>(plan.first + rank - i - 1)] = true;
  }
  std::vector<Merging> network = batcherNetwork(times);
  while (!network.empty() && network.back().run > plan.first) network.pop_back();
  network = pruned(network, needed);
  plan.afterRunsOf8 = afterSortedRuns(network, times, 8);
  plan.afterRunsOf16 = afterSortedRuns(network, times, 16);
  return plan;
}

}  // namespace autodual
