#pragma once

// Functions that the CPU and CUDA share are marked NANOCHART_HD.
#if defined(__CUDACC__)
#define NANOCHART_HD __host__ __device__
#else
#define NANOCHART_HD
#endif
