#pragma once
#include <string>

namespace nanochart {

// SHA-256 (FIPS 180-4) of bytes, as 64 lower-case hexadecimal digits.
std::string sha256(const std::string &bytes);

}  // namespace nanochart
