#include "model/dense_kernels.hpp"

namespace nanochart::NANOCHART_ISA {

#if defined(__AVX512F__)
static constexpr int BYTES = 64;
#elif defined(__AVX2__)
static constexpr int BYTES = 32;
#else
static constexpr int BYTES = 16;
#endif

// A block of columns stays in registers; even and odd rows are summed apart, since one sum alone
// would wait for its own additions.
template <class T>
static void add_product(int rows, int columns, const T *a, const T *x, T *y) {
  typedef T Vec __attribute__((vector_size(BYTES), may_alias));
  constexpr int B = 4, W = BYTES / sizeof(T);
  static_assert(DenseKernels::PAD % (B * W) == 0, "blocks fill the columns");
  for (int c = 0; c < columns; c += B * W) {
    Vec even[B], odd[B];
    for (int b = 0; b < B; ++b) {
      even[b] = *reinterpret_cast<const Vec *>(y + c + b * W);
      odd[b] = Vec{};
    }
    const T *row = a + c;
    int r = 0;
    for (; r + 1 < rows; r += 2, row += 2 * columns)
      for (int b = 0; b < B; ++b) {
        even[b] += x[r] * *reinterpret_cast<const Vec *>(row + b * W);
        odd[b] += x[r + 1] * *reinterpret_cast<const Vec *>(row + columns + b * W);
      }
    if (r < rows)
      for (int b = 0; b < B; ++b) even[b] += x[r] * *reinterpret_cast<const Vec *>(row + b * W);
    for (int b = 0; b < B; ++b) *reinterpret_cast<Vec *>(y + c + b * W) = even[b] + odd[b];
  }
}

const DenseKernels dense_kernels = {add_product<float>, add_product<double>};

}  // namespace nanochart::NANOCHART_ISA
