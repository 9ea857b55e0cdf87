//! What holds on every page: it can be read and used by everybody, fits a phone, asks nobody else, and nothing in it fails.

use super::driver::Browser;
use serde_json::{Value, json};
use std::path::Path;

/// The faults of the page, in words: landmarks, names, headings, reach of the keyboard, contrast (WCAG 2 AA), width.
const FAULTS: &str = r#"
const faults = [];
const seen = (one) => one.checkVisibility({ visibilityProperty: true, opacityProperty: true });
const short = (one) => one.outerHTML.replace(/\s+/g, " ").slice(0, 110);
if (!document.documentElement.lang) faults.push("no language");
if (document.querySelectorAll("main").length !== 1) faults.push("not one main");
if (document.querySelectorAll("h1").length !== 1) faults.push("not one h1");
let level = 0;
for (const one of document.querySelectorAll("h1,h2,h3,h4")) {
  if (!seen(one)) continue;
  const now = Number(one.tagName[1]);
  if (now > level + 1) faults.push("a heading skips a level: " + short(one));
  level = now;
}
const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) faults.push("twice the id " + id);
for (const one of document.querySelectorAll("a,button,input:not([type=hidden]),select,textarea,summary")) {
  const labels = one.labels ? [...one.labels].map((label) => label.textContent).join("") : "";
  const name = one.getAttribute("aria-label") || labels || one.textContent;
  if (!name.trim()) faults.push("without a name: " + short(one));
  if (one.tabIndex < 0) faults.push("out of the keyboard's reach: " + short(one));
}
const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
const parsed = (text) => {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = text;
  canvas.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
  return [r, g, b, a / 255];
};
const over = (top, under) => [0, 1, 2].map((at) => top[at] * top[3] + under[at] * (1 - top[3])).concat(1);
const behind = (one) => {
  const all = [];
  for (let at = one; at; at = at.parentElement) all.push(parsed(getComputedStyle(at).backgroundColor));
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  return all.reverse().reduce((under, top) => over(top, under), dark ? [18, 18, 18, 1] : [255, 255, 255, 1]);
};
const light = (c) => {
  const [r, g, b] = c.slice(0, 3).map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let node = walk.nextNode(); node; node = walk.nextNode()) {
  const one = node.parentElement;
  if (!node.textContent.trim() || !seen(one) || one.closest("svg,option,.unseen,.skip,[aria-hidden=true]")) continue;
  const style = getComputedStyle(one);
  const back = behind(one);
  const [a, b] = [light(over(parsed(style.color), back)), light(back)];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  const size = parseFloat(style.fontSize);
  const least = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
  if (ratio < least) faults.push(`contrast ${ratio.toFixed(2)}: ` + short(one));
}
if (document.documentElement.scrollWidth > innerWidth) faults.push(`wider than the window: ${document.documentElement.scrollWidth}`);
return [...new Set(faults)];
"#;

/// Looks at the page as it is: light and dark, wide and narrow, with a screenshot of each. Faults are gathered, so that one run tells all.
pub(super) async fn look(browser: &Browser, name: &str, faults: &mut Vec<String>) {
    for width in [1280, 390] {
        let size = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        browser.devtools("Emulation.setDeviceMetricsOverride", size).await;
        for scheme in ["light", "dark"] {
            let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
            browser.devtools("Emulation.setEmulatedMedia", media).await;
            let found = browser.run(FAULTS).await;
            let found = found.as_array().into_iter().flatten().filter_map(Value::as_str);
            faults.extend(found.map(|fault| format!("{name}, {width} px, {scheme}: {fault}")));
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/console-pages");
            browser.screenshot(&folder.join(format!("{name}-{width}-{scheme}.png"))).await;
        }
    }
    browser.devtools("Emulation.clearDeviceMetricsOverride", json!({})).await;
    browser.devtools("Emulation.setEmulatedMedia", json!({ "features": [] })).await;
}

/// Nothing failed in the browser, and nobody but leverd was asked.
pub(super) async fn was_quiet(browser: &Browser, ours: &str) {
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    let asked = browser.asked().await;
    assert!(asked.iter().any(|url| url.contains("/console/live")), "the page listens for news: {asked:?}");
    let elsewhere: Vec<&String> = asked.iter().filter(|url| !url.starts_with(ours) && url.starts_with("http")).collect();
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
}
