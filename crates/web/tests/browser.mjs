// A page in Chromium without a window, by the protocol of its developer tools over a pipe.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PATIENCE = 60000;

export async function openBrowser({ width = 1280, height = 900, dark = false } = {}) {
  const profile = mkdtempSync(join(tmpdir(), "chromium-"));
  const words = ["--headless=new", "--no-sandbox", "--no-first-run", "--remote-debugging-pipe", `--user-data-dir=${profile}`, "about:blank"];
  const child = spawn(process.env.CHROMIUM ?? "chromium", words, { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
  const [, , , input, output] = child.stdio, waiting = new Map(), events = [];
  let rest = "", count = 0, session;
  output.on("data", (data) => {
    const messages = (rest + data).split("\0");
    rest = messages.pop();
    for (const message of messages.map((text) => JSON.parse(text))) {
      if (message.id) waiting.get(message.id)(message);
      else events.push(message);
    }
  });
  const send = (method, params = {}) => new Promise((done, fail) => {
    waiting.set(++count, ({ error, result }) => (error ? fail(new Error(`${method}: ${error.message}`)) : done(result)));
    input.write(`${JSON.stringify({ id: count, method, params, sessionId: session })}\0`);
  });
  const { targetInfos } = await send("Target.getTargets");
  const { targetId } = targetInfos.find(({ type }) => type === "page");
  session = (await send("Target.attachToTarget", { targetId, flatten: true })).sessionId;
  for (const part of ["Page", "Runtime", "Network", "Log"]) await send(`${part}.enable`);
  await send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: width < 600 });
  if (dark) await send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: "dark" }] });

  // The value of an expression in the page.
  const run = async (expression) => {
    const { result, exceptionDetails } = await send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  };
  const until = async (expression) => {
    for (const end = Date.now() + PATIENCE; !(await run(expression)); ) {
      if (Date.now() > end) throw new Error(`this did not become true: ${expression}`);
      await new Promise((done) => setTimeout(done, 20));
    }
  };
  const go = (url) => send("Page.navigate", { url });
  const picture = async (file, clip) => {
    const { data } = await send("Page.captureScreenshot", { captureBeyondViewport: true, clip: clip && { ...clip, scale: 1 } });
    writeFileSync(file, Buffer.from(data, "base64"));
  };
  // What went wrong without being asked for.
  const complaints = () => events.flatMap(({ method, params }) => {
    if (method === "Runtime.exceptionThrown") return [params.exceptionDetails.exception?.description ?? params.exceptionDetails.text];
    return method === "Log.entryAdded" && params.entry.level === "error" ? [params.entry.text] : [];
  });
  const asked = () => events.filter(({ method }) => method === "Network.requestWillBeSent").map(({ params }) => params.request.url);
  const close = async () => {
    const ended = new Promise((done) => child.once("exit", done));
    child.kill();
    await ended;
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  return { run, until, go, picture, complaints, asked, close };
}
