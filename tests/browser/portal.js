// Somebody's own device in Chromium, with JavaScript switched off: from what the system looks for, to find out whether it is online, to
// signing out. What to do comes as JSON on standard input; exit 1 says what is wrong.
"use strict";
const fs = require("node:fs");
const { chromium } = require("playwright-core");

const todo = JSON.parse(fs.readFileSync(0, "utf8"));

async function says(page, ...words) {
  const text = await page.locator("body").innerText();
  for (const said of words) if (!text.includes(said)) throw new Error(`${page.url()} does not say ${JSON.stringify(said)}:\n${text}`);
}

const press = (page, name) => Promise.all([page.waitForNavigation(), page.getByRole("button", { name }).click()]);

async function day() {
  const looks = new URL(todo.looks);
  const rules = `MAP ${looks.hostname} ${todo.web},MAP ${new URL(todo.at).hostname} 127.0.0.1`;
  const browser = await chromium.launch({ executablePath: todo.chromium, args: ["--no-sandbox", `--host-resolver-rules=${rules}`] });
  const context = await browser.newContext({ javaScriptEnabled: false, ignoreHTTPSErrors: true, locale: "en-GB" });
  const page = await context.newPage();
  // No script of anybody's runs here.
  await page.setContent("<title>off</title><script>document.title = 'on'</script>");
  if ((await page.locator("title").textContent()) !== "off") throw new Error("JavaScript is on");

  await page.goto(todo.looks);
  if (page.url() !== `${todo.at}/sign-in`) throw new Error(`${todo.looks} leads to ${page.url()}`);
  await says(page, "What the school sees");
  const concern = await page.getByRole("link", { name: "Worried about something?" }).getAttribute("href");
  if (concern !== todo.concern) throw new Error(`a worry leads to ${concern}`);
  await page.locator("#name").fill(todo.name);
  await page.locator("#password").fill("not this one");
  await press(page, /sign in/);
  await says(page, "That did not work");
  await page.locator("#name").fill(todo.name);
  await page.locator("#password").fill(todo.password);
  await press(page, /sign in/);
  await says(page, "You are signed in");
  await page.goto(todo.looks);
  await says(page, "Success");
  fs.writeFileSync(todo.signed_in, "");
  while (!fs.existsSync(todo.go_on)) await new Promise((done) => setTimeout(done, 50));
  await page.goto(`${todo.at}/sign-in`);
  await press(page, /[Ss]ign out/);
  await says(page, "Signed out");
  await page.goto(todo.looks);
  if (page.url() !== `${todo.at}/sign-in`) throw new Error(`signed out, ${todo.looks} leads to ${page.url()}`);
  await browser.close();
}

day().catch((fault) => {
  console.error(fault);
  process.exit(1);
});
