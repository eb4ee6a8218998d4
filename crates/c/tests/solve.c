/* What overlaps.h promises. */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "overlaps.h"

static int passed, failed;

static void check(const char *what, int holds, const char *said) {
    holds ? passed++ : failed++;
    printf("%s: %s\n", holds ? "ok" : "FAILED", what);
    if (!holds) printf("%.2000s\n", said);
}

/* Whether the answer holds a text. */
static void answers(const char *what, const char *system, const char *arguments, const char *part) {
    char *answer = overlaps_solve(system, arguments);
    check(what, strstr(answer, part) != NULL, answer);
    overlaps_free(answer);
}

/* The first number of a column. */
static double first(const char *answer, const char *column) {
    char key[64];
    snprintf(key, sizeof key, "\"%s\":[", column);
    const char *place = strstr(strstr(answer, "\"data\""), key);
    return place ? strtod(place + strlen(key), NULL) : NAN;
}

int main(void) {
    /* The magnet without a field: m = tanh(J m/T). */
    char *answer = overlaps_solve("curie-weiss", "{\"set\": {\"J\": 1.5, \"T\": 0.9}}");
    double m = first(answer, "m");
    check("a row is the solution", fabs(m - tanh(1.5 * m / 0.9)) < 1e-10 && m > 0.5, answer);
    check("it says what it is", strstr(answer, "\"rows\":1,\"not_converged\":0") != NULL, answer);
    overlaps_free(answer);

    answers("sweeps are texts or lists", "curie-weiss", "{\"sweep\": {\"T\": \"0.5:1.5:3\", \"h\": [0, 0.1]}}", "\"rows\":6,");
    answers("the defaults of the file", "curie-weiss", NULL, "\"rows\":131,");
    answers("systems beside it, and words", "two-phase",
            "{\"set\": {\"t\": 0.5, \"k\": \"inf\", \"interpolant\": \"linear\"}, \"compare\": [\"finite-d\"], \"threads\": 1}", "\"rows\":2,");
    answers("all branches", "curie-weiss", "{\"set\": {\"T\": 0.5}, \"branches\": true}", "\"rows\":3,");
    answers("a second look", "curie-weiss", "{\"set\": {\"T\": 0.5}, \"verify\": true}", "\"rows\":1,");

    const char *text = "{\"text\": \"title = 'a line'\\ncontrol = { name = 't', from = 0, to = 1, points = 3 }\\n"
                       "[outputs]\\ny = { value = '2*t' }\"}";
    answers("the text of a file", "mine.toml", text, "\"y\":[0,1,2]");
    answers("an error has the place", "mine.toml",
            "{\"text\": \"title = 'a line'\\ncontrol = { name = 't', from = 0, to = 1, points = 3 }\\n"
            "[outputs]\\ny = { value = '2*s' }\"}",
            "\"place\":{\"file\":\"mine.toml\",\"line\":4,\"column\":");
    answers("an unknown system", "curie-wiess", NULL, "did you mean `curie-weiss`?");
    answers("a value outside its domain", "curie-weiss", "{\"set\": {\"J\": -1}}", "J = -1 is outside its domain `J > 0 && J < inf`");
    answers("a value that is none", "curie-weiss", "{\"set\": {\"J\": [1]}}", "a value is a number or a text");
    answers("an unknown argument", "curie-weiss", "{\"sett\": {}}", "unknown field `sett`");
    answers("no JSON", "curie-weiss", "{", "the arguments are not right");
    answers("no system", NULL, NULL, "system is NULL");
    answers("no UTF-8", "curie\xff", NULL, "system is no text in UTF-8");
    overlaps_free(NULL);
    check("a version", strchr(overlaps_version(), '.') != NULL, overlaps_version());
    printf("%d passed, %d failed\n", passed, failed);
    return failed > 0;
}
