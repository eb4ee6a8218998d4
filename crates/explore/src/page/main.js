// Asks for what is shown, draws what is answered, and says what is refused.

const PAGE = [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
// Points of a first look at what is slow, and from how many milliseconds on it is.
const COARSE = 21, SLOW = 250;
let limits = null, number = 0, last = null, held = null;
// What is being computed, whether something newer waits for it, and the milliseconds of a point.
let flying = null, again = false, pace = null;

class Refusal extends Error {
  constructor(status, said) {
    super(said.error ?? `status ${status}`);
    Object.assign(this, { status, place: said.place ?? null });
  }
}

async function ask(path, body, signal) {
  const response = await answered(path, body, signal);
  if (!response.ok) throw new Refusal(response.status, await response.json().catch(() => ({})));
  return response;
}

const answerTo = async (...request) => (await ask(...request)).json();

function say(text, bad = false) {
  at("status").textContent = text;
  at("status").classList.toggle("bad", bad);
}

function showError(error) {
  const lost = error instanceof TypeError;
  const text = lost ? LOST : error.message;
  const placed = error.place && state.text !== null;
  at("error").textContent = text;
  at("error").hidden = Boolean(placed);
  at("editor-error").textContent = placed ? text : "";
  at("editor-error").hidden = !placed;
  if (placed) showLines(error.place.line);
  at("panels").classList.add("old");
  say("refused", true);
}

function noError() {
  for (const id of ["error", "editor-error"]) at(id).hidden = true;
  if (at("gutter").querySelector("b")) showLines();
}

function changed() {
  keep();
  again = true;
  next();
}

// What is quick is waited for, so that curves follow the slider; what is slow is ended by what is newer.
function next() {
  if (!again) return;
  if (flying) {
    const age = performance.now() - flying.sent, patience = flying.isWhole && pace * state.control.points > SLOW ? 0 : 1500;
    if (age < patience) return void setTimeout(next, patience - age);
    flying.controller.abort();
  }
  again = false;
  compute();
}

async function compute() {
  const mine = (flying = { controller: new AbortController(), sent: performance.now(), isWhole: false });
  const { points } = state.control, slow = pace === null || pace * points > SLOW;
  say("computing…");
  at("panels").classList.toggle("old", slow && last !== null);
  try {
    for (const count of slow && points > 2 * COARSE ? [COARSE, points] : [points]) {
      const sent = performance.now();
      Object.assign(mine, { sent, isWhole: count === points });
      const request = { page: PAGE, number: ++number, state: asked(count) };
      const answer = await answerTo("/api/solve", request, mine.controller.signal);
      if (flying !== mine) return;
      pace = (performance.now() - sent) / count;
      last = Object.assign(answer, {
        control: described.control.name in answer.data ? described.control.name : answer.columns.find((c) => c.role === "control").name,
        log: request.state.control?.log ?? false, branches: request.state.branches, palette: limits.palette,
      });
      show(answer, performance.now() - sent, count < points ? points : null);
      if (again) break;
    }
  } catch (error) {
    if (flying === mine && error.name !== "AbortError" && error.status !== 409) showError(error);
  } finally {
    if (flying === mine) {
      flying = null;
      next();
    }
  }
}

function show(answer, waited, more) {
  noError();
  const start = performance.now();
  drawAnswer(answer, { panels: at("panels"), legend: at("legend") }, held);
  const time = waited + performance.now() - start;
  at("panels").classList.remove("old");
  const failed = answer.not_converged ? `${answer.not_converged} of ${answer.rows} rows not converged` : `${answer.rows} rows`;
  say(more ? `${failed}; computing all ${more} points…` : `${failed}, ${Math.round(time)} ms`, answer.not_converged > 0);
  const lines = [...answer.warnings.map((text) => made("li", { className: "bad" }, text)), ...answer.notes.map((text) => made("li", {}, text))];
  at("notes").replaceChildren(...lines.slice(0, 12));
  if (lines.length > 12) at("notes").append(made("li", {}, `${lines.length - 12} more`));
  if (more) return;
  at("same").hidden = false;
  at("save-first").hidden = state.text === null;
  at("command").textContent = answer.command;
  at("python").textContent = answer.python;
  const names = new Set(described.outputs.map((output) => output.name));
  const numbers = (column) => column.role === "output" || (column.role === "certificate" && !["rule", "status"].includes(column.name));
  const extra = answer.columns.filter((column) => numbers(column) && !names.has(column.name));
  if (!at("columns").contains(document.activeElement)) showColumns(extra, changed);
}

// Reads what the command says of the system, and shows it with what is kept of the state.
async function describe(fresh) {
  described = await answerTo("/api/system", { system: state.system, text: state.text });
  if (fresh) Object.assign(state, { control: null, columns: null, compare: [] });
  const known = new Set(described.outputs.map((output) => output.name));
  state.columns = state.columns?.filter((name) => known.has(name)) ?? null;
  if (!state.columns?.length) state.columns = null;
  state.control ??= defaultRange();
  pace = null;
  if (held) held = {};
  document.title = `${described.name} – overlaps`;
  at("system").value = state.system;
  at("title").textContent = described.title;
  at("shown").textContent = described.shown;
  showEquations(described.equations);
  at("edited").textContent = state.text === null ? "" : "(edited)";
  if (state.text === null) {
    at("text").value = described.text;
    showLines();
  }
  showAll();
}

function showAll() {
  showParameters(changed);
  showControl(changed);
  showColumns([], changed);
  showCompare(limits.systems, compare);
  at("branches").checked = state.branches;
}

async function compare(name, checked) {
  try {
    if (checked && !beside.has(name)) beside.set(name, await answerTo("/api/system", { system: name }));
    state.compare = state.compare.filter((other) => other !== name).concat(checked ? [name] : []);
    showParameters(changed);
    showCompare(limits.systems, compare);
    changed();
  } catch (error) {
    showError(error);
  }
}

async function choose(system, text = null) {
  Object.assign(state, { system, text, set: {} });
  try {
    await describe(true);
    changed();
  } catch (error) {
    showError(error);
  }
}

async function edit() {
  const text = at("text").value;
  state.text = text === described.text && state.text === null ? null : text;
  try {
    await describe(false);
    if (at("text").value === text) changed();
  } catch (error) {
    if (at("text").value === text) showError(error);
  }
}

function save(blob, name) {
  const link = made("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

async function download(format) {
  try {
    const request = { page: `${PAGE}-file`, number: ++number, state: asked(state.control.points), format };
    const response = await ask("/api/file", request);
    save(await response.blob(), `${fileName()}.${format}`);
  } catch (error) {
    showError(error);
  }
}

const fileName = () => state.system.split(/[\\/]/).pop().replace(/\.toml$/, "");

function listen() {
  at("controls").onsubmit = (event) => event.preventDefault();
  at("system").onchange = (event) => choose(event.target.value);
  at("reset").onclick = (event) => {
    event.preventDefault();
    Object.assign(state, { set: {}, control: defaultRange(), columns: null, compare: [], branches: false });
    showAll();
    changed();
  };
  at("branches").onchange = (event) => {
    state.branches = event.target.checked;
    changed();
  };
  at("hold").onchange = (event) => {
    held = event.target.checked ? {} : null;
    if (last) show(last, 0, null);
  };
  let typing = null;
  at("text").oninput = () => {
    showLines();
    clearTimeout(typing);
    typing = setTimeout(edit, 400);
  };
  at("text").onscroll = () => (at("gutter").scrollTop = at("text").scrollTop);
  at("revert").onclick = () => choose(state.system);
  at("save").onclick = () => save(new Blob([at("text").value], { type: "text/plain" }), `${fileName()}.toml`);
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.onclick = async () => {
      await navigator.clipboard.writeText(at(button.dataset.copy).textContent);
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), 1500);
    };
  }
  for (const button of document.querySelectorAll("[data-file]")) button.onclick = () => download(button.dataset.file);
  let resizing = null;
  addEventListener("resize", () => {
    clearTimeout(resizing);
    resizing = setTimeout(() => last && drawAnswer(last, { panels: at("panels"), legend: at("legend") }, held), 100);
  });
  addEventListener("pagehide", () => leave(PAGE, ++number));
}

async function start() {
  listen();
  try {
    limits = await answerTo("/api/systems");
    showSystems(limits.systems);
    const before = kept(), known = limits.systems.some((system) => system.name === before.system);
    if (!known) return await choose(limits.systems[0].name);
    Object.assign(state, before);
    for (const name of state.compare) beside.set(name, await answerTo("/api/system", { system: name }));
    await describe(false);
    changed();
  } catch (error) {
    showError(error);
  }
}

start();
