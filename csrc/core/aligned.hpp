#pragma once
#include <cstddef>
#include <new>
#include <vector>

namespace nanochart {

// Allocator of whole cache lines.
template <class T>
struct CacheAligned {
  using value_type = T;
  CacheAligned() = default;
  template <class U>
  CacheAligned(const CacheAligned<U> &) {}
  T *allocate(std::size_t n) {
    return static_cast<T *>(::operator new(n * sizeof(T), std::align_val_t(64)));
  }
  void deallocate(T *p, std::size_t) { ::operator delete(p, std::align_val_t(64)); }
  template <class U>
  bool operator==(const CacheAligned<U> &) const { return true; }
  template <class U>
  bool operator!=(const CacheAligned<U> &) const { return false; }
};

using AlignedVector = std::vector<double, CacheAligned<double>>;

}  // namespace nanochart
