// Kernels are local functions, so the dynamic linker does not know them: their names stand in the
// symbol table of the file that they were loaded from.
#include "kernel_name.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cxxabi.h>
#include <dlfcn.h>
#include <elf.h>
#include <fstream>
#include <vector>

namespace emulator
{

namespace
{

std::string symbol_at(const std::vector<char> &image, std::uint64_t address)
{
    Elf64_Ehdr header;
    if (image.size() < sizeof header) return "";
    std::memcpy(&header, image.data(), sizeof header);
    std::vector<Elf64_Shdr> sections(header.e_shnum);
    const std::size_t bytes = sections.size() * sizeof(Elf64_Shdr);
    if (!bytes || header.e_shoff > image.size() || bytes > image.size() - header.e_shoff) return "";
    std::memcpy(sections.data(), image.data() + header.e_shoff, bytes);
    for (const Elf64_Shdr &table : sections) {
        if (table.sh_type != SHT_SYMTAB || table.sh_link >= sections.size()) continue;
        const char *names = image.data() + sections[table.sh_link].sh_offset;
        for (std::uint64_t i = 0; i < table.sh_size / sizeof(Elf64_Sym); i++) {
            Elf64_Sym symbol;
            std::memcpy(&symbol, image.data() + table.sh_offset + i * sizeof symbol, sizeof symbol);
            if (symbol.st_value == address && ELF64_ST_TYPE(symbol.st_info) == STT_FUNC)
                return names + symbol.st_name;
        }
    }
    return "";
}

} // namespace

std::string kernel_name(const void *function)
{
    char number[32];
    std::snprintf(number, sizeof number, "at %p", function);
    Dl_info where;
    if (!dladdr(function, &where) || !where.dli_fname) return number;
    std::ifstream file(where.dli_fname, std::ios::binary);
    if (!file) file.open("/proc/self/exe", std::ios::binary);
    file.seekg(0, std::ios::end);
    std::vector<char> image(std::size_t(std::max<std::streamoff>(file.tellg(), 0)));
    file.seekg(0);
    file.read(image.data(), std::streamsize(image.size()));
    const auto address = std::uint64_t(function), base = std::uint64_t(where.dli_fbase);
    std::string name = symbol_at(image, address - base);
    if (name.empty()) name = symbol_at(image, address); // not position-independent
    if (name.empty()) return number;
    if (char *readable = abi::__cxa_demangle(name.c_str(), nullptr, nullptr, nullptr)) {
        name = readable;
        std::free(readable);
    }
    return name;
}

} // namespace emulator
