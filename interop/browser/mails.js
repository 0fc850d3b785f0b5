// Messages of the stories, as lines.
"use strict";
const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAOklEQVR42n3CoRGAMAAEwevoC4qMRCIjIyORSBr6kujgdpaMSjIryVVJ7kqyKsmuJKeSPJXkrSRf5Q8BG5U5j+dMIwAAAABJRU5ErkJggg==";

const plain = (subject, text, from = "Ada Lovelace <ada@example.net>") => [
  `From: ${from}`, "To: you@example.com", `Subject: ${subject}`, "Date: Fri, 27 Nov 2026 09:30:00 +0000",
  `Message-ID: <${subject.replace(/\W+/g, ".")}@example.net>`, "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "", ...text.split("\n"),
];

const rich = (origin) => [
  "From: The Shop <shop@example.net>", "To: You <you@example.com>", "Subject: Confirm your order", "Date: Fri, 27 Nov 2026 10:00:00 +0000",
  "Message-ID: <order.1@example.net>", "MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=outer", "",
  "--outer", "Content-Type: multipart/related; boundary=inner", "",
  "--inner", "Content-Type: text/html; charset=utf-8", "",
  `<html><body style="font:16px sans-serif;margin:0;background:#f4f6fb"><div style="max-width:560px;margin:24px auto;background:#fff;border-radius:10px;padding:28px">`,
  `<h1 style="margin:0 0 12px">Thank you, Ada</h1><p>Your order is on its way to you. Your code is <b>482913</b>.</p>`,
  `<p><a href="https://shop.example.net/confirm?token=abc123" style="display:inline-block;background:#1a7044;color:#fff;padding:12px 22px;border-radius:6px;text-decoration:none">Confirm the order</a></p>`,
  `<p><img id=own src="cid:logo@example.net" width=60 height=60 alt="logo"> <img id=remote src="${origin}/remote.png" width=60 height=60 alt="remote"></p>`,
  `<p style="color:#667">The Shop, 1 Market Street</p></div></body></html>`,
  "--inner", "Content-Type: image/png", "Content-ID: <logo@example.net>", "Content-Disposition: inline; filename=logo.png", "Content-Transfer-Encoding: base64", "", PIXEL, "--inner--",
  "--outer", "Content-Type: text/csv; name=invoice.csv", "Content-Disposition: attachment; filename=invoice.csv", "", "item,price", "tea,4.20", "--outer--",
];

// Each thing that HTML can do to load, run, send or leave.
const hostile = (origin) => [
  "From: Mallory <mallory@example.net>", "To: you@example.com", "Subject: Hostile", "MIME-Version: 1.0", "Content-Type: text/html; charset=utf-8", "",
  `<!doctype html><html manifest="${origin}/manifest"><head><base href="${origin}/base/"><meta http-equiv="refresh" content="0;url=${origin}/refresh">`,
  `<meta http-equiv="Content-Security-Policy" content="default-src *"><link rel="stylesheet" href="${origin}/style.css"><link rel="prefetch" href="${origin}/prefetch">`,
  `<link rel="preload" as="image" href="${origin}/preload"><link rel="dns-prefetch" href="${origin}"><link rel="preconnect" href="${origin}">`,
  `<link rel="icon" href="${origin}/icon"><link rel="modulepreload" href="${origin}/module.js"><link rel="prerender" href="${origin}/prerender">`,
  `<style>@import url("${origin}/import.css");@font-face{font-family:x;src:url("${origin}/font.woff2")}body{font-family:x;background:url("${origin}/background")}li{list-style-image:url("${origin}/list")}</style>`,
  `<script>fetch("${origin}/script");parent.postMessage("ran","*");top.location="${origin}/top"</script><script src="${origin}/script.js"></script><script type="module" src="${origin}/m.js"></script></head>`,
  `<body background="${origin}/body" onload="fetch('${origin}/onload')"><img src="${origin}/image"><img srcset="${origin}/srcset 1x"><picture><source srcset="${origin}/picture"><img></picture>`,
  `<img src=x onerror="fetch('${origin}/onerror')"><svg onload="fetch('${origin}/svg')"><image href="${origin}/svg-image"/><use href="${origin}/use#x"/></svg>`,
  `<iframe src="${origin}/iframe"></iframe><iframe srcdoc="<script>fetch('${origin}/srcdoc')</script><img src='${origin}/srcdoc-image'>"></iframe><object data="${origin}/object"></object><embed src="${origin}/embed">`,
  `<video poster="${origin}/poster" src="${origin}/video" autoplay></video><audio src="${origin}/audio" autoplay></audio><track src="${origin}/track"><input type="image" src="${origin}/input">`,
  `<form id=f action="${origin}/form" target=_top><input name=a autofocus onfocus="this.form.submit()"><button id=send>Send</button></form><a id=top href="${origin}/link" target=_top ping="${origin}/ping">Leave</a>`,
  `<a href="javascript:fetch('${origin}/javascript')" id=js target=_self>Run</a><table background="${origin}/table"><tr><td style="background-image:url(${origin}/cell)">x</td></tr></table><ul><li>y</li></ul>`,
  `<div style="width:10px;height:10px;border-image:url(${origin}/border) 1;border:1px solid;cursor:url(${origin}/cursor),auto;content:url(${origin}/content)">z</div><marquee onstart="fetch('${origin}/marquee')">m</marquee></body></html>`,
];

// An inbox as a day of work leaves it.
const fill = async (deliver) => {
  await deliver(plain("Your weekly report", "Visits rose by 12 %. The three most read pages are the start page, the price list and the imprint.", "Reports <reports@example.net>"), { to: ["team@example.com"] });
  await deliver(plain("Reset your password", "Somebody asked to reset your password.\nhttps://app.example.net/reset?token=8f2c91\n\nThe link is good for one hour.", "Example App <app@example.net>"));
  await deliver(plain("Invitation: planning on Monday", "Ada invites you to a meeting on Monday at ten.", "Ada Lovelace <ada@example.net>"), { to: ["you@example.com", "bob@example.org"] });
  await deliver(plain("Payment failed", "The card that ends in 4242 was refused by its bank.", "Billing <billing@example.net>"), { to: ["bob@example.org"] });
  await deliver(rich("https://shop.example.net"));
};

module.exports = { plain, rich, hostile, fill };
