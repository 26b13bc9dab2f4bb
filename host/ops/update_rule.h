/* The rows that every contract with a wl_update_rule shares, and what they cannot say. */
#ifndef WL_UPDATE_RULE_H
#define WL_UPDATE_RULE_H

#include "../core/op.h"

#include <math.h>

/* A macro, since the offsets depend on the operator's args struct. */
#define WL_RULE_ROWS(op)                                                                           \
    WL_ARG(op, rule.lr, WL_IN, WL_REAL, "1", .maker = WL_POSITIVE),                                \
        WL_ARG(op, rule.scale, WL_IN, WL_REAL, "1", .optional = true, .maker = WL_POSITIVE),       \
        WL_ARG(op, rule.step, WL_IN, WL_INT64, "1", .optional = true, .maker = WL_STEP),           \
        WL_ARG(op, rule.kind, WL_HOST, WL_CHOICE, .low = WL_SGD, .high = WL_NESTEROV_NEW_VELOCITY, \
               .tests = { 0, 1, 2, 3, 4, 5, 6 }, .ntests = 7),                                     \
        WL_ARG(op, rule.eps_form, WL_HOST, WL_CHOICE, .low = 0, .high = 1, .tests = { 0, 1 },      \
               .ntests = 2),                                                                       \
        WL_ARG(op, rule.beta1, WL_HOST, WL_DOUBLE, .low = 0, .high = 1, .tests = { 0.9, 0 },       \
               .ntests = 2),                                                                       \
        WL_ARG(op, rule.beta2, WL_HOST, WL_DOUBLE, .low = 0, .high = 1, .tests = { 0.99, 0.5 },    \
               .ntests = 2),                                                                       \
        WL_ARG(op, rule.eps, WL_HOST, WL_DOUBLE, .low = 0, .high = HUGE_VAL, .tests = { 1e-3 },    \
               .ntests = 1),                                                                       \
        WL_ARG(op, rule.weight_decay, WL_HOST, WL_DOUBLE, .low = 0, .high = HUGE_VAL,              \
               .tests = { 0, 0.01 }, .ntests = 2),                                                 \
        WL_ARG(op, rule.rounding, WL_HOST, WL_CHOICE, .low = 0, .high = 1, .tests = { 0, 1 },      \
               .ntests = 2),                                                                       \
        WL_ARG(op, rule.seed, WL_HOST, WL_SEED, .tests = { 7 }, .ntests = 1)

/* Whether a rule keeps a first and a second moment. */
static inline bool wl_rule_has_m(int32_t kind)
{
    return kind == WL_MOMENTUM || kind == WL_NESTEROV || kind == WL_ADAM ||
           kind == WL_NESTEROV_NEW_VELOCITY;
}
static inline bool wl_rule_has_v(int32_t kind)
{
    return kind == WL_ADAGRAD || kind == WL_RMSPROP || kind == WL_ADAM;
}

/* The moments and the step that the rule's kind asks for are there. */
static inline wl_status wl_rule_check(wl_ctx *ctx, const char *op, const wl_update_rule *rule,
                                      const wl_tensor *m, const wl_tensor *v)
{
    const char *missing = NULL;
    if (wl_rule_has_m(rule->kind) && !wl_present(m)) missing = "m";
    if (wl_rule_has_v(rule->kind) && !wl_present(v)) missing = "v";
    const bool stepped = rule->kind == WL_ADAM || rule->rounding == WL_ROUND_STOCHASTIC;
    if (stepped && !wl_present(&rule->step)) missing = "rule.step";
    if (!missing) return WL_OK;
    return wl_fail(ctx, WL_MISSING, "%s: %s: is missing, expected with rule.kind %d, rounding %d",
                   op, missing, (int)rule->kind, (int)rule->rounding);
}

#endif
