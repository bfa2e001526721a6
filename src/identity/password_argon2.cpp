// The library asks two functions without a context for its memory, so what a thread keeps is found
// through a thread-local pointer.
#include "identity/password_argon2.hpp"

#include <argon2.h>
#include <cerrno>
#include <string>
#include <sys/mman.h>
#include <utility>

namespace netkit::identity {
namespace {

struct Block {
  void* at = nullptr;
  std::size_t size = 0;
};

/// What the calling thread keeps; null `keeper` if it keeps nothing.
struct ThreadMemory {
  const KeptHashMemory* keeper = nullptr;
  Block block;
  bool used = false;
};

thread_local ThreadMemory thread_memory;

void unmap(Block& block) {
  if (block.at) ::munmap(block.at, block.size);
  block = {};
}

/// Never in a core dump; in large pages where the system has some.
Block map(std::size_t size) {
  void* const at =
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return {};
  ::madvise(at, size, MADV_DONTDUMP);
  ::madvise(at, size, MADV_HUGEPAGE);
  return {at, size};
}

int allocate(std::uint8_t** memory, std::size_t size) {
  ThreadMemory& own = thread_memory;
  Block block = own.keeper && !own.used && own.block.size == size ? own.block : Block{};
  if (!block.at) {
    if (own.keeper && !own.used) unmap(own.block);
    block = map(size);
  }
  if (own.keeper && !own.used && block.at) {
    own.block = block;
    own.used = true;
  }
  *memory = static_cast<std::uint8_t*>(block.at);
  return block.at ? ARGON2_OK : ARGON2_MEMORY_ALLOCATION_ERROR;
}

/// Argon2 has overwritten it by now.
void deallocate(std::uint8_t* memory, std::size_t size) {
  ThreadMemory& own = thread_memory;
  if (own.used && memory == own.block.at) {
    own.used = false;
    return;
  }
  Block block{memory, size};
  unmap(block);
}

/// The library takes changeable bytes but changes them only when told to by a flag.
std::uint8_t* bytes_of(std::string_view text) {
  return text.empty() ? nullptr : reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
}

std::uint32_t size_of(std::string_view text) {
  return static_cast<std::uint32_t>(text.size());
}

}  // namespace

Result<Secret> argon2id(const Argon2Input& input) {
  std::string tag(input.tag_size, '\0');
  argon2_context context{};
  context.out = reinterpret_cast<std::uint8_t*>(tag.data());
  context.outlen = size_of(tag);
  context.pwd = bytes_of(input.password);
  context.pwdlen = size_of(input.password);
  context.salt = bytes_of(input.salt);
  context.saltlen = size_of(input.salt);
  context.secret = bytes_of(input.secret);
  context.secretlen = size_of(input.secret);
  context.ad = bytes_of(input.data);
  context.adlen = size_of(input.data);
  context.t_cost = input.parameters.passes;
  context.m_cost = input.parameters.memory_kib;
  context.lanes = input.parameters.lanes;
  context.threads = input.parameters.lanes;
  context.version = ARGON2_VERSION_13;
  context.allocate_cbk = allocate;
  context.free_cbk = deallocate;
  const int failed = argon2_ctx(&context, Argon2_id);
  if (failed == ARGON2_OK) return Secret{std::move(tag)};
  const std::string attempt = "hash a password with Argon2id";
  if (failed == ARGON2_MEMORY_ALLOCATION_ERROR)
    return Error{std::make_error_code(std::errc::not_enough_memory), attempt};
  if (failed == ARGON2_THREAD_FAIL)
    return Error{std::make_error_code(std::errc::resource_unavailable_try_again), attempt};
  return Error{Errc::usage, attempt, argon2_error_message(failed)};
}

KeptHashMemory::KeptHashMemory() {
  thread_memory.keeper = this;
}

KeptHashMemory::~KeptHashMemory() {
  release();
  thread_memory.keeper = nullptr;
}

std::size_t KeptHashMemory::size() const {
  return thread_memory.block.size;
}

void KeptHashMemory::release() {
  unmap(thread_memory.block);
}

}  // namespace netkit::identity
