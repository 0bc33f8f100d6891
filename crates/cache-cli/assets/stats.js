// Draws the charts. Every number stands in a table too, so that nothing is lost without this.
(() => {
  "use strict";
  const charts = JSON.parse(document.getElementById("charts").textContent);
  const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 2 });

  // A bar's value in words, at its end.
  const label = (bar, text, rows) => {
    const at = rows
      ? { x: bar.x2 + 6, y: bar.y2, "text-anchor": "start", "dominant-baseline": "central" }
      : { x: bar.x2, y: bar.y2 - 5, "text-anchor": "middle" };
    bar.group.elem("text", at, "value-label").text(text);
  };

  const draw = (chart) => {
    const place = document.getElementById(chart.id);
    const rows = chart.shape === "rows";
    const count = chart.labels.length;
    // Chartist draws the first row at the bottom.
    const order = (list) => (rows ? [...list].reverse() : list);
    const totals = order(chart.totals);
    const sums = chart.labels.map((_, n) =>
      chart.series.reduce((sum, series) => sum + series.values[n], 0),
    );
    const highest = sums.indexOf(Math.max(...sums));
    place.style.height = rows ? `${26 * count + 8}px` : "15rem";
    const options = {
      horizontalBars: rows,
      stackBars: true,
      low: 0,
      // Where everything is zero there is no scale to be found.
      high: chart.most > 0 ? undefined : 1,
    };
    if (rows) {
      options.chartPadding = { top: 4, right: 76, bottom: 4, left: 0 };
      options.axisX = { offset: 0, showGrid: false, showLabel: false };
      const longest = Math.max(...chart.labels.map((text) => text.length));
      options.axisY = { offset: 12 + 7.2 * longest, showGrid: false };
    } else {
      options.chartPadding = { top: 20, right: 4, bottom: 0, left: 0 };
      options.axisX = {
        offset: 38,
        showGrid: false,
        // Where columns are narrow the day alone fits: "Fri\n11-20" becomes "20".
        labelInterpolationFnc: (text) => (place.clientWidth / count < 44 ? text.slice(-2) : text),
      };
      options.axisY = {
        // With an axis or without: charts by day stand above each other, and so should their days.
        offset: 44,
        showGrid: chart.axis,
        showLabel: chart.axis,
        onlyInteger: true,
        labelInterpolationFnc: (number) => compact.format(number),
      };
    }
    const series = chart.series.map((series) => order(series.values));
    const drawing = new Chartist.BarChart(place, { labels: order(chart.labels), series }, options);
    drawing.on("draw", (bar) => {
      if (bar.type !== "bar") return;
      const width = bar.axisX.axisLength / count;
      bar.element.attr({ style: `stroke-width: ${rows ? 16 : Math.min(36, 0.62 * width)}px` });
      const last = bar.seriesIndex === chart.series.length - 1;
      // Narrow columns have room for one value, which gives the others their scale.
      if (last && (rows || width > 44 || bar.index === highest)) {
        label(bar, totals[bar.index], rows);
      }
    });
    // Only now does the chart stand for its table.
    drawing.on("created", () => {
      if (place.dataset.drawn) return;
      place.dataset.drawn = "yes";
      document.getElementById(`${chart.id}-table`).open = false;
    });
  };

  charts.forEach(draw);
})();
