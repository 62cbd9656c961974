#pragma once
#include <cstddef>

#include "model/encoder.hpp"

namespace nanochart {

// What libnanochart_torch.so exports, by the name nanochart_open_encoder. `bytes` are the file's,
// already read; `device` is cpu or cuda. Returns null with a message in `error` instead of throwing.
using EncoderFactory = Encoder *(const char *path, const char *bytes, std::size_t size,
                                 const char *device, char *error, std::size_t error_size);

}  // namespace nanochart
