// The rounds of the standard with vectors for words. Only the functions marked so use instructions
// that not every processor has; whether this one has them is asked once.
#include "transfer/sha256_lanes.hpp"

#include <cstring>

namespace netkit::transfer {

#if defined(__x86_64__)
namespace {

#define NETKIT_LANES __attribute__((target("avx512f,avx512bw")))

constexpr std::size_t block_size = 64;

constexpr std::array<unsigned, 8> initial{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                          0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

constexpr std::array<unsigned, 64> constants{
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/// One word of each message.
using Word [[gnu::vector_size(64)]] = unsigned;
using Bytes [[gnu::vector_size(64)]] = unsigned char;
struct Words {
  Word at[16];
};
struct State {
  Word at[8];
};

template <unsigned Bits>
NETKIT_LANES inline Word rotate(Word word) {
  return (word >> Bits) | (word << (32 - Bits));
}

NETKIT_LANES inline Word from_big_endian(Word word) {
  const auto b = reinterpret_cast<Bytes>(word);
  return reinterpret_cast<Word>(__builtin_shufflevector(
      b, b, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12, 19, 18, 17, 16, 23, 22, 21, 20,
      27, 26, 25, 24, 31, 30, 29, 28, 35, 34, 33, 32, 39, 38, 37, 36, 43, 42, 41, 40, 47, 46, 45,
      44, 51, 50, 49, 48, 55, 54, 53, 52, 59, 58, 57, 56, 63, 62, 61, 60));
}

/// Pairs `a[i], b[i]` of the lower (upper) half of both.
NETKIT_LANES inline Word zip_low(Word a, Word b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
NETKIT_LANES inline Word zip_high(Word a, Word b) {
  return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15,
                                 31);
}

/// Rows to columns: from a vector a message to a vector a word. Four perfect shuffles are one.
NETKIT_LANES inline void transpose(Words& w) {
#pragma GCC unroll 4
  for (int pass = 0; pass < 4; ++pass) {
    Words t;
#pragma GCC unroll 8
    for (int i = 0; i < 8; ++i) {
      t.at[2 * i] = zip_low(w.at[i], w.at[i + 8]);
      t.at[2 * i + 1] = zip_high(w.at[i], w.at[i + 8]);
    }
    w = t;
  }
}

/// The next sixteen words of the schedule, in the places of those before.
NETKIT_LANES inline void extend(Words& w) {
#pragma GCC unroll 16
  for (unsigned i = 0; i < 16; ++i) {
    const Word early = w.at[(i + 1) % 16];
    const Word late = w.at[(i + 14) % 16];
    w.at[i] += (rotate<7>(early) ^ rotate<18>(early) ^ (early >> 3)) + w.at[(i + 9) % 16] +
               (rotate<17>(late) ^ rotate<19>(late) ^ (late >> 10));
  }
}

/// Sixteen rounds with the constants from `k` on. What would move from word to word stays; the
/// names move.
NETKIT_LANES inline void rounds(State& state, const Words& w, const unsigned* k) {
#pragma GCC unroll 16
  for (unsigned i = 0; i < 16; ++i) {
    const auto name = [i](unsigned letter) { return (letter + 16 - i) % 8; };
    Word* const s = state.at;
    const Word a = s[name(0)];
    const Word b = s[name(1)];
    const Word c = s[name(2)];
    const Word e = s[name(4)];
    const Word first = s[name(7)] + w.at[i] + k[i] +
                       (rotate<6>(e) ^ rotate<11>(e) ^ rotate<25>(e)) +
                       (s[name(6)] ^ (e & (s[name(5)] ^ s[name(6)])));
    s[name(3)] += first;
    s[name(7)] = first + (rotate<2>(a) ^ rotate<13>(a) ^ rotate<22>(a)) + ((a & b) | (c & (a | b)));
  }
}

NETKIT_LANES inline void compress(State& state, Words& w) {
  State s = state;
  for (unsigned i = 0; i < 64; i += 16) {
    if (i > 0) extend(w);
    rounds(s, w, &constants[i]);
  }
  for (unsigned i = 0; i < 8; ++i)
    state.at[i] += s.at[i];
}

NETKIT_LANES void hash_all(const char* messages, std::size_t length,
                           std::array<std::array<char, 32>, sha256_lanes>& hashes) {
  State state;
  for (unsigned i = 0; i < 8; ++i)
    state.at[i] = Word{} + initial[i];
  Words w;
  for (std::size_t offset = 0; offset < length; offset += block_size) {
    for (std::size_t lane = 0; lane < sha256_lanes; ++lane) {
      Word word;
      std::memcpy(&word, messages + lane * length + offset, sizeof word);
      w.at[lane] = from_big_endian(word);
    }
    transpose(w);
    compress(state, w);
  }
  // The padding is the same for all: a one bit, and the length in bits.
  w = {};
  w.at[0] += 0x80000000;
  w.at[14] += static_cast<unsigned>(length >> 29);
  w.at[15] += static_cast<unsigned>(length << 3);
  compress(state, w);
  w = {};
  for (unsigned i = 0; i < 8; ++i)
    w.at[i] = from_big_endian(state.at[i]);
  transpose(w);
  for (std::size_t lane = 0; lane < sha256_lanes; ++lane)
    std::memcpy(hashes[lane].data(), &w.at[lane], 32);
}

}  // namespace

bool has_sha256_lanes() {
  static const bool has = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
  return has;
}

void hash_lanes(const char* messages, std::size_t length,
                std::array<std::array<char, 32>, sha256_lanes>& hashes) {
  hash_all(messages, length, hashes);
}

#else

bool has_sha256_lanes() {
  return false;
}

void hash_lanes(const char*, std::size_t, std::array<std::array<char, 32>, sha256_lanes>&) {}

#endif

}  // namespace netkit::transfer
