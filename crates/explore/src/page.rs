//! The page: one file, in which nothing is asked of other places.

/// The page for a server that answers, `server.js`; its script and its style carry this word.
pub fn page(nonce: &str) -> String {
    PAGE.replace("NONCE", nonce)
}

const PAGE: &str = concat!(
    include_str!("page/head.html"),
    include_str!("page/style.css"),
    include_str!("page/body.html"),
    "<script nonce=\"NONCE\">\n\"use strict\";\n",
    include_str!("page/server.js"),
    include_str!("page/plot.js"),
    include_str!("page/state.js"),
    include_str!("page/controls.js"),
    include_str!("page/main.js"),
    "</script>\n</body>\n</html>\n"
);
