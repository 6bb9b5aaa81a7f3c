// What has to work without waiting for the server: theme, drawer, palette, popovers, coming back after a lost connection.
// One listener per event on the document, so that nothing has to be hooked up again when the page changes.
(() => {
  'use strict';
  const root = document.documentElement;
  const year = 60 * 60 * 24 * 365;

  function setCookie(name, value) {
    const age = value ? year : 0;
    document.cookie = `${name}=${encodeURIComponent(value ?? '')};path=/;max-age=${age};samesite=lax`;
  }

  function systemTheme() {
    return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  }

  function switchTheme() {
    const next = (root.dataset.theme || systemTheme()) === 'dark' ? 'light' : 'dark';
    // Choosing what the system has anyway means following the system again.
    const chosen = next === systemTheme() ? null : next;
    if (chosen) {
      root.dataset.theme = chosen;
    } else {
      delete root.dataset.theme;
    }
    setCookie('greentune-theme', chosen);
  }

  function setDrawer(open) {
    const wasOpen = root.dataset.nav === 'open';
    if (open === wasOpen) {
      return;
    }
    if (open) {
      root.dataset.nav = 'open';
    } else {
      delete root.dataset.nav;
    }
    const opener = document.querySelector('.nav-open');
    opener?.setAttribute('aria-expanded', String(open));
    document.getElementById('content')?.toggleAttribute('inert', open);
    if (open) {
      document.querySelector('.nav-close')?.focus();
    } else {
      opener?.focus();
    }
  }

  function openPalette() {
    const palette = document.getElementById('palette');
    if (palette && !palette.open) {
      setDrawer(false);
      palette.showModal();
      document.getElementById('palette-input')?.focus();
    }
  }

  document.addEventListener('click', event => {
    const target = event.target instanceof Element ? event.target : null;
    if (!target) {
      return;
    }
    if (target.closest('[data-theme-toggle]')) {
      switchTheme();
    } else if (target.closest('[data-nav-toggle]')) {
      setDrawer(root.dataset.nav !== 'open');
    } else if (target.closest('[data-palette-open]')) {
      openPalette();
    } else if (target.closest('[data-reload]')) {
      location.reload();
    } else if (target.closest('[data-skip]')) {
      event.preventDefault();
      document.getElementById('main')?.focus();
    } else if (target.closest('.nav a')) {
      setDrawer(false);
    } else if (root.dataset.nav === 'open' && !target.closest('.nav')) {
      setDrawer(false);
    } else if (target.id === 'palette') {
      target.close();
    }
  });

  document.addEventListener('keydown', event => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === 'k') {
      event.preventDefault();
      openPalette();
      return;
    }
    if (event.key === 'Escape') {
      if (root.dataset.nav === 'open') {
        setDrawer(false);
      } else if (!document.querySelector('dialog[open], [popover]:popover-open')) {
        document.querySelector('[data-stop]')?.click();
      }
    }
    const keys = event.target instanceof Element ? event.target.closest('[data-keys]')?.dataset.keys : null;
    const vertical = event.key === 'ArrowUp' || event.key === 'ArrowDown';
    const horizontal = event.key === 'ArrowLeft' || event.key === 'ArrowRight';
    if ((keys && vertical) || (keys === 'arrows' && horizontal)) {
      event.preventDefault();
    }
    // Enter sends a message, Shift and Enter begin a new line.
    if (keys === 'submit' && event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      event.target.form?.requestSubmit();
    }
    if (event.target instanceof Element && vertical && event.target.closest('[role=menu]')) {
      const items = [...event.target.closest('[role=menu]').querySelectorAll('[role=menuitem]')];
      const step = event.key === 'ArrowDown' ? 1 : items.length - 1;
      items[(items.indexOf(event.target) + step) % items.length]?.focus();
      event.preventDefault();
    }
  });

  matchMedia('(min-width: 821px)').addEventListener('change', () => setDrawer(false));

  // A popover is placed under what opened it, and kept inside the window.
  document.addEventListener('toggle', event => {
    const popover = event.target;
    if (!(popover instanceof HTMLElement) || event.newState !== 'open' || !popover.hasAttribute('popover')) {
      return;
    }
    const opener = document.querySelector(`[popovertarget="${CSS.escape(popover.id)}"]`);
    if (!opener) {
      return;
    }
    const from = opener.getBoundingClientRect();
    const size = popover.getBoundingClientRect();
    const margin = 8;
    const menu = popover.getAttribute('role') === 'menu';
    const left = menu ? from.right - size.width : from.left;
    const below = from.bottom + 4;
    popover.style.left = `${Math.max(margin, Math.min(left, innerWidth - size.width - margin))}px`;
    popover.style.top = `${below + size.height + margin > innerHeight ? Math.max(margin, from.top - size.height - 4) : below}px`;
    if (menu) {
      popover.querySelector('[role=menuitem]')?.focus();
    }
  }, true);
  document.addEventListener('scroll', () => {
    document.querySelectorAll('[popover]:popover-open').forEach(popover => popover.hidePopover());
  }, { passive: true, capture: true });

  // Blazor gives up after a while, or the server has forgotten the circuit: wait until it answers, then load the page again at the same address.
  let returning = false;
  async function comeBack() {
    if (returning) {
      return;
    }
    returning = true;
    for (let wait = 1000; ; wait = Math.min(wait * 1.5, 8000)) {
      try {
        const response = await fetch('alive', { cache: 'no-store' });
        if (response.ok) {
          location.reload();
          return;
        }
      } catch {
        // Not yet.
      }
      await new Promise(done => setTimeout(done, wait));
    }
  }

  const reconnect = document.getElementById('components-reconnect-modal');
  if (reconnect) {
    const lost = ['components-reconnect-failed', 'components-reconnect-rejected', 'components-reconnect-resume-failed'];
    new MutationObserver(() => {
      if (lost.some(name => reconnect.classList.contains(name))) {
        comeBack();
      }
    }).observe(reconnect, { attributes: true, attributeFilter: ['class'] });
    // .NET 10's script says it by an event and leaves opening the dialog to the page.
    reconnect.addEventListener('components-reconnect-state-changed', event => {
      const state = event.detail?.state;
      if (state === 'show' && !reconnect.open) {
        reconnect.show();
      } else if (state === 'hide' && reconnect.open) {
        reconnect.close();
      } else if (state === 'failed' || state === 'rejected' || state === 'resume-failed') {
        comeBack();
      }
    });
  }
})();
