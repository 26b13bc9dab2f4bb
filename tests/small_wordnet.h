/* A WordNet of a dozen synsets, as files of wndb(5WN). */
#ifndef WORDLOOM_TESTS_SMALL_WORDNET_H
#define WORDLOOM_TESTS_SMALL_WORDNET_H

/* The files in the folder of data_files.h. Nouns: entity > animal > dog (domestic dog), cat, goose;
 * entity > tool > dog; animal and tool > ox. Verbs: move > run; say (no other). Adjectives: big.
 * Adverbs: fast. Nouns have the exceptions geese and oxen. */
void write_small_wordnet(void);

#endif
