// The same code answers inside of the browser, on two threads: curves, and all that is not to wait for curves. A thread has one request
// at a time; one that is not waited for any more, or takes too long, is ended together with its thread, and the next begins another.

const LOST = "this page cannot load overlaps.wasm and overlaps.js, which belong beside it";
const LIMIT_SECONDS = 60;
let code = null;

class Thread {
  worker = null;
  current = null;
  queue = [];

  async begin() {
    code ??= fetch("overlaps.wasm").then((response) => response.arrayBuffer()).then((bytes) => WebAssembly.compile(bytes));
    const compiled = await code;
    if (this.worker) return;
    this.worker = new Worker("overlaps.js");
    this.worker.onmessage = ({ data }) => this.end((request) => request.done(new Response(data.body, { status: data.status })));
    this.worker.onerror = () => this.restart((request) => request.fail(new TypeError(LOST)));
    this.worker.postMessage({ code: compiled });
  }

  // Ends what is being computed in some way, and goes on with the next.
  end(how) {
    const request = this.current;
    clearTimeout(request.timer);
    this.current = null;
    how(request);
    this.advance();
  }

  restart(how) {
    this.worker?.terminate();
    this.worker = null;
    this.end(how);
  }

  async advance() {
    if (this.current || !this.queue.length) return;
    const request = (this.current = this.queue.shift());
    try {
      if (!this.worker) await this.begin();
    } catch {
      code = null;
      if (this.current === request) this.restart(({ fail }) => fail(new TypeError(LOST)));
      return;
    }
    // It may have been given up meanwhile.
    if (this.current !== request) return;
    const late = `given up after ${LIMIT_SECONDS} s; ask for fewer points, or run the command`;
    const end = () => this.restart(({ done }) => done(Response.json({ error: late }, { status: 503 })));
    request.timer = setTimeout(end, LIMIT_SECONDS * 1000);
    this.worker.postMessage({ path: request.path, body: request.body });
  }

  answer(path, body, signal) {
    return new Promise((done, fail) => {
      const request = { path, body: body ? JSON.stringify(body) : "", done, fail };
      this.queue.push(request);
      signal?.addEventListener("abort", () => {
        const gone = ({ fail }) => fail(new DOMException("given up", "AbortError"));
        const place = this.queue.indexOf(request);
        if (place >= 0) gone(this.queue.splice(place, 1)[0]);
        else if (this.current === request) this.restart(gone);
      });
      this.advance();
    });
  }
}

const curves = new Thread(), others = new Thread();
const answered = (path, body, signal) => (path === "/api/solve" ? curves : others).answer(path, body, signal);

function leave() {}
