// Which instruction sets this machine runs.
#pragma once

#include <vector>

namespace autodual {

/// Names for `kernelsOf`, the fastest first.
std::vector<const char*> instructionSets();

}  // namespace autodual
