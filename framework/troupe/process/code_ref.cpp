#include "troupe/process/code_ref.hpp"

#include "troupe/base/error.hpp"

#include <link.h>
#include <string_view>

namespace troupe {

namespace {

std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100'0000'01b3;
  return hash;
}

/// Whether an executable segment of the module covers `offset`.
bool is_code(const dl_phdr_info& module, std::uint64_t offset) {
  for (int i = 0; i < module.dlpi_phnum; ++i) {
    const auto& segment = module.dlpi_phdr[i];
    if (segment.p_type == PT_LOAD && (segment.p_flags & PF_X) != 0 && offset >= segment.p_vaddr
        && offset - segment.p_vaddr < segment.p_memsz)
      return true;
  }
  return false;
}

struct search {
  std::uint64_t address = 0;  // sought, or found
  code_ref ref;               // found, or sought
  bool found = false;
};

int find_module_of_address(dl_phdr_info* module, std::size_t, void* data) {
  auto& wanted = *static_cast<search*>(data);
  const std::uint64_t offset = wanted.address - module->dlpi_addr;
  wanted.found = is_code(*module, offset);
  if (wanted.found) wanted.ref = {fnv1a(module->dlpi_name), offset};
  return wanted.found ? 1 : 0;
}

int find_address_in_module(dl_phdr_info* module, std::size_t, void* data) {
  auto& wanted = *static_cast<search*>(data);
  wanted.found = fnv1a(module->dlpi_name) == wanted.ref.module && is_code(*module, wanted.ref.offset);
  if (wanted.found) wanted.address = module->dlpi_addr + wanted.ref.offset;
  return wanted.found ? 1 : 0;
}

}  // namespace

code_ref code_ref::of(const void* function) {
  search wanted{.address = reinterpret_cast<std::uint64_t>(function), .ref = {}};
  ::dl_iterate_phdr(find_module_of_address, &wanted);
  if (!wanted.found)
    throw error{errc::unknown_function, "a function to run elsewhere lies in no loaded module of this program"};
  return wanted.ref;
}

const void* code_ref::resolve() const {
  search wanted{.ref = *this};
  ::dl_iterate_phdr(find_address_in_module, &wanted);
  if (!wanted.found)
    throw error{errc::unknown_function,
                "a function to run here is not part of this process; was its library loaded after"
                " troupe::system was constructed?"};
  return reinterpret_cast<const void*>(wanted.address);  // NOLINT(performance-no-int-to-ptr): that is its purpose
}

}  // namespace troupe
