//! Names that functions have elsewhere.

/// What a function is called here that others call so.
pub fn elsewhere(name: &str) -> Option<&'static str> {
    Some(match name.to_lowercase().as_str() {
        "ln" => "log",
        "log2" => "log(x)/log(2)",
        "log10" => "log(x)/log(10)",
        "pow" => "x^y",
        "tan" => "sin(x)/cos(x)",
        "arctan" => "atan",
        "arcsin" => "asin",
        "arccos" => "acos",
        "arctanh" | "artanh" => "atanh",
        "arcsinh" | "arsinh" => "asinh",
        "sech" => "1/cosh(x)",
        "sigmoid" | "expit" => "logistic",
        "relu" => "max(0, x)",
        "theta" | "heaviside" => "step",
        "phi" | "norm_cdf" | "ndtr" => "normal_cdf",
        "erfinv" | "ndtri" | "norm_ppf" => "normal_quantile",
        "gammaln" | "lgamma" | "loggamma" => "log_gamma",
        "logsumexp" => "log_sum_exp",
        "if" | "piecewise" | "ifelse" => "where",
        "fabs" => "abs",
        _ => return None,
    })
}
