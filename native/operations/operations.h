// Every operation by its name in `Backend`; each reads its arguments in the order in which ../list.h has them.
#pragma once

#include "arguments.h"

namespace autodual::operations {

#define AUTODUAL_OPERATION(name, ...) Napi::Value name(Arguments& a);
#include "../list.h"

}  // namespace autodual::operations
