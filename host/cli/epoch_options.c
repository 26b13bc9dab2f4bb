/* Options of training by epochs: see epoch_options.h. */
#include "epoch_options.h"

#include "plot.h"
#include "program.h"

#include <wordloom/nn/lm.h>

#include <math.h>

epoch_options epoch_options_of(const epoch_fields *to)
{
    return (epoch_options){ .min_count = 1, .to = *to };
}

void epoch_options_files(option_row to[EPOCH_ROWS], epoch_options *o, epoch_run *run)
{
    const option_row rows[] = {
        { .name = "out",
          .kind = OPTION_TEXT,
          .value = &run->run.out,
          .placeholder = "FILE",
          .help = "where to write the model (safetensors)",
          .required = true },
        { .name = "init",
          .kind = OPTION_TEXT,
          .value = &o->init,
          .placeholder = "FILE",
          .help = "a model to begin with; vocabulary and layers are its own" },
        { .name = "plot",
          .kind = OPTION_TEXT,
          .value = &run->plot,
          .placeholder = "FILE",
          .help = "a picture of the run's curves: .png, .svg or .pdf" },
        { .name = "level",
          .kind = OPTION_CHOICE,
          .value = o->to.level,
          .choices = wl_lm_levels,
          .help = "what the tokens are" },
        { .name = "min-count",
          .kind = OPTION_INTEGER,
          .value = &o->min_count,
          .low = 1,
          .high = 0x1p62,
          .help = "rarer tokens become <unk>" },
        { .name = "max-vocab",
          .kind = OPTION_INTEGER,
          .value = &o->max_vocabulary,
          .high = 0x1p31,
          .help = "tokens of a vocabulary at most, 0: any number" },
        { 0 },
    };
    options_append(to, EPOCH_ROWS, rows);
}

void epoch_options_layers(option_row to[EPOCH_ROWS], epoch_options *o)
{
    const option_row rows[] = {
        { .name = "cell",
          .kind = OPTION_CHOICE,
          .value = o->to.cell,
          .choices = wl_cells,
          .help = "of the recurrent layers" },
        { .name = "layers",
          .kind = OPTION_INTEGER,
          .value = o->to.layers,
          .low = 1,
          .high = WL_LM_MOST_LAYERS,
          .help = "recurrent layers" },
        { .name = "embed",
          .kind = OPTION_INTEGER,
          .value = o->to.embed,
          .low = 1,
          .high = 65536,
          .help = "numbers a token's vector" },
        { .name = "hidden",
          .kind = OPTION_INTEGER,
          .value = o->to.hidden,
          .low = 1,
          .high = 65536,
          .help = "units a layer" },
        { .name = "residual",
          .kind = OPTION_FLAG,
          .value = &o->residual,
          .help = "add to each layer its input, where both are as wide" },
        { .name = "tie",
          .kind = OPTION_FLAG,
          .value = &o->tie,
          .help = "the output's weights are the embedding" },
        { .name = "dropout",
          .kind = OPTION_REAL,
          .value = o->to.dropout,
          .high = 0.999,
          .help = "part of what enters and leaves layers that is dropped" },
        { 0 },
    };
    options_append(to, EPOCH_ROWS, rows);
}

void epoch_options_descent(option_row to[EPOCH_ROWS], epoch_options *o)
{
    const option_row rows[] = {
        { .name = "epochs",
          .kind = OPTION_INTEGER,
          .value = o->to.epochs,
          .low = 1,
          .high = 100000,
          .help = "passes over what is learned from" },
        { .name = "batch",
          .kind = OPTION_INTEGER,
          .value = o->to.batch,
          .low = 1,
          .high = 65536,
          .help = o->to.batch_help },
        { .name = "optimizer",
          .kind = OPTION_CHOICE,
          .value = o->to.optimizer,
          .choices = o->to.optimizers,
          .help = "how gradients move parameters" },
        { .name = "lr",
          .kind = OPTION_REAL,
          .value = o->to.lr,
          .low = 1e-30,
          .high = 1e6,
          .help = "learning rate; with adam try 0.001" },
        { .name = "clip",
          .kind = OPTION_REAL,
          .value = o->to.clip,
          .high = HUGE_VAL,
          .help = "norm of the gradients at most, 0: any" },
        { .name = "decay",
          .kind = OPTION_REAL,
          .value = o->to.decay,
          .high = 1,
          .help = "factor of --lr after an epoch that is not the best" },
        { .name = "patience",
          .kind = OPTION_INTEGER,
          .value = o->to.patience,
          .high = 100000,
          .help = "epochs without a better one that end the run, 0: none" },
        { 0 },
    };
    options_append(to, EPOCH_ROWS, rows);
}

int epoch_options_read(epoch_options *o, epoch_run *run, const char *name, const char *summary,
                       option_row rows[EPOCH_ROWS], int count, char **args)
{
    static const int32_t dtypes[] = { WL_F32, WL_F16, WL_BF16 };
    option_row common[COMMON_ROWS], checkpoints[TRAINING_ROWS];
    const subcommand command = {
        .name = name, .arguments = "", .summary = summary, .options = rows, .common = common
    };
    int first;
    training_options(&run->run, checkpoints);
    options_append(rows, EPOCH_ROWS, checkpoints);
    options_common(&o->common, common);
    const int status = options_read(&command, count, args, &first);
    if (status != OPTIONS_READ) return status;
    if (o->to.residual) *o->to.residual = o->residual;
    if (o->to.tie) *o->to.tie = o->tie;
    *o->to.dtype = dtypes[o->common.dtype];
    *o->to.seed = (uint64_t)o->common.seed;
    return run->plot && plot_check("--plot", run->plot) ? EXIT_USAGE : OPTIONS_READ;
}
