// As much of Chrome as the extension under clients/chromeos uses: node chrome.js WORKER GATE TOKEN USER STEP…
// A step is `startup`, `installed`, `alarm`, or a state of the machine: `active`, `idle`, `locked`.
"use strict";
const fs = require("node:fs");
const vm = require("node:vm");

const [worker, gate, token, email, ...steps] = process.argv.slice(2);
const listeners = {};
const on = (name) => ({ addListener: (listener) => { listeners[name] = listener; } });
const kept = {};
let state = "active";

globalThis.chrome = {
  storage: {
    managed: { get: async () => (gate ? { gate, token } : {}) },
    session: { get: async (key) => (key in kept ? { [key]: kept[key] } : {}), set: async (more) => Object.assign(kept, more) },
  },
  identity: { getProfileUserInfo: async () => ({ email, id: "" }) },
  idle: { setDetectionInterval: () => {}, queryState: async () => state, onStateChanged: on("state") },
  alarms: { get: async () => undefined, create: (name, { periodInMinutes }) => console.log(`alarm ${name} ${periodInMinutes}`), onAlarm: on("alarm") },
  runtime: { onStartup: on("startup"), onInstalled: on("installed") },
};

const answered = globalThis.fetch;
globalThis.fetch = async (...request) => {
  const answer = await answered(...request);
  console.log(`${JSON.parse(request[1].body).event} ${answer.status}`);
  return answer;
};

vm.runInThisContext(fs.readFileSync(worker, "utf8"), { filename: worker });
(async () => {
  for (const step of steps) {
    if (step in listeners) await listeners[step]();
    else await listeners.state((state = step));
  }
})();
