/* The alias table of <wordloom/nn/noise.h>. */
#include <wordloom/nn/noise.h>

#include "../core/alias.h"

#include <math.h>
#include <stdlib.h>

struct wl_noise {
    int64_t V;
    double *probability;      /* [V] */
    wl_alias_column *columns; /* [V] */
};

static wl_status weigh(wl_noise *noise, const wl_vocabulary *vocabulary, double power,
                       wl_error *error)
{
    double sum = 0;
    for (int64_t i = 0; i < noise->V; i++) {
        const int64_t count = wl_vocabulary_count(vocabulary, i);
        noise->probability[i] = count > 0 ? pow((double)count, power) : 0;
        sum += noise->probability[i];
    }
    if (!(sum > 0) || !isfinite(sum))
        return wl_error_set(error, WL_OUT_OF_RANGE,
                            "the noise distribution: counts to the power %g sum to %g, expected a "
                            "finite sum above 0",
                            power, sum);
    for (int64_t i = 0; i < noise->V; i++) noise->probability[i] /= sum;
    return WL_OK;
}

static void fill_column(wl_alias_column *to, int64_t word, double share, int64_t alias)
{
    const double threshold = share * 0x1p32;
    const int whole = threshold >= (double)UINT32_MAX;
    *to = (wl_alias_column){ whole ? UINT32_MAX : (uint32_t)threshold,
                             (int32_t)(whole ? word : alias) };
}

/* Vose's algorithm: each column of height 1 is filled by a word that needs less, topped up by one
 * that needs more. `share` and `stack` have room for V; the small grow from the stack's left end,
 * the large from its right. */
static void fill(wl_noise *noise, double *share, int64_t *stack)
{
    const int64_t V = noise->V;
    int64_t small = 0, large = V;
    for (int64_t i = 0; i < V; i++) {
        share[i] = noise->probability[i] * (double)V;
        stack[share[i] < 1 ? small++ : --large] = i;
    }
    while (small > 0 && large < V) {
        const int64_t less = stack[--small], more = stack[large];
        fill_column(&noise->columns[less], less, share[less], more);
        share[more] = (share[more] + share[less]) - 1;
        if (share[more] >= 1) continue;
        large++;
        stack[small++] = more;
    }
    /* but for rounding, what is left on either side fills its own column */
    for (int64_t i = 0; i < V; i++)
        if (i < small || i >= large) fill_column(&noise->columns[stack[i]], stack[i], 1, stack[i]);
}

wl_status wl_noise_create(wl_noise **out, const wl_vocabulary *vocabulary, double power,
                          wl_error *error)
{
    *out = NULL;
    const int64_t V = wl_vocabulary_size(vocabulary);
    const size_t room = (size_t)(V ? V : 1);
    wl_noise *noise = calloc(1, sizeof *noise);
    double *share = calloc(room, sizeof *share);
    int64_t *stack = calloc(room, sizeof *stack);
    wl_status status = WL_NO_MEMORY;
    if (noise && share && stack) {
        noise->V = V;
        noise->probability = calloc(room, sizeof *noise->probability);
        noise->columns = calloc(room, sizeof *noise->columns);
        if (noise->probability && noise->columns) status = weigh(noise, vocabulary, power, error);
    }
    if (status == WL_NO_MEMORY) wl_error_set(error, status, "no memory for the noise distribution");
    if (!status) fill(noise, share, stack);
    free(share);
    free(stack);
    if (status)
        wl_noise_destroy(noise);
    else
        *out = noise;
    return status;
}

void wl_noise_destroy(wl_noise *noise)
{
    if (!noise) return;
    free(noise->probability);
    free(noise->columns);
    free(noise);
}

int32_t wl_noise_draw(const wl_noise *noise, uint64_t bits)
{
    return wl_alias_draw(noise->columns, noise->V, bits);
}

double wl_noise_probability(const wl_noise *noise, int64_t id) { return noise->probability[id]; }

const int32_t *wl_noise_columns(const wl_noise *noise)
{
    return (const int32_t *)(const void *)noise->columns;
}
