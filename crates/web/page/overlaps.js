// The thread that computes: hands requests to overlaps.wasm and its answers to the page.

let code = null, instance = null;

// Clocks and the like that a library would ask a browser for are never asked for.
function begin() {
  const imports = {};
  for (const { module, name } of WebAssembly.Module.imports(code)) {
    (imports[module] ??= {})[name] = () => {
      throw new Error(`${name} is not there`);
    };
  }
  instance = new WebAssembly.Instance(code, imports);
}

function answer(path, body) {
  const { memory, overlaps_input, overlaps_answer, overlaps_output } = instance.exports;
  const bytes = new TextEncoder().encode(`${path}\n${body}`);
  // The memory may move whenever the code runs.
  const input = overlaps_input(bytes.length);
  new Uint8Array(memory.buffer, input, bytes.length).set(bytes);
  const length = overlaps_answer();
  const output = overlaps_output();
  const status = new DataView(memory.buffer).getUint16(output, true);
  return { status, body: new Uint8Array(memory.buffer).slice(output + 2, output + length) };
}

onmessage = ({ data }) => {
  if (data.code) {
    code = data.code;
    return;
  }
  try {
    if (!instance) begin();
    const said = answer(data.path, data.body);
    postMessage(said, [said.body.buffer]);
  } catch (error) {
    // What has stopped halfway is not gone on with.
    instance = null;
    const why = error instanceof RangeError ? "this is too deep for a browser; run the command" : "this is a mistake of overlaps; please report what was asked for";
    postMessage({ status: 500, body: new TextEncoder().encode(JSON.stringify({ error: why, cause: String(error) })) });
  }
};
