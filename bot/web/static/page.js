// A chart that can be zoomed, in place of the still one; without a script that one stays.
"use strict";
(function () {
  const lang = document.documentElement.lang;
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const count = new Intl.NumberFormat(lang, { maximumFractionDigits: 0 });
  const short = new Intl.DateTimeFormat(lang, { day: "numeric", month: "short", timeZone: "UTC" });
  const whole = new Intl.DateTimeFormat(lang, { dateStyle: "medium", timeZone: "UTC" });
  // a day as it is written, wherever the reader is
  const seconds = (at) => Date.parse(at.slice(0, 10)) / 1000;

  function shade(u, spans, name) {
    u.ctx.save();
    u.ctx.fillStyle = colour(name);
    u.ctx.globalAlpha = 0.3;
    for (const [from, to] of spans) {
      const left = Math.max(u.valToPos(from, "x", true), u.bbox.left);
      const right = Math.min(u.valToPos(to, "x", true), u.bbox.left + u.bbox.width);
      if (right >= left) {
        u.ctx.fillRect(left - 1, u.bbox.top, Math.max(3, right - left), u.bbox.height);
      }
    }
    u.ctx.restore();
  }

  // a goal that lies further off than the line's own range is high would flatten it
  const near = (goals, low, high) => goals.filter((goal) => goal >= 2 * low - high && goal <= 2 * high - low);

  function rule(u, goals) {
    u.ctx.save();
    u.ctx.strokeStyle = colour("--rise");
    u.ctx.lineWidth = 2 * devicePixelRatio;
    u.ctx.setLineDash([6 * devicePixelRatio, 5 * devicePixelRatio]);
    for (const goal of goals.filter((each) => each >= u.scales.y.min && each <= u.scales.y.max)) {
      const y = u.valToPos(goal, "y", true);
      u.ctx.beginPath();
      u.ctx.moveTo(u.bbox.left, y);
      u.ctx.lineTo(u.bbox.left + u.bbox.width, y);
      u.ctx.stroke();
    }
    u.ctx.restore();
  }

  function draw(place, told) {
    const days = told.at.map(seconds);
    const last = days[days.length - 1];
    const span = (one, from, to) => [seconds(one[from]), one[to] ? seconds(one[to]) : last];
    const incidents = told.incidents.map((one) => span(one, "opened_at", "resolved_at"));
    const events = told.events.map((one) => span(one, "from", "to"));
    const goals = told.goals.map((goal) => goal.followers);
    const said = place.closest("figure").querySelector(".at");
    const size = () => ({ width: place.clientWidth - 16, height: 280 });
    const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--edge"), width: 1 } };
    const hidden = { stroke: "transparent", points: { show: false } };
    const chart = new uPlot(
      {
        ...size(),
        tzDate: (ts) => uPlot.tzDate(new Date(ts * 1000), "Etc/UTC"),
        legend: { show: false },
        // the counts come last, so that they lie on the band
        series: [{}, hidden, hidden, { stroke: colour("--accent"), width: 2, spanGaps: true }],
        scales: {
          y: {
            range: (u, low, high) => {
              const all = [low, high, ...near(goals, low, high)];
              return uPlot.rangeNum(Math.min(...all), Math.max(...all), 0.1, true);
            },
          },
        },
        bands: [{ series: [2, 1], fill: colour("--band") }],
        axes: [
          { ...axis, space: 70, values: (u, ticks) => ticks.map((at) => short.format(at * 1000)) },
          { ...axis, size: 76, values: (u, ticks) => ticks.map((value) => count.format(value)) },
        ],
        hooks: {
          drawClear: [
            (u) => shade(u, events, "--event"),
            (u) => shade(u, incidents, "--warning"),
            (u) => rule(u, goals),
          ],
          setCursor: [
            (u) => {
              const n = u.cursor.idx;
              const known = n != null && told.value[n] != null;
              said.hidden = !known;
              if (known) {
                const band = [told.low[n], told.high[n]].every((each) => each != null);
                said.textContent =
                  `${whole.format(days[n] * 1000)}: ${count.format(told.value[n])}` +
                  (band
                    ? ` (${place.dataset.expected} ${count.format(told.low[n])} – ${count.format(told.high[n])})`
                    : "");
              }
            },
          ],
        },
      },
      [days, told.low, told.high, told.value],
      place,
    );
    window.addEventListener("resize", () => chart.setSize(size()));
    place.dataset.drawn = "yes";
  }

  for (const place of document.querySelectorAll(".plot")) {
    fetch(place.dataset.source, { credentials: "same-origin" })
      .then((answer) => (answer.ok ? answer.json() : Promise.reject(answer.status)))
      .then((told) => {
        const figure = place.closest("figure");
        place.hidden = false;
        figure.querySelector(".still").remove();
        figure.querySelector(".zoom").hidden = false;
        draw(place, told);
      })
      .catch(() => {});
  }
})();
