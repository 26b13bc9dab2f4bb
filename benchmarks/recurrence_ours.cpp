/* Recurrent networks of the library's operators: a call a layer and direction; both directions
 * on branches beside each other, as the library's models have them. */
#include "recurrence_system.h"

#include "../tests/execution.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace
{

/* An operator with its arguments, which are named as in its contract; others are left out. */
struct operation {
    int number;
    const wl_op_spec *spec;
    alignas(max_align_t) char args[2048] = {};

    explicit operation(const std::string &name) : spec(wl_op_find(name.c_str()))
    {
        if (!spec || spec->args_size > sizeof args)
            throw std::runtime_error("there is no operator " + name);
        number = operator_number(spec);
        memcpy(args, &spec->args_size, sizeof spec->args_size);
    }
    /* Where an argument lies; null: there is none of that name. */
    char *place(const char *name)
    {
        for (const wl_arg *arg = spec->arg; arg->name; arg++)
            if (!strcmp(arg->name, name)) return args + arg->offset;
        return nullptr;
    }
    void put(const char *name, const wl_tensor &t)
    {
        if (char *to = place(name)) memcpy(to, &t, sizeof t);
    }
};

class network : public recurrent_system
{
  public:
    network(const recurrence_size &s, const recurrence_data &data, const wl_backend *backend,
            cudaStream_t stream)
        : size(s), forwards(size_t(s.layers)), backwards(size_t(s.layers))
    {
        if (wl_ctx_create_on(&ctx, backend, 0)) throw std::runtime_error("there is no context");
        wl_ctx_set_stream(ctx, stream);
        try {
            build(data);
        } catch (...) {
            close();
            throw;
        }
    }
    ~network() override { close(); }

    void forward() override
    {
        for (auto &layer : forwards) beside_each_other(layer);
    }

    void backward() override
    {
        for (int64_t layer = size.layers - 1; layer >= 0; layer--) {
            beside_each_other(backwards[size_t(layer)]);
            if (layer < int64_t(sums.size())) call(sums[size_t(layer)]);
        }
    }

    recurrence_results results() override { return { read(y), read(dr) }; }

  private:
    recurrence_size size;
    wl_ctx *ctx = nullptr;
    std::vector<void *> blocks;
    std::vector<std::vector<operation>> forwards, backwards; /* of a layer, a direction each */
    std::vector<operation> sums; /* of a layer: dx of both directions; empty: there is one */
    wl_tensor y = {}, dr = {};

    void close()
    {
        for (void *block : blocks) wl_ctx_free(ctx, block);
        wl_ctx_destroy(ctx);
    }

    void must(wl_status status) const
    {
        if (status) throw std::runtime_error(wl_ctx_error(ctx));
    }

    void *memory(size_t bytes)
    {
        void *block = nullptr;
        must(wl_ctx_alloc(ctx, &block, std::max<size_t>(bytes, 256)));
        blocks.push_back(block);
        return block;
    }

    int32_t real() const { return ctx->backend->real; }
    int32_t stored() const { return real() == WL_F64 ? int32_t(WL_F64) : size.dtype; }

    /* A dense tensor; values may be null: 0. */
    wl_tensor tensor(int32_t dtype, std::vector<int64_t> shape,
                     const std::vector<float> *values = nullptr)
    {
        wl_tensor t = {};
        int64_t count = 1;
        t.dtype = dtype;
        t.ndim = int32_t(shape.size());
        for (size_t i = 0; i < shape.size(); i++) count *= t.shape[i] = shape[i];
        const size_t bytes = size_t(count) * wl_dtype_size(dtype);
        t.data = memory(bytes);
        const std::vector<char> image =
            values ? bytes_of(*values, dtype) : std::vector<char>(bytes);
        if (bytes) must(wl_ctx_copy(ctx, t.data, image.data(), bytes));
        return t;
    }

    std::vector<double> read(const wl_tensor &t) const
    {
        int64_t count = 1;
        for (int i = 0; i < t.ndim; i++) count *= t.shape[i];
        std::vector<char> bytes(size_t(count) * wl_dtype_size(t.dtype));
        must(wl_ctx_sync(ctx));
        must(wl_ctx_copy(ctx, bytes.data(), t.data, bytes.size()));
        return numbers_in(bytes, t.dtype);
    }

    /* The features of one direction in a tensor [T,B,directions H]. */
    wl_tensor part(wl_tensor t, int64_t direction) const
    {
        if (size.directions == 1) return t;
        const int64_t row = size.directions * size.H;
        t.data = (char *)t.data + size_t(direction * size.H) * wl_dtype_size(t.dtype);
        t.shape[2] = size.H;
        t.stride[0] = size.B * row, t.stride[1] = row, t.stride[2] = 1;
        return t;
    }

    /* The calls of a layer and direction; returns dx, for a layer without inputs no tensor. */
    wl_tensor add_cell(int64_t layer, int64_t direction, const recurrence_data::cell &values,
                       const wl_tensor &x, const wl_tensor &out, const wl_tensor &dout)
    {
        const int64_t G = size.gates(), H = size.H, D = x.shape[2], T = size.T, B = size.B;
        operation f(size.cell + "_forward"), b(size.cell + "_backward");
        const auto both = [&](const char *name, const wl_tensor &t) {
            f.put(name, t);
            b.put(name, t);
        };
        both("x", x);
        both("w", tensor(stored(), { G * H, D }, &values.w));
        both("r", tensor(stored(), { G * H, H }, &values.r));
        both("b", tensor(real(), { G * H }, &values.b));
        both("bn", tensor(real(), { H }, &values.bn));
        both("h", part(out, direction));
        if (f.place("c")) both("c", tensor(real(), { T, B, H }));
        if (f.place("gates")) both("gates", tensor(stored(), { T, B, 4 * H }));
        const wl_tensor dx = D ? tensor(stored(), { T, B, D }) : wl_tensor();
        const wl_tensor of_r = tensor(real(), { G * H, H });
        b.put("dh", part(dout, direction));
        b.put("dx", dx);
        b.put("dw", tensor(real(), { G * H, D }));
        b.put("dr", of_r);
        b.put("db", tensor(real(), { G * H }));
        b.put("dbn", tensor(real(), { H }));
        for (operation *o : { &f, &b }) *o->place("reverse") = char(direction); /* of an int32_t */
        if (layer == 0 && direction == 0) dr = of_r;
        forwards[size_t(layer)].push_back(f);
        backwards[size_t(layer)].push_back(b);
        return dx;
    }

    /* dx of both directions added, into a tensor of its own: a dropout that drops nothing. */
    wl_tensor add_sum(const wl_tensor &one, const wl_tensor &other)
    {
        const std::vector<int64_t> rows = { one.shape[0] * one.shape[1], one.shape[2] };
        wl_tensor sum = tensor(one.dtype, { one.shape[0], one.shape[1], one.shape[2] });
        operation o("dropout_forward");
        const auto put = [&](const char *name, wl_tensor t) {
            t.ndim = 2;
            t.shape[0] = rows[0], t.shape[1] = rows[1], t.shape[2] = 0;
            o.put(name, t);
        };
        put("x", one);
        put("residual", other);
        put("y", sum);
        o.put("step", tensor(WL_I64, { 1 }));
        sums.insert(sums.begin(), o);
        return sum;
    }

    void build(const recurrence_data &data)
    {
        const int64_t wide = size.directions * size.H;
        std::vector<wl_tensor> out = { tensor(stored(), { size.T, size.B, size.D }, &data.x) };
        for (int64_t layer = 0; layer < size.layers; layer++)
            out.push_back(tensor(stored(), { size.T, size.B, wide }));
        wl_tensor dout = tensor(stored(), { size.T, size.B, wide }, &data.dy);
        y = out.back();
        for (int64_t layer = size.layers - 1; layer >= 0; layer--) {
            std::vector<wl_tensor> dx;
            for (int64_t direction = 0; direction < size.directions; direction++)
                dx.push_back(add_cell(layer, direction,
                                      data.cells[size_t(layer * size.directions + direction)],
                                      out[size_t(layer)], out[size_t(layer) + 1], dout));
            dout = size.directions == 1 ? dx[0] : add_sum(dx[0], dx[1]);
        }
        for (int64_t direction = 0; direction < size.directions; direction++)
            add_workspace(direction);
        must(wl_branch(ctx, 0));
    }

    /* As much as any call of a direction needs, on that direction's branch. */
    void add_workspace(int64_t direction)
    {
        size_t most = 0;
        for (const auto *all : { &forwards, &backwards })
            for (const auto &layer : *all) {
                size_t bytes = 0;
                const operation &o = layer[size_t(direction)];
                must(call_workspace(o.number, ctx, o.args, &bytes));
                most = std::max(most, bytes);
            }
        void *block = memory(most);
        must(wl_branch(ctx, int(direction)));
        wl_ctx_set_workspace(ctx, block, most);
    }

    void call(const operation &o) { must(call_operator(o.number, ctx, o.args)); }

    void beside_each_other(const std::vector<operation> &calls)
    {
        if (calls.size() == 1) {
            call(calls[0]);
            return;
        }
        must(wl_branch(ctx, 1));
        must(wl_branch_after(ctx, 0));
        call(calls[1]);
        must(wl_branch(ctx, 0));
        call(calls[0]);
        must(wl_branch_after(ctx, 1));
    }
};

} // namespace

std::unique_ptr<recurrent_system> our_system(const recurrence_size &size,
                                             const recurrence_data &data, const wl_backend *backend,
                                             cudaStream_t stream)
{
    return std::make_unique<network>(size, data, backend, stream);
}
