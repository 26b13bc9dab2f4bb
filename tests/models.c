/* What models share: the arenas they live in, and the neighbours of their vectors. */
#include "data_files.h"

#include <wordloom/nn/memory.h>
#include <wordloom/nn/similar.h>

#include <float.h>
#include <math.h>

/* ------------------------------------------------------------------ memory */

static wl_status carve_three(void *owner, wl_arena *arena)
{
    wl_tensor *t = owner;
    t[0] = wl_arena_take(arena, WL_F32, 3, (int64_t[4]){ 3, 5, 7 });
    t[1] = wl_arena_take(arena, WL_I32, 1, (int64_t[4]){ 0 });
    t[2] = wl_arena_take_rows(arena, WL_BF16, 4, 33, 64);
    return WL_OK;
}

static wl_status carve_too_much(void *owner, wl_arena *arena)
{
    *(wl_tensor *)owner = wl_arena_take(arena, WL_F32, 2, (int64_t[4]){ INT64_MAX, INT64_MAX });
    return WL_OK;
}

static void an_arena_carves_what_it_measured(void **state)
{
    (void)state;
    wl_ctx *ctx;
    wl_arena arena;
    wl_tensor t[3];
    wl_error error;
    assert_int_equal(wl_ctx_create(&ctx, WL_CPU, 0), WL_OK);
    assert_int_equal(wl_arena_create(&arena, ctx, carve_three, t, &error), WL_OK);
    assert_int_equal(arena.used, 512 + 0 + 512);
    for (int i = 0; i < 3; i++) assert_int_equal((uintptr_t)t[i].data % 256, 0);
    assert_ptr_equal(t[2].data, arena.base + 512);
    assert_int_equal(t[2].shape[1], 33);
    assert_int_equal(t[2].stride[0], 64);
    wl_arena_destroy(&arena);
    assert_int_equal(wl_arena_create(&arena, ctx, carve_too_much, t, &error), WL_NO_MEMORY);
    wl_arena_destroy(&arena);
    wl_ctx_destroy(ctx);
}

/* ------------------------------------------------------------------ neighbours */

static void find_neighbours(wl_device device)
{
    const float table[] = { 1, 0, 0, 2, 3e30f, 3e30f, -1, 0, 0, 0, 1e-30f, 0 };
    wl_ctx *ctx;
    wl_similar *similar;
    wl_neighbour near[6];
    wl_error error;
    int64_t found;
    assert_int_equal(wl_ctx_create(&ctx, device, 0), WL_OK);
    assert_int_equal(wl_similar_create(&similar, ctx, table, 6, 2, &error), WL_OK);
    assert_int_equal(wl_similar_nearest(similar, table, -1, 6, near, &found, &error), WL_OK);
    const int64_t order[] = { 0, 5, 2, 1, 4, 3 };
    assert_int_equal(found, 6);
    for (int i = 0; i < 6; i++) assert_int_equal(near[i].id, order[i]);
    assert_true(near[0].cosine == 1 && near[1].cosine == 1 && near[5].cosine == -1);
    assert_true(fabsf(near[2].cosine - sqrtf(0.5f)) <= FLT_EPSILON);
    assert_int_equal(wl_similar_nearest(similar, table, 0, 2, near, &found, &error), WL_OK);
    assert_int_equal(found, 2);
    assert_int_equal(near[0].id, 5);
    assert_int_equal(near[1].id, 2);
    assert_int_equal(wl_similar_search_first(similar, 2), 6);
    assert_int_equal(wl_similar_nearest(similar, table, 5, 6, near, &found, &error), WL_OK);
    assert_int_equal(found, 2); /* of which row 5 is none */
    assert_int_equal(near[0].id, 0);
    assert_int_equal(wl_similar_nearest(similar, table, 0, 1025, near, &found, &error),
                     WL_OUT_OF_RANGE);
    assert_error(&error, "1025", "expected 0 to 1024", NULL);
    assert_int_equal(wl_ctx_sync(ctx), WL_OK); /* no id was out of bounds */
    wl_similar_destroy(similar);
    wl_ctx_destroy(ctx);
}

static void neighbours_are_by_cosine_then_by_id(void **state)
{
    (void)state;
    find_neighbours(WL_CPU);
    if (wl_device_count(WL_CUDA) > 0) find_neighbours(WL_CUDA);
}

/* in double, and exactly 1 for rows that are equal */
static void a_cosine_of_two_rows_is_as_by_hand(void **state)
{
    (void)state;
    const float table[] = { 3, 4, 3e30f, 4e30f, -4, 3, 0, 0, .1f, .7f, .1f, .7f };
    wl_ctx *ctx;
    wl_similar *similar;
    wl_error error;
    assert_int_equal(wl_ctx_create(&ctx, WL_CPU, 0), WL_OK);
    assert_int_equal(wl_similar_create(&similar, ctx, table, 6, 2, &error), WL_OK);
    assert_true(fabs(wl_similar_cosine(similar, 0, 1) - 1) < (double)FLT_EPSILON);
    assert_true(wl_similar_cosine(similar, 0, 2) == 0);
    assert_true(wl_similar_cosine(similar, 0, 3) == 0);
    assert_true(wl_similar_cosine(similar, 4, 5) == 1);
    wl_similar_destroy(similar);
    wl_ctx_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_arena_carves_what_it_measured),
        cmocka_unit_test(neighbours_are_by_cosine_then_by_id),
        cmocka_unit_test(a_cosine_of_two_rows_is_as_by_hand),
    };
    return cmocka_run_group_tests_name("models", tests, make_folder, remove_folder);
}
