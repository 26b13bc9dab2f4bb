/* The products that operators consist of: see baselines.h. */
#include "baselines.h"

namespace
{

using products = std::vector<matrix_product>;

/* Cells with G gates. */
products recurrent(const wl_dims &d, int64_t G, bool backward)
{
    const int64_t rows = d.T * d.B, gates = G * d.H;
    if (!backward)
        return { { rows, gates, d.D, false, true }, { d.B, gates, d.H, false, true, d.T } };
    return { { d.B, d.H, gates, false, false, d.T },
             { rows, d.D, gates, false, false },
             { gates, d.D, rows, true, false },
             { gates, d.H, rows, true, false } };
}

/* Backward has the scores again. Additive scores are no product, nor are their gradients. */
products attention(const wl_dims &d, bool additive, bool backward)
{
    const matrix_product scores = { d.T, d.S, d.H, false, true, 1, d.B };
    const matrix_product y = { d.T, d.D, d.S, false, false, 1, d.B };
    const matrix_product da = { d.T, d.S, d.D, false, true, 1, d.B };
    const matrix_product dv = { d.S, d.D, d.T, true, false, 1, d.B };
    const matrix_product dq = { d.T, d.H, d.S, false, false, 1, d.B };
    const matrix_product dk = { d.S, d.H, d.T, true, false, 1, d.B };
    if (additive) return backward ? products{ da, dv } : products{ y };
    return backward ? products{ scores, da, dv, dq, dk } : products{ scores, y };
}

/* y[N,H] = x[N,D] w^T, or its gradients. */
products linear(int64_t N, int64_t H, int64_t D, bool backward)
{
    if (!backward) return { { N, H, D, false, true } };
    return { { N, D, H, false, false }, { H, D, N, true, false } };
}

products with_logits(products gradients, const products &logits)
{
    gradients.insert(gradients.end(), logits.begin(), logits.end());
    return gradients;
}

products named(const std::string &op, const wl_dims &d, bool backward)
{
    const auto of_family = [&](const char *stem) { return op.rfind(stem, 0) == 0; };
    if (of_family("rnn_")) return recurrent(d, 1, backward);
    if (of_family("gru_")) return recurrent(d, 3, backward);
    if (of_family("lstm_")) return recurrent(d, 4, backward);
    if (of_family("attention_")) return attention(d, of_family("attention_additive_"), backward);
    if (of_family("linear_")) return linear(d.N, d.H, d.D, backward);
    if (op == "softmax_xent_linear_forward") return linear(d.N, d.V, d.D, false);
    if (op == "softmax_xent_linear_backward")
        return with_logits(linear(d.N, d.V, d.D, true), linear(d.N, d.V, d.D, false));
    if (op == "similarity_topk") return linear(d.Q, d.V, d.D, false);
    if (op == "similarity_multiply") return linear(3 * d.Q, d.V, d.D, false);
    return {};
}

} // namespace

products products_of(const op_case &c)
{
    products out;
    for (matrix_product p : named(c.spec->name, c.dims, c.spec->gradient_of)) {
        p.dtype = c.stored;
        if (p.M > 0 && p.N > 0 && p.K > 0 && p.batch > 0) out.push_back(p);
    }
    return out;
}
