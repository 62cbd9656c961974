#pragma once
#include <dlfcn.h>

#include <vector>

namespace nanochart {

// One OpenMP thread while it lives, and the process's counts as before afterwards. libtorch shares
// OpenMP with the engine (LAMMPS /omp styles compute wrong energies when the count changes under
// them), and only OpenMP's own count is touched: it belongs to the calling thread, whereas
// at::set_num_threads would also drop oneDNN's cached kernels at every step. Two OpenMP runtimes
// may live in one process: the one seen globally and, given torch's handle, the one torch sees.
class OneThread {
 public:
  explicit OneThread(void *torch = nullptr) {
    keep(RTLD_DEFAULT);
    if (torch) keep(torch);
    for (const auto &runtime : runtimes_) runtime.set(1);
  }
  ~OneThread() {
    for (auto runtime = runtimes_.rbegin(); runtime != runtimes_.rend(); ++runtime)
      runtime->set(runtime->threads);
  }
  OneThread(const OneThread &) = delete;
  OneThread &operator=(const OneThread &) = delete;

 private:
  struct Runtime {
    void (*set)(int);
    int threads;
  };
  std::vector<Runtime> runtimes_;

  void keep(void *where) {
    const auto get = reinterpret_cast<int (*)()>(dlsym(where, "omp_get_max_threads"));
    const auto set = reinterpret_cast<void (*)(int)>(dlsym(where, "omp_set_num_threads"));
    if (get && set) runtimes_.push_back({set, get()});
  }
};

}  // namespace nanochart
