/* WordNet (Miller 1995, "WordNet: A Lexical Database for English"): the senses of words, what they
 * mean, and how alike they are by what stands above them. Read from the database files of version
 * 3.0, as man page wndb(5WN) has them: index.POS, data.POS and POS.exc, POS being noun, verb, adj
 * and adv.
 *
 * A sense of a word is a synset, which it shares with its synonyms. Above synsets stand hypernyms
 * (pointers @ and @i), up to tops that have none; of nouns there is one top, of verbs there are
 * many, and a root is thought above them. Adjectives and adverbs have no hypernyms.
 *
 * Of synsets a and b of one part of speech, with N1 and N2 steps up to something c that is above
 * both (or one of them), and N3 nodes on the longest way from c to the top, c included:
 *
 *   path(a,b)       =  1 / (1 + min_c (N1 + N2))                  (Rada et al. 1989, "Development
 *                      and Application of a Metric on Semantic Nets", section III)
 *   wu_palmer(a,b)  =  max_c  2 N3 / (N1 + N2 + 2 N3)             (Wu and Palmer 1994, "Verb
 *                      Semantics and Lexical Selection", section 4)
 *
 * and 0 where there is no c. Of words, the greatest of any of their senses. (As NLTK has them, but
 * for verbs without a common top, of which its root is farther, and for several c.)
 *
 * Words are looked up in lower case, with _ for a space. One thread at a time. */
#ifndef WORDLOOM_NN_THESAURUS_H
#define WORDLOOM_NN_THESAURUS_H

#include <wordloom/nn/error.h>

WL_BEGIN

enum { WL_NOUN = 0, WL_VERB = 1, WL_ADJECTIVE = 2, WL_ADVERB = 3, WL_PARTS_OF_SPEECH = 4 };

/* Their names, by their numbers. */
WL_API extern const char *const wl_parts_of_speech[WL_PARTS_OF_SPEECH];

typedef struct wl_thesaurus wl_thesaurus;

/* Reads a directory of such files; those of exceptions may be missing. WL_BAD_FILE names the file,
 * the line, and what was expected; also of a synset that is its own hypernym. WL_IO_ERROR.
 * WL_NO_MEMORY. */
WL_API wl_status wl_thesaurus_open(wl_thesaurus **out, const char *directory, wl_error *error);
WL_API void wl_thesaurus_close(wl_thesaurus *thesaurus); /* takes null */

/* Synsets of a part of speech. */
WL_API int64_t wl_thesaurus_size(const wl_thesaurus *thesaurus, int32_t part);

/* ------------------------------------------------------------------ words */

/* The senses of a word as a part of speech, the most frequent first: *ids, as long as the thesaurus
 * is open. Answers how many; 0: there is no such word. */
WL_API int64_t wl_thesaurus_senses(const wl_thesaurus *thesaurus, const char *word, int32_t part,
                                   const int32_t **ids);

/* The base form of an inflected word, such as goose of geese and dog of dogs: by the lists of
 * exceptions, else by the endings of man page morphy(7WN). A word that is one stays. Answers false,
 * and leaves `out` empty, where there is none. The form is cut at 63 bytes. */
WL_API int wl_thesaurus_base(const wl_thesaurus *thesaurus, const char *word, int32_t part,
                             char out[64]);

/* ------------------------------------------------------------------ synsets */

WL_API int32_t wl_thesaurus_part(const wl_thesaurus *thesaurus, int32_t synset);

/* The synonyms, and number i of them, with spaces. The word is cut at 63 bytes. */
WL_API int64_t wl_thesaurus_synonyms(const wl_thesaurus *thesaurus, int32_t synset);
WL_API void wl_thesaurus_synonym(const wl_thesaurus *thesaurus, int32_t synset, int64_t i,
                                 char out[64]);

/* What it means, and examples: *length bytes that no 0 follows. */
WL_API const char *wl_thesaurus_gloss(const wl_thesaurus *thesaurus, int32_t synset,
                                      size_t *length);

/* The synsets right above; answers how many. */
WL_API int64_t wl_thesaurus_hypernyms(const wl_thesaurus *thesaurus, int32_t synset,
                                      const int32_t **ids);

/* Nodes on the longest way to a top, both ends included. */
WL_API int64_t wl_thesaurus_depth(const wl_thesaurus *thesaurus, int32_t synset);

/* ------------------------------------------------------------------ similarity */

/* All that stands above a synset, itself included, by rising id. */
typedef struct wl_climb {
    int32_t *ids, *steps; /* [count]; steps: to get there */
    int64_t count;
} wl_climb;

/* The caller frees `ids`, of which `steps` is a part. WL_NO_MEMORY, without a message. */
WL_API wl_status wl_thesaurus_climb(wl_thesaurus *thesaurus, int32_t synset, wl_climb *out);

typedef struct wl_likeness {
    double path, wu_palmer;
    int32_t common; /* c of wu_palmer; -1: the root that is thought above verbs, or none */
} wl_likeness;

/* Of two synsets of one part of speech. */
WL_API wl_likeness wl_thesaurus_likeness(const wl_thesaurus *thesaurus, const wl_climb *a,
                                         const wl_climb *b);

/* Of two words: in each of the two measures, the senses that are the most alike. */
typedef struct wl_word_likeness {
    double path, wu_palmer;    /* 0: in no part of speech do they have anything in common */
    int32_t path_senses[2];    /* -1: none */
    int32_t senses[2], common; /* of wu_palmer */
} wl_word_likeness;

/* WL_OUT_OF_RANGE: a word has no sense. WL_NO_MEMORY. */
WL_API wl_status wl_thesaurus_compare(wl_thesaurus *thesaurus, const char *a, const char *b,
                                      wl_word_likeness *out, wl_error *error);

WL_END
#endif
