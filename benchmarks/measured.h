/* Measurements, beside what is predicted where something is: as a table on standard output, and in
 * a JSON file that is whole after every row, so that a program that is ended early leaves what it
 * has. */
#ifndef WL_BENCHMARK_MEASURED_H
#define WL_BENCHMARK_MEASURED_H

#include <algorithm>
#include <cmath>
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
    double low = 0, high = 0;                              /* predicted; both 0: nothing is */
    std::vector<double> values = {};                       /* one a run */
    std::vector<std::pair<std::string, double>> more = {}; /* by their units */
    std::string note = ""; /* instead of values: why there are none */
    bool failed = false;   /* and that is wrong */

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
    using facts = std::vector<std::pair<std::string, std::string>>;

    /* Rows go to `file`, unless that is "", as a list of that name. */
    measurements(std::string file, std::string list, facts of)
        : path(std::move(file)), name(std::move(list)), context(std::move(of))
    {
        for (const auto &fact : context)
            printf("%s: %s\n", fact.first.c_str(), fact.second.c_str());
        printf("%-72s %10s %10s %10s\n", "", "median", "least", "most");
    }

    /* Adds a row, and saves all. */
    void add(const measurement &m)
    {
        rows.push_back(m);
        print(m);
        if (path.empty() || save()) return;
        fprintf(stderr, "%s: cannot be written\n", path.c_str());
        unwritten = true;
    }
    bool all_well() const
    {
        return !unwritten && std::none_of(rows.begin(), rows.end(),
                                          [](const measurement &m) { return m.failed; });
    }

  private:
    std::string path, name;
    facts context;
    std::vector<measurement> rows;
    bool unwritten = false;

    static void print(const measurement &m)
    {
        printf("%-72s ", m.name.c_str());
        if (m.values.empty()) {
            printf("%s\n", m.note.c_str());
        } else {
            printf("%10.4g %10.4g %10.4g %s", m.median(), m.least(), m.most(), m.unit.c_str());
            if (m.low > 0)
                printf(m.low < m.high ? ", predicted %.4g to %.4g" : ", predicted %.4g", m.low,
                       m.high);
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

    static std::string number(double x)
    {
        char text[40];
        snprintf(text, sizeof text, "%.6g", x);
        return std::isfinite(x) ? text : "null"; /* JSON has no other numbers */
    }

    static void save_row(FILE *file, const measurement &m)
    {
        fprintf(file, "    {\"name\": %s", quoted(m.name).c_str());
        if (m.low > 0)
            fprintf(file, ", \"predicted\": [%s, %s]", number(m.low).c_str(),
                    number(m.high).c_str());
        if (m.values.empty())
            fprintf(file, ", \"%s\": %s", m.failed ? "failed" : "note", quoted(m.note).c_str());
        else
            fprintf(file,
                    ", \"unit\": %s, \"median\": %s, \"least\": %s, \"most\": %s, \"runs\": %zu",
                    quoted(m.unit).c_str(), number(m.median()).c_str(), number(m.least()).c_str(),
                    number(m.most()).c_str(), m.values.size());
        for (const auto &value : m.more)
            fprintf(file, ", %s: %s", quoted(value.first).c_str(), number(value.second).c_str());
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
        fprintf(file, "\n  },\n  %s: [", quoted(name).c_str());
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
