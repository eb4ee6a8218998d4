/* Energy, gradient and Hessian of `first-phase` in one loop over the nodes, and Newton's method from one start: what a hand-written
   program does in the least time. No search, no error estimate. Called from first_phase.py. */
#include <math.h>

typedef struct { double n, p, sigma, kappa, lambda, ell; } Parameters;

/* out: energy; gradient by (omega, b); Hessian (omega omega, omega b, b b). */
void evaluate(const Parameters *a, double t, double omega, double b, int nodes, const double *z, const double *w, double *out)
{
    double n_s[2] = {a->n * a->p, a->n * (1 - a->p)}, share[2] = {a->p, 1 - a->p}, sign[2] = {1, -1};
    double width = sqrt(1 + a->sigma * a->sigma / 4 * (1 / n_s[0] + 1 / n_s[1]));
    double S = 0, D = a->lambda, Q = 0, dS[2] = {0}, dD[2] = {0}, dQ[2] = {0}, hS[3] = {0}, hD[3] = {0}, hQ[3] = {0};
    for (int c = 0; c < 2; c++) {
        double shift = a->kappa * t * sign[c] * (1 + a->sigma * a->sigma / (2 * n_s[c]));
        double m = 0, m2 = 0, d[2] = {0}, d2[2] = {0}, h[3] = {0}, h2[3] = {0};
        for (int i = 0; i < nodes; i++) {
            double slope = shift + width * z[i], e = exp(-2 * fabs(shift * omega + b + omega * width * z[i]));
            double f = copysign((1 - e) / (1 + e), shift * omega + b + omega * width * z[i]);
            double s = 4 * e / ((1 + e) * (1 + e)), k = -2 * f * s, q = 2 * f * s, r = 2 * s * s + 2 * f * k, wi = w[i];
            m += wi * f; m2 += wi * f * f;
            d[0] += wi * s * slope; d[1] += wi * s;
            d2[0] += wi * q * slope; d2[1] += wi * q;
            h[0] += wi * k * slope * slope; h[1] += wi * k * slope; h[2] += wi * k;
            h2[0] += wi * r * slope * slope; h2[1] += wi * r * slope; h2[2] += wi * r;
        }
        double by_s = a->n * share[c] * sign[c], by_d = a->n * share[c], by_q = a->n * a->sigma * a->sigma * share[c];
        S += by_s * m; D += by_d * m2; Q += by_q * m * m;
        for (int j = 0; j < 2; j++) { dS[j] += by_s * d[j]; dD[j] += by_d * d2[j]; dQ[j] += 2 * by_q * m * d[j]; }
        double dd[3] = {d[0] * d[0], d[0] * d[1], d[1] * d[1]};
        for (int j = 0; j < 3; j++) { hS[j] += by_s * h[j]; hD[j] += by_d * h2[j]; hQ[j] += 2 * by_q * (dd[j] + m * h[j]); }
    }
    double N = S * S + Q, dN[2], first[3] = {0, 0, 1}, second[3] = {0, 1, 1};
    for (int j = 0; j < 2; j++) dN[j] = 2 * S * dS[j] + dQ[j];
    out[0] = -N / D + a->ell * omega * omega * width * width;
    for (int j = 0; j < 2; j++) out[1 + j] = -dN[j] / D + N * dD[j] / (D * D);
    out[1] += 2 * a->ell * omega * width * width;
    for (int j = 0; j < 3; j++) {
        int p = (int)first[j], q = (int)second[j];
        double hN = 2 * dS[p] * dS[q] + 2 * S * hS[j] + hQ[j];
        out[3 + j] = -hN / D + (dN[p] * dD[q] + dN[q] * dD[p] + N * hD[j]) / (D * D) - 2 * N * dD[p] * dD[q] / (D * D * D);
    }
    out[3] += 2 * a->ell * width * width;
}

/* Newton's method from a start; the number of iterations. x: start, then solution. */
int newton(const Parameters *a, double t, double *x, int nodes, const double *z, const double *w, int most)
{
    double out[6];
    for (int i = 0; i < most; i++) {
        evaluate(a, t, x[0], x[1], nodes, z, w, out);
        double det = out[3] * out[5] - out[4] * out[4];
        double dx = (out[5] * out[1] - out[4] * out[2]) / det, db = (out[3] * out[2] - out[4] * out[1]) / det;
        x[0] -= dx; x[1] -= db;
        if (fabs(dx) + fabs(db) < 1e-12 * (fabs(x[0]) + fabs(x[1]))) return i + 1;
    }
    return most;
}

/* A curve, each row from the solution before it. */
void follow(const Parameters *a, int rows, const double *t, double *x, int nodes, const double *z, const double *w)
{
    for (int i = 0; i < rows; i++) {
        if (i > 0) { x[2 * i] = x[2 * i - 2]; x[2 * i + 1] = x[2 * i - 1]; }
        newton(a, t[i], x + 2 * i, nodes, z, w, 30);
    }
}

/* The same evaluation many times, for its time; a sum, so that nothing is left out. */
double many(const Parameters *a, int count, int nodes, const double *z, const double *w)
{
    double out[6], sum = 0;
    for (int i = 0; i < count; i++) { evaluate(a, 0.25, 1 + 1e-9 * i, 0.7, nodes, z, w, out); sum += out[0]; }
    return sum;
}
