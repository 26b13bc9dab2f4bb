/* Runs of the language model on a small text: see lm_bench.h. */
#include "lm_bench.h"

/* A text in which each word but the first of a line follows from the one before. */
static const char lines[] = "a b c d\nx y z\na b c d\na b c d\nx y z\nx y z\na b c d\nx y z\n";

bench make_bench(wl_device device)
{
    bench b = { .config = wl_lm_defaults() };
    wl_error error = { "" };
    char *text = calloc(16, sizeof lines);
    assert_int_equal(wl_ctx_create(&b.ctx, device, 0), WL_OK);
    for (int i = 0; i < 12; i++) strcat(text, lines);
    write_text(in_folder("text"), text);
    free(text);
    if (wl_text_count(&b.text, &b.words, in_folder("text"), WL_TEXT_WORD, 1, 0, &error))
        fail_msg("%s", error.text);
    b.config.embed = b.config.hidden = 12;
    b.config.batch = 4;
    b.config.time = 5;
    b.config.lr = 2;
    b.config.clip = 5;
    return b;
}

void free_bench(bench *b)
{
    wl_text_destroy(b->text);
    wl_vocabulary_destroy(b->words);
    wl_ctx_destroy(b->ctx);
}

int on_report(void *user, const wl_training_progress *now)
{
    bench *b = user;
    b->last = *now;
    return b->stop_at && now->steps >= b->stop_at;
}

wl_lm *make_model(bench *b)
{
    wl_lm *model;
    wl_error error = { "" };
    if (wl_lm_create(&model, b->ctx, &b->config, b->words, &error)) fail_msg("%s", error.text);
    return model;
}

wl_status train(bench *b, wl_lm *model)
{
    wl_error error = { "" };
    const wl_status status = wl_lm_train(model, b->text, b->text, on_report, b, NULL, &error);
    if (status && status != WL_INTERRUPTED) fail_msg("%s", error.text);
    return status;
}

void assert_written(wl_lm *model, const char *name)
{
    wl_error error = { "" };
    if (wl_lm_write(model, in_folder(name), &error)) fail_msg("%s", error.text);
}

const wl_device lm_devices[2] = { WL_CPU, WL_CUDA };

void each_device(void (*test)(wl_device))
{
    for (int i = 0; i < 2; i++)
        if (wl_device_count(lm_devices[i])) test(lm_devices[i]);
}
