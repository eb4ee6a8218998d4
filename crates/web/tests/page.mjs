// The page without a server in a browser: it is drawn, follows a slider and the equations, says errors, ends what is slow, and asks
// nothing of other places.
//
//   node page.mjs FOLDER [PICTURE.png]

import assert from "node:assert/strict";
import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { openBrowser } from "./browser.mjs";

const [folder, picture] = process.argv.slice(2);
const KINDS = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".wasm": "application/wasm" };
// A static host, with the page somewhere below its root.
const server = createServer((request, response) => {
  const path = new URL(request.url, "http://host").pathname.replace(/^\/some\/where\//, "").replace(/^$/, "index.html");
  const file = join(folder, path);
  if (!(extname(file) in KINDS) || !existsSync(file)) return void response.writeHead(404).end();
  response.writeHead(200, { "Content-Type": KINDS[extname(file)] });
  createReadStream(file).pipe(response);
}).listen(0, "127.0.0.1");
await new Promise((done) => server.once("listening", done));
const host = `http://127.0.0.1:${server.address().port}/some/where/`;

const page = await openBrowser();
const { run, until } = page;
const drawn = (what = "") => until(`typeof flying !== "undefined" && !flying && !again && last && at("panels").children.length > 0 && !at("panels").classList.contains("old") ${what && `&& ${what}`}`);
const text = (id) => run(`at("${id}").textContent`);

const tests = {
  async "a system is drawn with its equations"() {
    await page.go(`${host}#system=curie-weiss`);
    await drawn();
    assert.match(await text("status"), /^\d+ rows, \d+ ms$/);
    assert.ok((await run("document.querySelectorAll('#panels path.curve').length")) > 0);
    assert.equal(await run("at('equations').querySelector('mi').namespaceURI"), "http://www.w3.org/1998/Math/MathML");
    assert.match(await text("command"), /^overlaps solve curie-weiss/);
  },
  async "curves follow a slider"() {
    const before = await run("JSON.stringify(last.data.m)");
    for (const place of [510, 530, 560, 590, 620]) {
      await run(`(() => { const slider = document.querySelector("#p-J ~ input[type=range]"); slider.value = ${place}; slider.oninput(); })()`);
    }
    await drawn(`last.command.includes(" J=")`);
    assert.notEqual(await run("JSON.stringify(last.data.m)"), before);
    assert.equal(await run("last.not_converged"), 0);
  },
  async "an edited file is solved and typeset as it stands"() {
    const edit = (from, to) => run(`at("text").value = at("text").value.replaceAll(${JSON.stringify(from)}, ${JSON.stringify(to)}); at("text").oninput()`);
    await run(`at("editor-box").open = true`);
    await edit("tanh(", "erf(");
    await until(`at("equations").textContent.includes("erf")`);
    await drawn();
    assert.equal(await text("edited"), "(edited)");
    await edit("erf(", "erv(");
    await until(`!at("editor-error").hidden`);
    assert.match(await text("editor-error"), /`erv` \(did you mean `erf`\?\)[\s\S]*curie-weiss\.toml:\d+:\d+/);
    const line = await run(`at("text").value.split("\\n").findIndex((line) => line.includes("erv(")) + 1`);
    assert.equal(await run(`at("gutter").querySelector("b").textContent`), String(line));
    await edit("erv(", "tanh(");
    await drawn(`at("editor-error").hidden`);
  },
  async "what the command refuses is said in its words"() {
    await run(`at("p-J").value = "-1"; at("p-J").oninput()`);
    await until(`!at("error").hidden`);
    assert.match(await text("error"), /J = -1 is outside its domain `J > 0 && J < inf`/);
    await run(`at("p-J").value = ""; at("p-J").oninput()`);
    await drawn(`at("error").hidden`);
  },
  async "what is slow is ended by what is newer"() {
    await run(`choose("finite-d")`);
    await drawn(`last.data.d === undefined && described.name === "finite-d"`);
    await run(`state.control = { from: "0", to: "2", points: 2001, log: false }; state.branches = true; changed()`);
    await until(`flying && flying.isWhole`);
    await run(`window.slow = curves.worker; choose("curie-weiss")`);
    await drawn(`described.name === "curie-weiss" && "m" in last.data`);
    assert.ok(await run("window.slow !== curves.worker"));
  },
  async "the files are those of the command"() {
    const file = (format) => run(`ask("/api/file", { page: "files", number: 1, state: asked(11), format: "${format}" }).then((r) => r.text())`);
    assert.match(await file("csv"), /^T,/m);
    assert.match(await file("svg"), /<svg/);
    assert.match(await file("pdf"), /^%PDF/);
  },
  async "nothing is asked of other places and nothing went wrong"() {
    assert.deepEqual(page.asked().filter((url) => !url.startsWith(host) && !url.startsWith("data:")), []);
    assert.deepEqual(page.complaints(), []);
  },
};

let failed = 0;
for (const [name, test] of Object.entries(tests)) {
  try {
    await test();
    console.log(`ok: ${name}`);
  } catch (error) {
    failed++;
    console.log(`FAILED: ${name}\n${error.stack}`);
  }
}
if (picture) await page.picture(picture);
await page.close();
server.close();
console.log(`${Object.keys(tests).length - failed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
