using Microsoft.Playwright;

namespace GreenTune.Dashboard.Tests.Browser;

/// <summary>What any page has to keep, whatever its width and theme; each check returns what it found wrong.</summary>
internal static class PageChecks
{
    /// <summary>Elements that make the page scroll sideways.</summary>
    public static Task<string[]> SidewaysAsync(IPage page) => page.EvaluateAsync<string[]>("""
        () => {
          const root = document.scrollingElement;
          if (root.scrollWidth <= root.clientWidth) return [];
          return [...document.querySelectorAll('body *')]
            .filter(e => e.getBoundingClientRect().right > root.clientWidth + 1 && !e.closest('.table-wrap, .rz-data-grid-data'))
            .slice(0, 5)
            .map(e => `${e.tagName}.${e.className} reaches ${Math.round(e.getBoundingClientRect().right)} of ${root.clientWidth}`);
        }
        """);

    /// <summary>Names, labels, ids, headings and target sizes.</summary>
    public static Task<string[]> AccessibilityAsync(IPage page) => page.EvaluateAsync<string[]>("""
        () => {
          const problems = [];
          const seen = e => e.checkVisibility({ checkOpacity: false, checkVisibilityCSS: true });
          const textOf = e => [...e.childNodes].map(n => n.nodeType === 3 ? n.data : n.nodeType === 1 && n.getAttribute('aria-hidden') !== 'true' ? textOf(n) : '').join('').trim();
          const nameOf = e => {
            const by = e.getAttribute('aria-labelledby');
            if (by) return by.split(' ').map(id => document.getElementById(id)).filter(Boolean).map(textOf).join(' ');
            return e.getAttribute('aria-label') || (e.labels && [...e.labels].map(textOf).join(' ')) || (['INPUT', 'SELECT', 'TEXTAREA'].includes(e.tagName) ? '' : textOf(e)) || '';
          };
          const what = e => `${e.tagName.toLowerCase()}.${e.getAttribute('class') ?? ''} "${textOf(e).slice(0, 40)}"`;
          for (const e of document.querySelectorAll('a[href], button, input, select, textarea, summary, [role=slider], [role=img], [role=meter], [role=progressbar], [role=region], [role=group], [role=dialog], nav, section[aria-label], section[aria-labelledby]')) {
            if (seen(e) && !nameOf(e).trim()) problems.push(`no name: ${what(e)}`);
          }
          // What a button shows has to be in what it is called, or speech control cannot reach it (WCAG 2.5.3).
          for (const e of document.querySelectorAll('button[aria-label], a[aria-label]')) {
            const shown = textOf(e).replace(/\s+/g, ' ').toLowerCase();
            if (seen(e) && shown && !e.querySelector('kbd') && !nameOf(e).toLowerCase().includes(shown)) problems.push(`name "${nameOf(e)}" lacks "${shown}"`);
          }
          const ids = new Map();
          for (const e of document.querySelectorAll('[id]')) ids.set(e.id, (ids.get(e.id) ?? 0) + 1);
          for (const [id, count] of ids) if (count > 1) problems.push(`id ${id} is there ${count} times`);
          for (const e of document.querySelectorAll('[aria-labelledby], [aria-describedby], [aria-controls], label[for]')) {
            for (const attribute of ['aria-labelledby', 'aria-describedby', 'aria-controls', 'for']) {
              for (const id of (e.getAttribute(attribute) ?? '').split(' ').filter(Boolean)) {
                if (!document.getElementById(id)) problems.push(`${what(e)} points to #${id}, which is not there`);
              }
            }
          }
          const headings = [...document.querySelectorAll('main h1, main h2, main h3, main h4')].filter(seen).map(h => +h.tagName[1]);
          if (headings.filter(h => h === 1).length !== 1) problems.push(`${headings.filter(h => h === 1).length} headings of the first level`);
          headings.forEach((h, i) => { if (i > 0 && h > headings[i - 1] + 1) problems.push(`a heading of level ${h} follows one of ${headings[i - 1]}`); });
          for (const table of document.querySelectorAll('table:not([role=presentation])')) {
            if (seen(table) && table.tHead && [...table.tHead.querySelectorAll('th')].some(th => !th.scope)) problems.push(`a heading without scope in ${what(table).slice(0, 60)}`);
          }
          for (const e of document.querySelectorAll('button, select, summary, input:not([type=range]), a.button, .nav a')) {
            // A label is part of its box's target.
            const box = (e.type === 'checkbox' && e.closest('label') || e).getBoundingClientRect();
            if (seen(e) && !e.closest('p, td, dl') && !e.classList.contains('skip') && (box.height < 20 || box.width < 20)) problems.push(`small target ${Math.round(box.width)} x ${Math.round(box.height)}: ${what(e)}`);
          }
          return problems;
        }
        """);

    /// <summary>Text whose contrast with what is behind it is too low (4.5, or 3 for large text). Texts over pictures and disabled controls are left out.</summary>
    public static Task<string[]> ContrastAsync(IPage page) => page.EvaluateAsync<string[]>("""
        () => {
          const parse = c => { const m = c.match(/rgba?\(([^)]+)\)/); if (!m) return null; const p = m[1].split(/[ ,/]+/).map(Number); return [p[0], p[1], p[2], p.length > 3 ? p[3] : 1]; };
          const luminance = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4).reduce((s, v, i) => s + v * [0.2126, 0.7152, 0.0722][i], 0);
          const over = (top, under) => top.slice(0, 3).map((v, i) => v * top[3] + under[i] * (1 - top[3])).concat(1);
          const behind = e => { const layers = []; for (let at = e; at; at = at.parentElement) { const c = parse(getComputedStyle(at).backgroundColor); if (c && c[3] > 0) { layers.push(c); if (c[3] === 1) break; } } return layers.reverse().reduce((under, c) => over(c, under), [255, 255, 255, 1]); };
          const problems = new Set();
          const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          while (walker.nextNode()) {
            const e = walker.currentNode.parentElement;
            if (!walker.currentNode.data.trim() || !e.checkVisibility({ checkVisibilityCSS: true }) || e.closest('svg, :disabled, .visually-hidden, option, .skip')) continue;
            const style = getComputedStyle(e);
            const back = behind(e);
            const front = over(parse(style.color), back);
            const [a, b] = [luminance(front), luminance(back)];
            const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            const size = parseFloat(style.fontSize);
            const large = size >= 24 || (size >= 18.66 && +style.fontWeight >= 700);
            if (ratio < (large ? 3 : 4.5)) problems.add(`${ratio.toFixed(2)}: "${walker.currentNode.data.trim().slice(0, 40)}" in ${e.tagName.toLowerCase()}.${e.className}`);
          }
          return [...problems];
        }
        """);

    /// <summary>True once every drawing has been made for the width that it has, so that its text is at 12 px on the screen.</summary>
    public const string DrawnToSize = """
        () => [...document.querySelectorAll('svg.drawing')].filter(s => s.checkVisibility()).every(s => Math.abs(s.getBoundingClientRect().width / s.viewBox.baseVal.width - 1) <= 0.02)
        """;
}
