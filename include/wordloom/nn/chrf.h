/* chrF (Popovic 2015, "chrF: character n-gram F-score for automatic MT evaluation"): how much a
 * translation has in common with a reference, by their character n-grams. */
#ifndef WORDLOOM_NN_CHRF_H
#define WORDLOOM_NN_CHRF_H

#include <wordloom/nn/error.h>

WL_BEGIN

/* Sums over pairs of texts of the n-grams of each n from 1 to 6: those of hypotheses, h_n, those of
 * references, r_n, and those that both of a pair have, m_n (each as often as the side that has it
 * less often). White space is left out, characters are code points, and capitals count. The h_n of
 * a pair whose reference is too short for an n-gram are left out, as sacreBLEU does. With P and R,
 * the means of m_n / h_n and m_n / r_n over all n for which neither sum is 0, and beta = 2,
 *   chrF = 100 (1 + beta^2) P R / (beta^2 P + R)
 * which is 0 where P and R are, or where there is no such n. */
typedef struct wl_chrf wl_chrf;

/* Without a pair. WL_NO_MEMORY. */
WL_API wl_status wl_chrf_create(wl_chrf **out, wl_error *error);
WL_API void wl_chrf_destroy(wl_chrf *chrf); /* takes null */

/* Adds a pair of texts in UTF-8, each of so many bytes. The sums stay as they were where it fails.
 * WL_OUT_OF_RANGE: no UTF-8. WL_NO_MEMORY. */
WL_API wl_status wl_chrf_add(wl_chrf *chrf, const char *hypothesis, size_t hypothesis_length,
                             const char *reference, size_t reference_length, wl_error *error);

/* chrF of the pairs so far, 0 to 100. */
WL_API double wl_chrf_score(const wl_chrf *chrf);

WL_END
#endif
