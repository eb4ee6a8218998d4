// overlaps.wasm as the page runs it: overlaps.js with what a browser gives to a thread.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createContext, runInContext } from "node:vm";

export function openCode(folder) {
  let said;
  const postMessage = (message) => (said = message);
  const thread = createContext({ WebAssembly, TextEncoder, Uint8Array, DataView, RangeError, postMessage });
  runInContext(readFileSync(join(folder, "overlaps.js"), "utf8"), thread);
  const ask = (data) => runInContext("(data) => onmessage({ data })", thread)(data);
  ask({ code: new WebAssembly.Module(readFileSync(join(folder, "overlaps.wasm"))) });
  return (path, body) => {
    ask({ path, body: body ? JSON.stringify(body) : "" });
    const text = new TextDecoder().decode(said.body);
    return { status: said.status, text, json: () => JSON.parse(text) };
  };
}
