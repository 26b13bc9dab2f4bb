/* Beam search on the host: which hypotheses of each sentence go on, from the scores of their next
 * tokens. With a beam of 1 it is the greedy choice. */
#ifndef WL_SEQ2SEQ_SEARCH_H
#define WL_SEQ2SEQ_SEARCH_H

#include <wordloom/nn/seq2seq.h>

#include <stdbool.h>

WL_BEGIN

enum { WL_BEAM_MOST = 64 };

/* The end of a hypothesis; the whole of it is read from here back to its beginning. */
typedef struct wl_beam_node {
    int32_t id;
    int64_t before; /* number of the node before; -1: none */
} wl_beam_node;

typedef struct wl_beam_sentence {
    int64_t live;      /* hypotheses that go on, in the first rows of the sentence's */
    int64_t done;      /* those that have ended */
    int64_t most;      /* tokens of one at most */
    double best;       /* of those that have ended: its score, */
    double best_log;   /* log-probability, */
    int64_t best_node; /* last token (-1: it is empty) */
    bool best_ended;   /* and whether </s> came */
} wl_beam_sentence;

typedef struct wl_beam_candidate {
    double log_probability;
    int64_t row;
    int32_t id;
} wl_beam_candidate;

typedef struct wl_beam {
    int64_t width, sentences, V, tokens; /* tokens: of the live hypotheses */
    double length_penalty;
    int32_t start, end, unknown; /* ids; unknown may be -1 */
    wl_beam_sentence *sentence;  /* [sentences] */
    double *log_probability;     /* [sentences, width]: of each row's hypothesis */
    int64_t *node;               /* [sentences, width]: its last */
    int32_t *parents, *ids; /* [sentences, width]: the row that each continues, and with what */
    wl_beam_candidate *candidates; /* [width]: the best of a sentence */
    wl_beam_node *nodes;
    int64_t node_count, node_room;
} wl_beam;

/* `most[b]`: of sentence b. */
wl_status wl_beam_create(wl_beam *out, int64_t width, int64_t sentences, int64_t V,
                         double length_penalty, const int64_t *most, wl_error *error);
void wl_beam_destroy(wl_beam *beam); /* takes one that is all zero */

/* Extends every live hypothesis, from the scores before softmax logits[sentences width, V] of its
 * next token: sets parents and ids for the next step. *live: how many sentences go on. */
wl_status wl_beam_extend(wl_beam *beam, const float *logits, int64_t *live, wl_error *error);

/* The best hypothesis of sentence b; the caller frees out->ids. */
wl_status wl_beam_best(const wl_beam *beam, int64_t b, wl_translation *out, wl_error *error);

WL_END
#endif
