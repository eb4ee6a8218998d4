// The command answers, on this machine.

const TOKEN = new URLSearchParams(location.search).get("token");
const LOST = "overlaps explore is not running any more; start it again";

function answered(path, body, signal) {
  const options = { headers: { "X-Overlaps-Token": TOKEN }, signal };
  if (body) Object.assign(options, { method: "POST", body: JSON.stringify(body) });
  return fetch(path, options);
}

// A page that is closed waits for nothing.
function leave(page, number) {
  const headers = { "X-Overlaps-Token": TOKEN };
  fetch("/api/stop", { method: "POST", headers, body: JSON.stringify({ page, number }), keepalive: true });
}
