// The same code answers inside of the browser, on a thread of its own. It has one request at a time; a request that is not waited for
// any more, or takes too long, is ended together with the thread, and the next one begins another.

const LOST = "this page cannot load overlaps.wasm and overlaps.js, which belong beside it";
const LIMIT_SECONDS = 60;
const queue = [];
let code = null, thread = null, current = null;

async function begin() {
  code ??= fetch("overlaps.wasm").then((response) => response.arrayBuffer()).then((bytes) => WebAssembly.compile(bytes));
  thread = new Worker("overlaps.js");
  thread.onmessage = ({ data }) => end((request) => request.done(new Response(data.body, { status: data.status })));
  thread.onerror = () => restart((request) => request.fail(new TypeError(LOST)));
  thread.postMessage({ code: await code });
}

// Ends what is being computed in some way, and goes on with the next.
function end(how) {
  clearTimeout(current.timer);
  const request = current;
  current = null;
  how(request);
  advance();
}

function restart(how) {
  thread.terminate();
  thread = null;
  end(how);
}

async function advance() {
  if (current || !queue.length) return;
  const request = (current = queue.shift());
  try {
    if (!thread) await begin();
  } catch {
    code = thread = null;
    return end((lost) => lost.fail(new TypeError(LOST)));
  }
  // It may have been given up meanwhile.
  if (current !== request) return;
  const late = `given up after ${LIMIT_SECONDS} s; ask for fewer points, or run the command`;
  request.timer = setTimeout(() => restart(({ done }) => done(Response.json({ error: late }, { status: 503 }))), LIMIT_SECONDS * 1000);
  thread.postMessage({ path: request.path, body: request.body });
}

function answered(path, body, signal) {
  return new Promise((done, fail) => {
    const request = { path, body: body ? JSON.stringify(body) : "", done, fail };
    queue.push(request);
    signal?.addEventListener("abort", () => {
      const gone = ({ fail }) => fail(new DOMException("given up", "AbortError"));
      const place = queue.indexOf(request);
      if (place >= 0) gone(queue.splice(place, 1)[0]);
      else if (current === request) restart(gone);
    });
    advance();
  });
}

function leave() {}
