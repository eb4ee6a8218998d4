// Sliders, fields and menus: each changes the state and asks for `changed`.

const STEPS = 1000;
const at = (id) => document.getElementById(id);

// The number at a place of a slider, with no more digits than the place has.
function valueAt(slider, place) {
  const { from, to, log, whole } = slider, part = place / STEPS;
  if (place <= 0) return from;
  if (place >= STEPS) return to;
  if (log) {
    const value = from * (to / from) ** part;
    return whole ? Math.round(value) : Number(value.toPrecision(3));
  }
  const value = from + (to - from) * part;
  if (whole) return Math.round(value);
  const decimals = Math.max(0, Math.ceil(-Math.log10((to - from) / 400)));
  return Number(value.toFixed(Math.min(decimals, 20)));
}

// The number that a field says; infinity is a word.
const numberOf = (text) => (/^-?inf$/.test(text) ? Number(text.replace("inf", "Infinity")) : Number(text));

function placeOf(slider, value) {
  const { from, to, log } = slider;
  if (Math.abs(value) === Infinity) return value > 0 ? STEPS : 0;
  const part = log ? Math.log(Math.max(value, from) / from) / Math.log(to / from) : (value - from) / (to - from);
  return Math.round(STEPS * Math.min(1, Math.max(0, part || 0)));
}

function parameterRow(parameter, changed) {
  const { name, words, slider } = parameter, id = `p-${name}`;
  const said = [parameter.meaning, parameter.domain && `[${parameter.domain}]`, parameter.of && `of ${parameter.of}`];
  const title = said.filter(Boolean).join(" ");
  const label = made("label", { htmlFor: id, title: `${name}: ${title}` });
  label.append(made("b", {}, symbol(parameter.symbol)), " ", made("small", {}, title));
  const row = made("div", { className: "parameter" }, label);
  const isDefault = (value) => value === "" || value === String(parameter.default);
  const set = (value) => {
    if (isDefault(value)) delete state.set[name];
    else state.set[name] = value;
    row.classList.toggle("changed", name in state.set);
    changed();
  };
  const value = state.set[name] ?? String(parameter.default);
  row.classList.toggle("changed", name in state.set);
  if (words.length) {
    const menu = made("select", { id, onchange: () => set(menu.value) });
    menu.append(...words.map((word) => made("option", { value: word, selected: word === value }, word)));
    row.append(menu);
    return row;
  }
  const field = made("input", { id, className: "number", inputMode: "decimal", value, placeholder: parameter.default_text });
  const range = made("input", { type: "range", min: 0, max: STEPS, value: placeOf(slider, numberOf(value)), ariaLabel: name });
  range.oninput = () => {
    field.value = String(valueAt(slider, Number(range.value)));
    field.classList.remove("wrong");
    set(field.value);
  };
  field.oninput = () => {
    const text = field.value.trim(), number = numberOf(text);
    const wrong = Number.isNaN(number) && !text.startsWith("[");
    field.classList.toggle("wrong", wrong);
    if (wrong) return;
    range.value = placeOf(slider, text === "" ? numberOf(String(parameter.default)) : number);
    set(text);
  };
  field.onblur = () => (field.value = state.set[name] ?? String(parameter.default));
  row.append(field);
  if (slider.from < slider.to) row.append(range);
  return row;
}

function choice(text, meaning, checked, change) {
  const box = made("input", { type: "checkbox", checked, onchange: () => change(box.checked) });
  return made("label", { className: "check", title: meaning }, box, made("span", {}, text), made("small", {}, meaning));
}

function showParameters(changed) {
  const chosen = allParameters().filter((parameter) => parameter.words.length !== 1);
  at("parameters").replaceChildren(...chosen.map((parameter) => parameterRow(parameter, changed)));
}

function showControl(changed) {
  const { symbol: name, meaning } = described.control;
  at("control-name").replaceChildren(symbol(name), ...(meaning ? [", ", meaning] : []));
  for (const [id, key] of [["from", "from"], ["to", "to"]]) {
    const field = at(id);
    field.value = state.control[key];
    field.oninput = () => {
      const wrong = field.value.trim() === "" || !Number.isFinite(Number(field.value));
      field.classList.toggle("wrong", wrong);
      if (wrong) return;
      state.control[key] = field.value.trim();
      changed();
    };
  }
  const points = at("points"), log = at("log");
  Object.assign(points, { max: limits.most_points, value: state.control.points });
  points.oninput = () => {
    const count = Number(points.value), wrong = !(Number.isInteger(count) && count >= 1 && count <= limits.most_points);
    points.classList.toggle("wrong", wrong);
    if (wrong) return;
    state.control.points = count;
    changed();
  };
  log.checked = state.control.log;
  log.onchange = () => {
    state.control.log = log.checked;
    changed();
  };
}

function showColumns(extra, changed) {
  const shown = shownColumns(), all = [...described.outputs, ...extra];
  const known = new Set(all.map((column) => column.name));
  const toggle = (name) => (checked) => {
    const now = shownColumns().filter((other) => other !== name && known.has(other));
    state.columns = all.map((column) => column.name).filter((other) => now.includes(other) || (checked && other === name));
    if (!state.columns.length) state.columns = null;
    changed();
  };
  at("columns").replaceChildren(...all.map((column) =>
    choice(symbol(column.symbol), column.meaning, shown.includes(column.name), toggle(column.name))));
}

// Systems that describe the same come first; any other can be chosen.
function showCompare(systems, change) {
  const own = systems.find((system) => system.name === state.system);
  const related = systems.filter((system) => system.name !== state.system &&
    (state.compare.includes(system.name) || system.describes.some((word) => own?.describes.includes(word))));
  at("compare").replaceChildren(...related.map((system) => choice(system.name, system.title,
    state.compare.includes(system.name), (checked) => change(system.name, checked))));
  at("compared").textContent = state.compare.join(", ");
  const others = systems.filter((system) => system.name !== state.system && !related.includes(system));
  const menu = at("compare-other");
  menu.replaceChildren(made("option", { value: "" }, "another…"), ...others.map((s) => made("option", { value: s.name }, s.name)));
  menu.onchange = () => menu.value && change(menu.value, true);
}

function showSystems(systems) {
  const groups = new Map();
  for (const system of systems) {
    const group = groups.get(system.subject) ?? made("optgroup", { label: system.subject || "built-in" });
    groups.set(system.subject, group);
    group.append(made("option", { value: system.name, title: system.title }, `${system.name}`));
  }
  at("system").replaceChildren(...groups.values());
}

// The numbers of the lines beside the text, with the line of an error marked.
function showLines(wrong) {
  const count = at("text").value.split("\n").length, gutter = at("gutter");
  const numbers = Array.from({ length: count }, (_, i) => (i + 1 === wrong ? made("b", {}, String(i + 1)) : String(i + 1)));
  gutter.replaceChildren(...numbers.flatMap((number) => [number, "\n"]));
  gutter.scrollTop = at("text").scrollTop;
}

// The equations as a paper prints them; a group that is wider than the page can be moved.
function showEquations(systems) {
  const set = (mathml) => document.importNode(new DOMParser().parseFromString(mathml, "text/xml").documentElement, true);
  at("equations").replaceChildren(...systems.flatMap(({ said, groups }) => [
    ...(said.length ? [made("p", {}, said.join("; "))] : []),
    ...groups.flatMap(({ about, mathml }) => [
      made("h3", {}, about), made("div", { className: "set", tabIndex: 0, role: "group", ariaLabel: about }, set(mathml)),
    ]),
  ]));
}
