/* overlaps from C, and from every language that calls C: equations in, a table out, both as JSON in UTF-8.
 *
 * A function may be called from several threads at once. None of them throws, exits or prints.
 */
#ifndef OVERLAPS_H
#define OVERLAPS_H

#ifdef __cplusplus
extern "C" {
#endif

/* Solves the equations of a system and returns the table, which overlaps_free frees.
 *
 * `system` is the name of a built-in system or the path of an equation file. `arguments` is an object with any of these, or NULL:
 *
 *   "set":       {"n": 8, "interpolant": "linear", "k": "inf"}     values of parameters and of the control
 *   "sweep":     {"t": "0:1:11", "n": [8, 16], "kappa": "log:1:100:5"}
 *   "compare":   ["finite-d"]                                      systems beside it
 *   "branches":  true                                              all branches
 *   "tolerance": 1e-9                                              of averages
 *   "verify":    true                                              a second look at every row
 *   "threads":   4                                                 all cores, where it is absent
 *   "text":      "title = ..."                                     the text of an equation file; `system` is then its name in messages
 *
 * Returned is {"columns": [{"name": ..., ...}], "data": {"omega": [...], ...}, "rows": 11, "not_converged": 0, "notes": [...],
 * "warnings": [...]}. Infinite numbers are the words "inf" and "-inf", what is not there is null. Where it fails it is
 * {"error": "...", "place": {"file": ..., "line": ..., "column": ...}}, with the text that the command prints; "place" is null where the
 * error stands in no file. The result is never NULL.
 */
char *overlaps_solve(const char *system, const char *arguments);

/* Frees what overlaps_solve has returned; NULL is passed over. */
void overlaps_free(char *result);

/* The version, which is not freed. */
const char *overlaps_version(void);

#ifdef __cplusplus
}
#endif

#endif
