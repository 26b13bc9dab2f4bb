/* What the commands of sequence-to-sequence models share: see seq2seq.h. */
#include "seq2seq.h"

#include "devices.h"
#include "program.h"

#include <wordloom/nn/tasks.h>

#include <stdio.h>
#include <string.h>

int seq2seq_open(wl_ctx **ctx, wl_seq2seq **model, const common_options *common, const char *path)
{
    wl_error error;
    options_apply_threads(common->threads);
    const int code = device_open(common->device, ctx);
    if (code) return code;
    const wl_status status = wl_seq2seq_open(model, *ctx, path, 0, &error);
    return status ? fail(status, &error) : EXIT_DONE;
}

void seq2seq_tell_loss(char *to, size_t room, double loss)
{
    snprintf(to, room, "loss %.4f", loss);
}

/* ------------------------------------------------------------------ examples */

void seq2seq_task_options(seq2seq_task *t, int64_t examples, option_row rows[SEQ2SEQ_TASK_ROWS])
{
    *t = (seq2seq_task){ .task = -1, .examples = examples };
    const option_row table[SEQ2SEQ_TASK_ROWS] = {
        { .name = "task",
          .kind = OPTION_CHOICE,
          .value = &t->task,
          .choices = wl_tasks,
          .help = "make examples of it, by --seed" },
        { .name = "examples",
          .kind = OPTION_INTEGER,
          .value = &t->examples,
          .low = 1,
          .high = 0x7fffffff,
          .help = "how many of --task are made" },
        { 0 },
    };
    memcpy(rows, table, sizeof table);
}

wl_status seq2seq_examples(wl_examples **out, const seq2seq_task *t, const char *path,
                           uint64_t seed, wl_error *error)
{
    return t->task < 0 ? wl_examples_read(out, path, error)
                       : wl_examples_generate(out, t->task, t->examples, seed, error);
}

/* ------------------------------------------------------------------ translations */

void seq2seq_search_options(wl_seq2seq_search *s, option_row rows[SEQ2SEQ_SEARCH_ROWS])
{
    *s = wl_seq2seq_search_defaults();
    const option_row table[SEQ2SEQ_SEARCH_ROWS] = {
        { .name = "beam",
          .kind = OPTION_INTEGER,
          .value = &s->beam,
          .low = 1,
          .high = 64,
          .help = "hypotheses that are followed at a time; 1: greedy" },
        { .name = "length-penalty",
          .kind = OPTION_REAL,
          .value = &s->length_penalty,
          .high = 4,
          .help = "how much a beam favours long ones" },
        { .name = "most",
          .kind = OPTION_INTEGER,
          .value = &s->most,
          .high = 0x7fffffff,
          .help = "tokens at most, 0: twice those of the source and 20" },
        { 0 },
    };
    memcpy(rows, table, sizeof table);
}

option_row seq2seq_batch_option(wl_seq2seq_search *s)
{
    return (option_row){ .name = "batch",
                         .kind = OPTION_INTEGER,
                         .value = &s->batch,
                         .low = 1,
                         .high = 65536,
                         .help = "sources translated side by side" };
}
