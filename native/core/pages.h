// Memory straight from the system, in huge pages where it has them: tensors are read at large strides.
#pragma once

#include <cstddef>

namespace autodual {

constexpr size_t HUGE_PAGE = size_t{2} << 20;

/// Aligned to 64 bytes, to a huge page where it is as large as that. Null where there is no more.
void* takePages(size_t bytes);
/// Gives back what `takePages` gave for as many bytes.
void givePages(void* pages, size_t bytes);
/// Empties whole huge pages within what `takePages` gave: their addresses stay, their memory goes until they are next written
/// to. False where the system cannot.
bool emptyPages(void* pages, size_t bytes);

}  // namespace autodual
