"""What a picture cannot show to a script: contrast, and text that does not fit, in Chromium."""

from __future__ import annotations

import html
import json
import re
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

LEAST = 4.5
"""Contrast of text that https://www.w3.org/TR/WCAG22/#contrast-minimum asks for."""

_SCRIPT = """
const light = c => { const p = c.slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * p[0] + 0.7152 * p[1] + 0.0722 * p[2]; };
const read = s => { const n = s.match(/[\\d.]+/g).map(Number);
  return n.length < 4 ? [...n, 1] : n; };
const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3]));
const ground = element => { let found = [];
  for (let e = element; e; e = e.parentElement) {
    const c = read(getComputedStyle(e).backgroundColor); found.push(c); if (c[3] === 1) break; }
  return found.reverse().reduce((below, top) => over(top, below), [255, 255, 255]); };
const told = [];
for (const panel of document.querySelectorAll('[data-name]')) {
  const walk = document.createTreeWalker(panel, NodeFilter.SHOW_TEXT);
  let worst = {contrast: 99, text: ''};
  while (walk.nextNode()) {
    const text = walk.currentNode.data.trim(); if (!text) continue;
    const e = walk.currentNode.parentElement;
    const [a, b] = [light(read(getComputedStyle(e).color)), light(ground(e))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < worst.contrast) worst = {contrast, text}; }
  const cut = [...panel.querySelectorAll('*')].filter(e => e.scrollWidth > e.clientWidth + 1
    && e.clientWidth).map(e => e.textContent.slice(0, 60));
  told.push({name: panel.dataset.name, ...worst, cut}); }
document.body.textContent = JSON.stringify(told);
"""


def measure(panels: Mapping[str, str], style: str) -> list[dict[str, Any]]:
    """Of each panel (HTML by name): its least contrast, the text that has it, what is cut."""
    body = "".join(
        f'<div data-name="{html.escape(name)}">{_without_pictures(panel)}</div>'
        for name, panel in panels.items()
    )
    page = f"<!doctype html><meta charset=utf-8><style>{style}</style>{body}"
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "page.html"
        source.write_text(f"{page}<script>{_SCRIPT}</script>")
        done = subprocess.run(
            [
                *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"),
                f"--user-data-dir={folder}/profile",
                source.as_uri(),
            ],
            check=True,
            capture_output=True,
            text=True,
        )
    found = re.search(r"<body>(.*)</body>", done.stdout, flags=re.DOTALL)
    assert found is not None
    told: list[dict[str, Any]] = json.loads(html.unescape(found[1]))
    return told


def _without_pictures(panel: str) -> str:
    """Their contrast is measured where they are drawn: tests/bot/test_charts.py."""
    return re.sub(r'<img src="data:[^"]*">', "", panel)
