#include "model/sha256.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace nanochart {
namespace {

using Word = std::uint32_t;

Word rotate(Word x, int n) { return (x >> n) | (x << (32 - n)); }

// First 32 bits of the fractional part of a root; exact, since long double holds 64 bits and the
// integer part takes at most five. Spares two tables of magic numbers.
Word fraction(long double root) {
  return static_cast<Word>(std::floor((root - std::floor(root)) * 4294967296.0L));
}

struct Constants {
  std::array<Word, 64> k;
  std::array<Word, 8> start;
  Constants() {
    int found = 0;
    for (int n = 2; found < 64; ++n) {
      bool prime = true;
      for (int m = 2; m * m <= n; ++m) prime = prime && n % m;
      if (!prime) continue;
      if (found < 8) start[found] = fraction(std::sqrt(static_cast<long double>(n)));
      k[found++] = fraction(std::cbrt(static_cast<long double>(n)));
    }
  }
};

void compress(std::array<Word, 8> &h, const unsigned char *block, const Constants &constants) {
  Word w[64];
  for (int t = 0; t < 16; ++t)
    w[t] = Word{block[4 * t]} << 24 | Word{block[4 * t + 1]} << 16 | Word{block[4 * t + 2]} << 8 |
           Word{block[4 * t + 3]};
  for (int t = 16; t < 64; ++t) {
    const Word a = rotate(w[t - 15], 7) ^ rotate(w[t - 15], 18) ^ (w[t - 15] >> 3);
    const Word b = rotate(w[t - 2], 17) ^ rotate(w[t - 2], 19) ^ (w[t - 2] >> 10);
    w[t] = w[t - 16] + a + w[t - 7] + b;
  }
  std::array<Word, 8> v = h;
  for (int t = 0; t < 64; ++t) {
    const Word s1 = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25);
    const Word choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
    const Word t1 = v[7] + s1 + choice + constants.k[t] + w[t];
    const Word s0 = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22);
    const Word majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
    for (int i = 7; i > 0; --i) v[i] = v[i - 1];
    v[4] += t1;
    v[0] = t1 + s0 + majority;
  }
  for (int i = 0; i < 8; ++i) h[i] += v[i];
}

}  // namespace

std::string sha256(const std::string &bytes) {
  static const Constants constants;
  std::string message = bytes;
  message.push_back('\x80');
  message.append((120 - message.size() % 64) % 64, '\0');
  const std::uint64_t bits = std::uint64_t{bytes.size()} * 8;
  for (int shift = 56; shift >= 0; shift -= 8) message.push_back(static_cast<char>(bits >> shift));

  std::array<Word, 8> h = constants.start;
  for (std::size_t at = 0; at < message.size(); at += 64)
    compress(h, reinterpret_cast<const unsigned char *>(message.data()) + at, constants);
  std::string hex;
  for (Word word : h)
    for (int shift = 28; shift >= 0; shift -= 4) hex.push_back("0123456789abcdef"[word >> shift & 15]);
  return hex;
}

}  // namespace nanochart
