// The DSL's week in Chromium: from the link in the mail to signing out. What to do comes as JSON on standard input; every page is
// photographed on a phone and on a desktop, and held to WCAG 2.2 A and AA by axe-core. Prints a line a page; exit 1 says what is wrong.
"use strict";
const crypto = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");
const { chromium } = require("playwright-core");
const axe = require("axe-core");

const todo = JSON.parse(fs.readFileSync(0, "utf8"));
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const WIDTHS = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 900 } };

// RFC 6238, as an authenticator app does it.
let used = 0;
async function code(secret) {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...secret].map((letter) => letters.indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  for (;;) {
    const now = Math.floor(Date.now() / 30000);
    const step = Math.max(now, used + 1);
    if (step <= now + 1) {
      used = step;
      const counter = Buffer.alloc(8);
      counter.writeBigUInt64BE(BigInt(step));
      const tag = crypto.createHmac("sha1", key).update(counter).digest();
      return ((tag.readUInt32BE(tag[19] & 15) & 0x7fffffff) % 1000000).toString().padStart(6, "0");
    }
    await new Promise((done) => setTimeout(done, 500));
  }
}

const faults = [];

// Looks at the page that is open.
async function look(page, name, says = []) {
  const text = await page.locator("body").innerText();
  for (const words of says) if (!text.includes(words)) faults.push(`${name}: it does not say ${JSON.stringify(words)}:\n${text}`);
  for (const [kind, size] of Object.entries(WIDTHS)) {
    await page.setViewportSize(size);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (wide > 0) faults.push(`${name}: on a ${kind} it scrolls sideways by ${wide} pixels`);
    await page.screenshot({ path: path.join(todo.pictures, `${name}-${kind}.png`), fullPage: true });
    await page.evaluate(axe.source);
    const found = await page.evaluate((rules) => axe.run(document, { runOnly: rules, resultTypes: ["violations"] }), RULES);
    for (const { id, help, nodes } of found.violations) {
      faults.push(`${name}, ${kind}: ${id}: ${help}:\n${nodes.map((n) => `  ${n.html}\n  ${n.failureSummary}`).join("\n")}`);
    }
  }
  // Every control is reached by the keyboard, and is seen to be.
  const blind = await page.evaluate(() => {
    const all = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")];
    return all.filter((it) => {
      it.focus({ focusVisible: true });
      const style = getComputedStyle(it);
      return it.checkVisibility({ contentVisibilityAuto: true, visibilityProperty: true }) && (document.activeElement !== it || style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2);
    }).map((it) => it.outerHTML);
  });
  for (const html of blind) if (!name.startsWith("report")) faults.push(`${name}: not seen to have the focus: ${html}`);
  console.log(`${name}: looked at`);
}

const press = (page, name) => Promise.all([page.waitForNavigation(), page.getByRole("button", { name }).click()]);
const follow = (page, name) => Promise.all([page.waitForNavigation(), page.getByRole("link", { name }).click()]);

async function signIn(page, who) {
  await page.getByLabel("Name").fill(who.name);
  await page.getByLabel("Password").fill(who.password);
  await page.getByLabel("Code").fill(await code(who.secret));
  await press(page, "Sign in");
}

// Types the passphrase of what is sealed.
async function open(page) {
  await page.getByLabel("Reader").fill("mrs-khan");
  await page.getByLabel("Passphrase").fill(todo.passphrase);
  await press(page, "Open it");
}

async function week() {
  const rules = `MAP ${new URL(todo.at).hostname} 127.0.0.1`;
  const browser = await chromium.launch({ executablePath: todo.chromium, args: ["--no-sandbox", `--host-resolver-rules=${rules}`] });
  const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: "en-GB" });
  const page = await context.newPage();
  page.on("console", (said) => { if (said.type() === "error" && !/40[34]/.test(said.text())) faults.push(`${page.url()}: ${said.text()}`); });
  const asked = [];
  context.on("request", (request) => { if (!request.url().startsWith(todo.at)) asked.push(request.url()); });

  await page.goto(todo.confirm);
  await look(page, "confirm", ["Has the test mail come?"]);
  await press(page, "Yes, it has come");
  await look(page, "confirmed", ["Thank you"]);

  await page.goto(todo.desk);
  await look(page, "sign-in", ["Sign in at the desk"]);
  await page.getByLabel("Name").fill(todo.dsl.name);
  await page.getByLabel("Password").fill("not this one");
  await page.getByLabel("Code").fill("000000");
  await press(page, "Sign in");
  await look(page, "sign-in-wrong", ["is not right"]);
  await signIn(page, todo.dsl);
  await look(page, "password", ["Choose a password of your own"]);
  await page.getByLabel("The password you were given").fill(todo.dsl.password);
  await page.getByLabel("The new one", { exact: true }).fill(todo.own);
  await page.getByLabel("The new one again").fill(todo.own);
  await press(page, "Use this password");
  await look(page, "week", ["1 matter needs a person", "P0901"]);
  await page.emulateMedia({ media: "print" });
  await page.screenshot({ path: path.join(todo.pictures, "week-print.png"), fullPage: true });
  await page.emulateMedia({ media: "screen" });
  await press(page, /^Seen/);
  await look(page, "week-seen", ["seen, by a.jones (desk)"]);
  await page.getByText("Not a concern, because…").click();
  await page.screenshot({ path: path.join(todo.pictures, "week-because.png"), fullPage: true });
  await page.goto(todo.desk);
  await follow(page, /^Self-harm, suicide, eating disorder$/);
  await look(page, "matter", ["Chosen because", "What do you say of it?"]);
  await follow(page, "Thirty minutes either side");
  await look(page, "purpose", ["Why do you look?"]);
  await page.getByLabel("Purpose").fill("to talk to her today");
  await press(page, "Show it");
  await look(page, "around", ["forum.worry.example", "to talk to her today", "••••"]);
  await follow(page, "Open what is sealed");
  await look(page, "opening", ["Open what is sealed"]);
  await open(page);
  await look(page, "around-opened", ["whom to tell", "on this page alone"]);
  await follow(page, "Back to the matter");
  await follow(page, "Watch this pupil more closely for a while");
  await look(page, "watch", ["Nobody is watched more closely"]);
  await page.getByLabel("Last day").fill(todo.day);
  await page.getByLabel("Why", { exact: true }).fill("Her tutor is worried since the half-term.");
  await press(page, "Watch more closely");
  await look(page, "watched", ["P0901: Alma Quill", "Her tutor is worried"]);
  await page.getByLabel("End it for P0901").click();
  await page.getByLabel("Why it ends").fill("She is well.");
  await look(page, "watch-ends", ["End it"]);
  await press(page, /^End it$/);
  await page.goto(todo.desk);
  await follow(page, /^Self-harm, suicide, eating disorder$/);
  await follow(page, /^Open incident/);
  await page.getByLabel("Category").selectOption("self-harm");
  await page.getByLabel("Action taken").fill("Spoke to her with her tutor.");
  await page.getByLabel("Parents told: when, by whom, or why not").fill("By phone, at noon.");
  await look(page, "incident-new", ["Open an incident"]);
  await press(page, "Open the incident");
  await look(page, "incident", ["Incident 1", "••••"]);
  await follow(page, "Open what is sealed");
  await page.getByLabel("Purpose").fill("to add to it");
  await open(page);
  await look(page, "incident-opened", ["Incident 1", "By phone, at noon."]);
  await page.getByLabel("Outcome").fill("She is well.");
  await page.getByLabel("Why you add this").fill("we spoke again");
  await press(page, "Add it");
  await look(page, "incident-added", ["amended: outcome", "••••"]);
  await follow(page, "Open it as a file");
  await page.getByLabel("Purpose").fill("for CPOMS");
  await page.getByLabel("Reader").fill("mrs-khan");
  await page.getByLabel("Passphrase").fill(todo.passphrase);
  for (const [button, file] of [[/^PDF/, "incident-1.pdf"], [/^CSV/, "incident-1.csv"]]) {
    const [taken] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: button }).click()]);
    if (taken.suggestedFilename() !== file) faults.push(`${file} is called ${taken.suggestedFilename()}`);
    if (fs.statSync(await taken.path()).size < 500) faults.push(`${file} has nothing in it`);
  }
  await look(page, "incident-handed", ["or they are handed on as a file"]);
  await follow(page, /^Incidents$/);
  await look(page, "incidents", ["Incident 1"]);
  await follow(page, /^Who looked$/);
  await look(page, "looked", ["to talk to her today", "for CPOMS"]);
  await follow(page, /^Alerts/);
  await look(page, "alerts", ["Nobody has said yet that they have these", "I have it"]);
  await press(page, /^I have it/);
  await look(page, "alerts-acknowledged", ["a.jones (desk)"]);
  await page.goto(`${todo.at}/desk/week/2001-W01`);
  await look(page, "no-such-page", ["There is no such page"]);
  await page.goto(todo.desk);
  await press(page, "Sign this week for the Designated Safeguarding Lead");
  await look(page, "week-signed", ["Signed by a.jones (desk)", "concern, incident 1"]);
  await follow(page, "Read it here");
  await look(page, "report", ["Matters in full"]);
  await page.goBack();
  await follow(page, "Weekly assurance for governors");
  await look(page, "governors", ["What governors are told"]);
  await page.goto(todo.desk);
  await press(page, "Sign out");
  await look(page, "signed-out", ["You are signed out"]);
  if (asked.length) faults.push(`asked of others: ${asked.join(" ")}`);
  await browser.close();
}

week().catch((fault) => faults.push(String(fault.stack))).then(() => {
  for (const fault of faults) console.error(fault);
  process.exit(faults.length ? 1 : 0);
});
