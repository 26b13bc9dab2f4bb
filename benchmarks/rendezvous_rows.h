/* Measurements beside what is predicted of them: as a table on standard output, and in a JSON file
 * that is whole after every row, so that a program that is ended early leaves what it has. */
#ifndef WL_RENDEZVOUS_ROWS_H
#define WL_RENDEZVOUS_ROWS_H

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

inline double median_of(std::vector<double> values)
{
    std::sort(values.begin(), values.end());
    const size_t n = values.size();
    return n ? (values[(n - 1) / 2] + values[n / 2]) / 2 : 0;
}

struct measurement {
    std::string name, unit;
    double low, high;                                      /* predicted */
    std::vector<double> values = {};                       /* one a run */
    std::vector<std::pair<std::string, double>> more = {}; /* by their units */
    std::string trouble = "";                              /* "" where all is well */

    double median() const { return median_of(values); }
    double least() const
    {
        return values.empty() ? 0 : *std::min_element(values.begin(), values.end());
    }
    double most() const
    {
        return values.empty() ? 0 : *std::max_element(values.begin(), values.end());
    }
};

class measurements
{
  public:
    measurements(std::string file, std::vector<std::pair<std::string, std::string>> facts)
        : path(std::move(file)), context(std::move(facts))
    {
        for (const auto &fact : context)
            printf("%s: %s\n", fact.first.c_str(), fact.second.c_str());
        printf("%-64s %10s %10s %10s  %-22s %s\n", "", "median", "least", "most", "", "predicted");
    }

    /* Adds a row, and saves all. */
    void add(const measurement &m)
    {
        rows.push_back(m);
        failed = failed || !m.trouble.empty();
        print(m);
        if (!path.empty() && !save()) {
            fprintf(stderr, "%s: cannot be written\n", path.c_str());
            failed = true;
        }
    }
    bool all_well() const { return !failed; }

  private:
    std::string path;
    std::vector<std::pair<std::string, std::string>> context;
    std::vector<measurement> rows;
    bool failed = false;

    static void print(const measurement &m)
    {
        if (!m.trouble.empty()) {
            printf("%-64s %s\n", m.name.c_str(), m.trouble.c_str());
        } else {
            printf("%-64s %10.4g %10.4g %10.4g  %-22s ", m.name.c_str(), m.median(), m.least(),
                   m.most(), m.unit.c_str());
            printf(m.low == m.high ? "%.4g" : "%.4g to %.4g", m.low, m.high);
            for (const auto &value : m.more) printf("; %.4g %s", value.second, value.first.c_str());
            printf("\n");
        }
        fflush(stdout);
    }

    static std::string quoted(const std::string &text)
    {
        std::string out = "\"";
        for (const char c : text) {
            if (c == '"' || c == '\\') out += '\\';
            out += c >= 0 && c < ' ' ? ' ' : c;
        }
        return out + "\"";
    }

    static void save_row(FILE *file, const measurement &m)
    {
        fprintf(file, "    {\"name\": %s, \"unit\": %s, \"predicted\": [%.6g, %.6g]",
                quoted(m.name).c_str(), quoted(m.unit).c_str(), m.low, m.high);
        if (!m.trouble.empty())
            fprintf(file, ", \"trouble\": %s", quoted(m.trouble).c_str());
        else
            fprintf(file, ", \"median\": %.6g, \"least\": %.6g, \"most\": %.6g, \"runs\": %zu",
                    m.median(), m.least(), m.most(), m.values.size());
        for (const auto &value : m.more)
            fprintf(file, ", %s: %.6g", quoted(value.first).c_str(), value.second);
        fprintf(file, "}");
    }

    bool save() const
    {
        FILE *file = fopen(path.c_str(), "w");
        const char *between = "";
        if (!file) return false;
        fprintf(file, "{\n  \"context\": {");
        for (const auto &fact : context) {
            fprintf(file, "%s\n    %s: %s", between, quoted(fact.first).c_str(),
                    quoted(fact.second).c_str());
            between = ",";
        }
        fprintf(file, "\n  },\n  \"rendezvous\": [");
        between = "";
        for (const measurement &m : rows) {
            fprintf(file, "%s\n", between);
            save_row(file, m);
            between = ",";
        }
        fprintf(file, "\n  ]\n}\n");
        return !fclose(file);
    }
};

#endif
