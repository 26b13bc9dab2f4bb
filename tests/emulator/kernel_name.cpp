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
#include <map>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace emulator
{

namespace
{

using functions = std::unordered_map<std::uint64_t, std::string>; // names by address

functions functions_in(const std::vector<char> &image)
{
    functions out;
    Elf64_Ehdr header;
    if (image.size() < sizeof header) return out;
    std::memcpy(&header, image.data(), sizeof header);
    std::vector<Elf64_Shdr> sections(header.e_shnum);
    const std::size_t bytes = sections.size() * sizeof(Elf64_Shdr);
    if (header.e_shoff > image.size() || bytes > image.size() - header.e_shoff) return out;
    if (bytes) std::memcpy(sections.data(), image.data() + header.e_shoff, bytes);
    for (const Elf64_Shdr &table : sections) {
        if (table.sh_type != SHT_SYMTAB || table.sh_link >= sections.size()) continue;
        const char *names = image.data() + sections[table.sh_link].sh_offset;
        for (std::uint64_t i = 0; i < table.sh_size / sizeof(Elf64_Sym); i++) {
            Elf64_Sym symbol;
            std::memcpy(&symbol, image.data() + table.sh_offset + i * sizeof symbol, sizeof symbol);
            if (ELF64_ST_TYPE(symbol.st_info) == STT_FUNC)
                out.emplace(symbol.st_value, names + symbol.st_name);
        }
    }
    return out;
}

// A program with its debug information is large, so it is read once.
const functions &functions_of(const char *path)
{
    static auto &lock = *new std::mutex;
    static auto &known = *new std::map<std::string, functions>;
    const std::lock_guard<std::mutex> locked(lock);
    const auto at = known.find(path);
    if (at != known.end()) return at->second;
    std::ifstream file(path, std::ios::binary);
    if (!file) file.open("/proc/self/exe", std::ios::binary);
    file.seekg(0, std::ios::end);
    std::vector<char> image(std::size_t(std::max<std::streamoff>(file.tellg(), 0)));
    file.seekg(0);
    file.read(image.data(), std::streamsize(image.size()));
    return known[path] = functions_in(image);
}

std::string name_at(const functions &all, std::uint64_t address)
{
    const auto at = all.find(address);
    return at == all.end() ? "" : at->second;
}

} // namespace

std::string kernel_name(const void *function)
{
    char number[32];
    std::snprintf(number, sizeof number, "at %p", function);
    Dl_info where;
    if (!dladdr(function, &where) || !where.dli_fname) return number;
    const functions &all = functions_of(where.dli_fname);
    const auto address = std::uint64_t(function), base = std::uint64_t(where.dli_fbase);
    std::string name = name_at(all, address - base);
    if (name.empty()) name = name_at(all, address); // not position-independent
    if (name.empty()) return number;
    if (char *readable = abi::__cxa_demangle(name.c_str(), nullptr, nullptr, nullptr)) {
        name = readable;
        std::free(readable);
    }
    return name;
}

} // namespace emulator
