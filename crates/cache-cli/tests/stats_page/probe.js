// Measures the page after it was drawn, and leaves what it found in the document.
addEventListener("load", () => setTimeout(() => {
  const rect = (element) => element.getBoundingClientRect();
  const luminance = (colour) => {
    const [r, g, b] = colour.match(/[\d.]+/g).slice(0, 3).map((n) => {
      const part = n / 255;
      return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const { backgroundColor } = getComputedStyle(at);
      if (!/^rgba\(.*, 0\)$|^transparent$/.test(backgroundColor)) return backgroundColor;
    }
    return "rgb(255, 255, 255)";
  };
  const ownText = (element) =>
    [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  const visible = (element) => rect(element).width > 0 && rect(element).height > 0;
  const textContrast = [...document.querySelectorAll("body *")]
    .filter((element) => !element.closest("script") && ownText(element) && visible(element))
    .map((element) => {
      const style = getComputedStyle(element);
      const colour = element.namespaceURI.endsWith("svg") ? style.fill : style.color;
      return contrast(colour, behind(element));
    });
  const bars = [...document.querySelectorAll(".ct-bar")];
  const barContrast = bars.map((bar) => contrast(getComputedStyle(bar).stroke, behind(bar)));

  const overlaps = (a, b) =>
    a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  const charts = [...document.querySelectorAll(".chart")].map((chart) => {
    const length = (bar) => {
      const at = (name) => Number(bar.getAttribute(name));
      return Math.hypot(at("x2") - at("x1"), at("y2") - at("y1"));
    };
    const series = [...chart.querySelectorAll(".ct-series")].map((group) =>
      [...group.querySelectorAll(".ct-bar")].map((bar) => ({
        value: Number(bar.getAttribute("ct:value")),
        length: length(bar),
        width: parseFloat(getComputedStyle(bar).strokeWidth),
      })),
    );
    const labels = [...chart.querySelectorAll(".value-label")].map((label) => ({
      text: label.textContent,
      box: rect(label),
    }));
    const card = rect(chart.closest("figure"));
    const crossed = labels.filter((one, n) =>
      labels.slice(n + 1).some((other) => overlaps(one.box, other.box)),
    );
    const outside = labels.filter(
      ({ box }) => box.left < card.left || box.right > card.right || box.top < card.top,
    );
    return {
      id: chart.id,
      name: chart.getAttribute("aria-label"),
      series,
      labels: labels.map((label) => label.text),
      axis: [...chart.querySelectorAll(".ct-label")].map((label) => label.textContent),
      crossed: crossed.length,
      outside: outside.length,
    };
  });

  const tables = [...document.querySelectorAll("details")].map((details) => {
    const before = details.open;
    const summary = details.querySelector("summary");
    summary.focus();
    const focused = document.activeElement === summary;
    // What Enter does on a summary that has the focus.
    summary.click();
    const toggled = details.open !== before;
    details.open = true;
    const rows = [...details.querySelectorAll("tbody tr")].map((row) =>
      [...row.children].map((cell) => cell.textContent),
    );
    const shown = visible(details.querySelector("table"));
    details.open = before;
    return { open: before, focused, toggled, shown, rows };
  });

  const found = {
    problems: window.problems,
    dark: matchMedia("(prefers-color-scheme: dark)").matches,
    page: getComputedStyle(document.body).backgroundColor,
    width: innerWidth,
    wide: document.documentElement.scrollWidth,
    fetched: performance.getEntriesByType("resource").map((entry) => entry.name),
    text_contrast: Math.min(...textContrast),
    bar_contrast: bars.length ? Math.min(...barContrast) : null,
    tiles: [...document.querySelectorAll(".tiles .value")].map((tile) => tile.textContent),
    charts,
    tables,
  };
  const out = document.createElement("pre");
  out.id = "found";
  out.textContent = encodeURIComponent(JSON.stringify(found));
  document.body.append(out);
}, 500));
