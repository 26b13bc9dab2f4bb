/* What tests say of every cell over whole sequences: rnn, gru and lstm. */
#ifndef RECURRENT_H
#define RECURRENT_H

#include "judge.h"

/* A cell by its operators; lists end with null. */
typedef struct recurrent {
    const char *forward, *backward;
    const char *more, *backward_more; /* words of each case, and of backward's too */
    const char *parameters[5];        /* rows */
    const char *before[3];            /* rows of initial states */
    const char *after[3];             /* and of the final ones, in the same order */
} recurrent;

/* Sizes at which every cell holds; they end with null. */
extern const char *const recurrent_sizes[];
/* Some of them, one of each layout, for calls without this or that. */
extern const char *const recurrent_layouts[];

/* Tests whose initial state is a `recurrent`; on every backend, to the last bit. */
void a_split_sequence_gives_the_same_states(void **state);
void chunks_give_the_gradients_of_the_whole(void **state); /* on the oracle */
void padding_changes_nothing(void **state);
void reverse_is_the_mirror_image(void **state);
void each_step_reads_what_is_the_sequences(void **state);

/* 16 bits, whose weights stay on chip; by the judge. */
void stationary_weights_hold(void **state);

/* Those of zoneout, as the first; h is the first of the states. */
void zoneout_holds_what_is_drawn(void **state);
void evaluation_takes_the_mean_of_the_draws(void **state); /* on the oracle */
void what_is_evaluated_has_no_gradient(void **state);
void without_zoneout_every_bit_is_as_before(void **state);
void zoneout_agrees(void **state); /* and repeats */
void zoneout_differentiates(void **state);

#endif
