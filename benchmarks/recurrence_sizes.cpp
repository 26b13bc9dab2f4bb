/* Sizes and values of recurrent networks that systems are compared at. */
#include "recurrence_system.h"

#include "../host/core/storage.h"

#include <cmath>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>

/* ------------------------------------------------------------------ sizes */

std::string recurrence_size::text() const
{
    std::ostringstream out;
    out << cell << " T=" << T << " B=" << B << " D=" << D << " H=" << H << " "
        << wl_dtype_name(dtype);
    if (layers > 1) out << ", " << layers << " layers";
    if (directions > 1) out << ", both directions";
    return out.str();
}

std::string cudnn_choice::text() const
{
    std::ostringstream out;
    out << "cuDNN " << CUDNN_ALGORITHMS[algorithm] << " "
        << (dtype == WL_F32 && tf32 ? "tf32" : wl_dtype_name(dtype));
    if (skip)
        out << " without W";
    else
        out << " D=" << D << " H=" << H;
    return out.str();
}

namespace
{

/* The words of a line up to its comment. */
std::vector<std::string> words_of(const std::string &line)
{
    std::istringstream in(line.substr(0, line.find('#')));
    std::vector<std::string> out;
    for (std::string word; in >> word;) out.push_back(word);
    return out;
}

int32_t dtype_of(const std::string &name)
{
    return name == "f16" ? WL_F16 : name == "bf16" ? WL_BF16 : WL_F32;
}

/* Whether a line is of a call that all systems can make: all sequences run from the first step to
 * the last, without `s`; and a GRU resets after the product. */
bool for_everybody(const std::vector<std::string> &words)
{
    bool whole = false, alone = false;
    for (const std::string &word : words) {
        whole = whole || word == "-lengths";
        alone = alone || word == "-s";
        if (word == "reset=1") return false;
    }
    return whole && alone;
}

recurrence_size size_of(const std::string &cell, const std::vector<std::string> &words)
{
    recurrence_size size;
    int64_t *const no = nullptr;
    const std::map<std::string, int64_t *> numbers = {
        { "T", &size.T }, { "B", &size.B },           { "D", &size.D },
        { "H", &size.H }, { "layers", &size.layers }, { "directions", &size.directions }
    };
    size.cell = cell;
    for (size_t i = 1; i < words.size(); i++) {
        const std::string name = words[i].substr(0, words[i].find('='));
        const std::string value = words[i].substr(std::min(words[i].size(), name.size() + 1));
        const auto known = numbers.find(name);
        int64_t *number = known == numbers.end() ? no : known->second;
        if (number) *number = atoll(value.c_str());
        if (name == "dtype") size.dtype = dtype_of(value);
    }
    if (size.T < 1 || size.B < 1 || size.D < 1 || size.H < 1 || size.layers < 1 ||
        size.directions < 1 || size.directions > 2)
        throw std::runtime_error("a line of sizes has a wrong number: " + size.text());
    return size;
}

std::vector<std::vector<std::string>> lines_of(const std::string &path)
{
    std::vector<std::vector<std::string>> out;
    std::ifstream file(path);
    if (!file) throw std::runtime_error(path + " cannot be read");
    for (std::string line; std::getline(file, line);) {
        out.push_back(words_of(line));
        if (out.back().empty()) out.pop_back();
    }
    return out;
}

} // namespace

std::vector<recurrence_size> recurrence_sizes(const std::string &folder)
{
    std::vector<recurrence_size> out;
    for (const std::string cell : { "lstm", "gru", "rnn" }) {
        for (const auto &words : lines_of(folder + "/" + cell + ".txt"))
            if (words[0] == cell + "_forward" && for_everybody(words))
                out.push_back(size_of(cell, words));
        for (const auto &words : lines_of(folder + "/networks/recurrence.txt"))
            if (words[0] == cell) out.push_back(size_of(cell, words));
    }
    return out;
}

/* ------------------------------------------------------------------ values */

namespace
{

/* Random multiples of scale / 128 within scale, which is a power of two. */
std::vector<float> some_values(int64_t count, float scale, uint64_t *state)
{
    std::vector<float> out(size_t(count), 0.0f);
    for (float &value : out) {
        *state = *state * 6364136223846793005u + 1442695040888963407u;
        value = float(int(*state >> 56) - 128) * (scale / 128);
    }
    return out;
}

} // namespace

recurrence_data recurrence_data_of(const recurrence_size &size)
{
    recurrence_data out;
    uint64_t state = 1;
    const float scale = std::exp2(-std::round(std::log2(float(size.H)) / 2));
    const int64_t gates = size.gates() * size.H;
    out.x = some_values(size.T * size.B * size.D, 1, &state);
    out.dy = some_values(size.T * size.B * size.directions * size.H, 1, &state);
    for (int64_t layer = 0; layer < size.layers; layer++)
        for (int64_t direction = 0; direction < size.directions; direction++)
            out.cells.push_back({ some_values(gates * size.inputs(layer), scale, &state),
                                  some_values(gates * size.H, scale, &state),
                                  some_values(gates, scale, &state),
                                  some_values(size.H, scale, &state) });
    return out;
}

std::vector<char> bytes_of(const std::vector<float> &values, int32_t dtype)
{
    std::vector<char> out(values.size() * wl_dtype_size(dtype));
    for (size_t i = 0; i < values.size(); i++) {
        const double wide = values[i];
        const uint16_t narrow =
            dtype == WL_F16 ? wl_f16_of_f32(values[i]) : wl_bf16_of_f32(values[i]);
        const void *from = dtype == WL_F64   ? (const void *)&wide
                           : dtype == WL_F32 ? (const void *)&values[i]
                                             : (const void *)&narrow;
        memcpy(&out[i * wl_dtype_size(dtype)], from, wl_dtype_size(dtype));
    }
    return out;
}

std::vector<double> numbers_in(const std::vector<char> &bytes, int32_t dtype)
{
    std::vector<double> out(bytes.size() / wl_dtype_size(dtype));
    for (size_t i = 0; i < out.size(); i++) {
        const char *from = &bytes[i * wl_dtype_size(dtype)];
        float single = 0;
        uint16_t narrow = 0;
        if (dtype == WL_F64) memcpy(&out[i], from, sizeof out[i]);
        if (dtype == WL_F32) memcpy(&single, from, sizeof single);
        if (dtype == WL_F16 || dtype == WL_BF16) memcpy(&narrow, from, sizeof narrow);
        if (dtype == WL_F16) single = wl_f32_of_f16(narrow);
        if (dtype == WL_BF16) single = wl_f32_of_bf16(narrow);
        if (dtype != WL_F64) out[i] = double(single);
    }
    return out;
}
