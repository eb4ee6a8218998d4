//! Which request is answered by what.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::http::{Reply, Request};
use super::turns::{Turn, Turns};
use overlaps_explore::{Answer, Asked, Ended, Explore, Refused, page, read};

/// What is known of the pages that are open.
pub struct Api {
    explore: Explore,
    turns: Turns,
    nonce: String,
}

/// What answers a path, from the body of the request.
type Handler = fn(&Api, &[u8]) -> Result<Answer, Refused>;

impl Api {
    /// With the systems that can be asked for.
    pub fn new(explore: Explore, limit: Duration, nonce: String) -> Api {
        Api { explore, turns: Turns::new(limit), nonce }
    }

    /// The answer to a request that has passed the guard.
    pub fn answer(&self, request: &Request) -> Reply {
        let (allowed, answer): (_, Handler) = match request.head.path.as_str() {
            "/" if request.head.method == "GET" => return self.page(),
            "/" => ("GET", |_, _| Err(Refused::Request("GET only".into()))),
            "/api/systems" => ("GET", |api, _| api.explore.systems()),
            "/api/system" => ("POST", |api, body| api.explore.system(body)),
            "/api/solve" => ("POST", |api, body| {
                let (asked, turn) = api.turn(body)?;
                api.explore.solve(&asked, &|| turn.ended())
            }),
            "/api/file" => ("POST", |api, body| {
                let (asked, turn) = api.turn(body)?;
                api.explore.file(&asked, &|| turn.ended())
            }),
            "/api/stop" => ("POST", Api::stop),
            _ => return Answer::refusal(404, "there is nothing here").into(),
        };
        if request.head.method != allowed {
            let refusal = Reply::from(Answer::refusal(405, &format!("{allowed} only")));
            return refusal.with("Allow", allowed);
        }
        // A mistake of ours in one request is no reason to end the others.
        let answered = catch_unwind(AssertUnwindSafe(|| answer(self, &request.body)));
        let mistake =
            |_| Answer::refusal(500, "this is a mistake of overlaps; please report what was asked for");
        answered.map_or_else(mistake, |answer| answer.unwrap_or_else(|refused| refused.answer())).into()
    }

    fn page(&self) -> Reply {
        let body = page(&self.nonce).into_bytes();
        let policy = format!(
            "default-src 'none'; script-src 'nonce-{0}'; style-src 'nonce-{0}'; connect-src 'self'; img-src data:; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            self.nonce
        );
        Reply::from(Answer { status: 200, kind: "text/html; charset=utf-8", body })
            .with("Content-Security-Policy", policy)
    }

    /// A page that is closed waits for nothing.
    fn stop(&self, body: &[u8]) -> Result<Answer, Refused> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Closed {
            page: String,
            number: u64,
        }
        let closed: Closed = read(body)?;
        self.turns.begin(&closed.page, closed.number);
        Ok(Answer::json(200, &json!({})))
    }

    /// What is computed, and its turn.
    fn turn(&self, body: &[u8]) -> Result<(Asked, Turn), Refused> {
        let asked: Asked = read(body)?;
        let turn = self.turns.begin(&asked.page, asked.number);
        Ok((asked, turn.ok_or(Refused::Ended(Ended::Overtaken))?))
    }
}
