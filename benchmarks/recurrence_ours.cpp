/* Recurrent networks of the library's operators, as its models have them: both directions on
 * branches beside each other, each with a call a layer; layers of one direction as a wave, with a
 * call a layer and part. */
#include "recurrence_system.h"

#include "../host/nn/wave.h"

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
    /* What was put there, or no tensor. */
    wl_tensor get(const char *name)
    {
        wl_tensor t = {};
        if (const char *from = place(name)) memcpy(&t, from, sizeof t);
        return t;
    }
};

/* Some steps of a [T,…]. */
wl_tensor steps_of(wl_tensor t, int64_t first, int64_t count)
{
    if (!t.ndim) return t;
    t.data = (char *)t.data + size_t(first * wl_stride(&t, 0)) * wl_dtype_size(t.dtype);
    t.shape[0] = count;
    return t;
}

/* One step of a dense [T,B,X] as [B,X]. */
wl_tensor step_of(const wl_tensor &t, int64_t step)
{
    if (!t.ndim) return t;
    const wl_tensor one = steps_of(t, step, 1);
    return { one.data, one.dtype, 2, { t.shape[1], t.shape[2] }, {} };
}

class network : public recurrent_system
{
  public:
    network(const recurrence_size &s, const recurrence_data &data, const wl_backend *backend,
            cudaStream_t stream)
        : size(s),
          part_steps(s.directions == 1 && backend->device == WL_CUDA ? wl_wave_steps(s.T, s.layers)
                                                                     : s.T),
          parts((s.T + part_steps - 1) / part_steps), forwards(size_t(s.layers)),
          backwards(size_t(s.layers))
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
        if (size.directions == 1) return in_a_wave(forwards, false);
        for (auto &layer : forwards) beside_each_other(layer);
    }

    void backward() override
    {
        if (size.directions == 1) return in_a_wave(backwards, true);
        for (int64_t layer = size.layers - 1; layer >= 0; layer--) {
            beside_each_other(backwards[size_t(layer)]);
            if (layer < int64_t(sums.size())) call(sums[size_t(layer)]);
        }
    }

    recurrence_results results() override { return { read(y), read(dr) }; }

  private:
    recurrence_size size;
    int64_t part_steps, parts;
    wl_ctx *ctx = nullptr;
    std::vector<void *> blocks;
    using calls = std::vector<std::vector<operation>>; /* of a layer, a direction or part each */
    calls forwards, backwards;
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
        add_parts(layer, f, b);
        return dx;
    }

    /* The calls of a layer's parts: states go from each to the next, and their gradients back. */
    void add_parts(int64_t layer, operation &f, operation &b)
    {
        const wl_tensor h = f.get("h"), c = f.get("c");
        wl_tensor dh[2] = {}, dc[2] = {};
        for (int i = 0; i < 2 && parts > 1; i++) {
            dh[i] = tensor(stored(), { size.B, size.H });
            dc[i] = tensor(real(), { size.B, size.H });
        }
        for (int64_t n = 0; n < parts; n++) {
            const int64_t first = n * part_steps, count = std::min(part_steps, size.T - first);
            operation one = f, back = b;
            for (operation *o : { &one, &back }) {
                for (const char *name : { "x", "h", "c", "gates", "dh", "dx" })
                    o->put(name, steps_of(o->get(name), first, count));
                if (n > 0) o->put("h0", step_of(h, first - 1));
                if (n > 0) o->put("c0", step_of(c, first - 1));
            }
            if (n > 0) back.put("dh0", dh[1 - n % 2]), back.put("dc0", dc[1 - n % 2]);
            if (n + 1 < parts) back.put("dhT", dh[n % 2]), back.put("dcT", dc[n % 2]);
            forwards[size_t(layer)].push_back(one);
            backwards[size_t(layer)].push_back(back);
        }
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
        add_workspaces(size.directions == 2 ? 2 : wl_wave_branches(size.layers, parts));
    }

    /* As much as any call needs, for each branch. */
    void add_workspaces(int64_t branches)
    {
        size_t most = 0;
        for (const auto *all : { &forwards, &backwards })
            for (const auto &layer : *all)
                for (const operation &o : layer) {
                    size_t bytes = 0;
                    must(call_workspace(o.number, ctx, o.args, &bytes));
                    most = std::max(most, bytes);
                }
        for (int64_t i = branches - 1; i >= 0; i--) {
            void *block = memory(most);
            must(wl_branch(ctx, int(i)));
            wl_ctx_set_workspace(ctx, block, most);
        }
    }

    void call(const operation &o) { must(call_operator(o.number, ctx, o.args)); }

    struct wave_calls {
        const network *of;
        const calls *all;
    };

    static wl_status call_part(void *user, int64_t layer, int64_t part)
    {
        const auto *w = static_cast<const wave_calls *>(user);
        const operation &o = (*w->all)[size_t(layer)][size_t(part)];
        return call_operator(o.number, w->of->ctx, o.args);
    }

    void in_a_wave(const calls &all, bool down)
    {
        wave_calls user = { this, &all };
        const wl_wave wave = { size.layers, parts, down, call_part, &user };
        must(wl_wave_run(ctx, &wave));
    }

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
