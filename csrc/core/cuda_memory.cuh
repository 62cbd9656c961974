#pragma once
#include <cuda_runtime.h>

#include <cstddef>
#include <string>

#include "core/error.hpp"

namespace nanochart {

inline void check(cudaError_t status, const char *what) {
  if (status != cudaSuccess)
    throw Error(std::string("device cuda: ") + what + " failed: " + cudaGetErrorString(status));
}

// Device memory of one kind.
template <class T>
class Buffer {
 public:
  explicit Buffer(std::size_t count) : bytes_(count * sizeof(T)) {
    check(cudaMalloc(&data_, bytes_), "allocating memory");
  }
  ~Buffer() { cudaFree(data_); }
  Buffer(const Buffer &) = delete;
  Buffer &operator=(const Buffer &) = delete;
  T *data() const { return static_cast<T *>(data_); }

  // Of the whole buffer; the host waits for what it reads.
  void write(const T *host) const {
    check(cudaMemcpy(data_, host, bytes_, cudaMemcpyHostToDevice), "copying to the GPU");
  }
  void read(T *host) const {
    check(cudaMemcpy(host, data_, bytes_, cudaMemcpyDeviceToHost), "copying from the GPU");
  }

 private:
  void *data_ = nullptr;
  std::size_t bytes_;
};

}  // namespace nanochart
