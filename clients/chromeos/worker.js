// Tells Schoolgate who is signed in on this Chromebook: at the start of a session, when the screen is locked and unlocked, and
// every five minutes. Gate and token come from policy (managed storage); without them it does nothing.

const EVERY_MINUTES = 5;
const IDLE_SECONDS = 60;

async function say(event) {
  const { gate, token } = await chrome.storage.managed.get(["gate", "token"]);
  const { email } = await chrome.identity.getProfileUserInfo({ accountStatus: "ANY" });
  if (!gate || !token || !email) return;
  try {
    const answer = await fetch(new URL("/api/session", gate), {
      method: "POST",
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
      body: JSON.stringify({ event, user: email }),
      credentials: "omit",
      redirect: "error",
      signal: AbortSignal.timeout(10_000),
    });
    if (!answer.ok) console.warn(`Schoolgate: ${answer.status}`);
  } catch (fault) {
    // Away from school there is no gate; here it is told again in five minutes.
    console.info(`Schoolgate was not told: ${fault}`);
  }
}

// A service worker is started anew for each event: these are set each time.
chrome.idle.setDetectionInterval(IDLE_SECONDS);
chrome.alarms.get("heartbeat").then((alarm) => {
  if (!alarm) chrome.alarms.create("heartbeat", { periodInMinutes: EVERY_MINUTES });
});

chrome.runtime.onStartup.addListener(() => say("sign-in"));
chrome.runtime.onInstalled.addListener(() => say("sign-in"));
chrome.alarms.onAlarm.addListener(async () => {
  const state = await chrome.idle.queryState(IDLE_SECONDS);
  if (state !== "locked") await say("heartbeat");
});

chrome.idle.onStateChanged.addListener(async (state) => {
  const { locked: before = false } = await chrome.storage.session.get("locked");
  const locked = state === "locked";
  await chrome.storage.session.set({ locked });
  if (locked !== before) await say(locked ? "sign-out" : "sign-in");
});
