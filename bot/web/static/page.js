// A chart that can be zoomed, in place of the still one; without a script that one stays.
"use strict";
(function () {
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function draw(place, told) {
    const seconds = told.at.map((at) => Date.parse(at) / 1000);
    const marks = told.incidents.map((one) => [
      Date.parse(one.opened_at) / 1000,
      one.resolved_at ? Date.parse(one.resolved_at) / 1000 : seconds[seconds.length - 1],
    ]);
    const size = () => ({ width: place.clientWidth - 16, height: 280 });
    const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--edge"), width: 1 } };
    const chart = new uPlot(
      {
        ...size(),
        series: [
          {},
          { label: place.dataset.label, stroke: colour("--accent"), width: 2, spanGaps: true },
          { label: "min", stroke: "transparent", points: { show: false } },
          { label: "max", stroke: "transparent", points: { show: false } },
        ],
        bands: [{ series: [3, 2], fill: colour("--band") }],
        axes: [axis, { ...axis, size: 70 }],
        hooks: {
          drawClear: [
            (u) => {
              u.ctx.save();
              u.ctx.fillStyle = colour("--warning");
              u.ctx.globalAlpha = 0.25;
              for (const [from, to] of marks) {
                const left = Math.max(u.valToPos(from, "x", true), u.bbox.left);
                const right = Math.min(u.valToPos(to, "x", true), u.bbox.left + u.bbox.width);
                if (right >= left) {
                  u.ctx.fillRect(left, u.bbox.top, Math.max(2, right - left), u.bbox.height);
                }
              }
              u.ctx.restore();
            },
          ],
        },
      },
      [seconds, told.value, told.low, told.high],
      place,
    );
    window.addEventListener("resize", () => chart.setSize(size()));
    place.dataset.drawn = "yes";
  }

  for (const place of document.querySelectorAll(".plot")) {
    const source = new URL(place.dataset.source, document.baseURI.replace(/\/?$/, "/"));
    const address = place.dataset.source.startsWith("/") ? place.dataset.source : source;
    fetch(address, { credentials: "same-origin" })
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
