// What a page has to keep to for those who do not see it, see little, or use no mouse. Read by page.py.

function complaints(width) {
  const found = [];
  const where = element => [element.localName, ...element.id ? [`#${element.id}`] : [], ...[...element.classList].map(name => `.${name}`)].join('');
  const isShown = element => element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && element.getClientRects().length > 0;
  const text = element => element.textContent.trim();

  // Names.
  const byId = id => document.getElementById(id);
  const named = element => element.getAttribute('aria-label')?.trim()
    || (element.getAttribute('aria-labelledby') ?? '').split(/\s+/).map(id => byId(id) && text(byId(id))).filter(Boolean).join(' ')
    || [...(element.labels ?? [])].map(text).join(' ') || (element.matches('input, select, textarea') ? '' : text(element))
    || element.querySelector?.('img[alt]')?.alt;
  const toName = 'button, a[href], input, select, textarea, dialog[open], section, nav, [role=tree], [role=treeitem], [role=slider], [role=tab]';
  for (const element of document.querySelectorAll(toName)) {
    if (isShown(element) && !named(element)) found.push(`${where(element)} has no name`);
  }
  for (const image of document.querySelectorAll('img')) if (!image.hasAttribute('alt')) found.push(`${where(image)} has no alt`);
  for (const drawn of document.querySelectorAll('svg')) {
    if (!drawn.closest('[aria-hidden=true]')) found.push(`${where(drawn)} is neither hidden nor named`);
  }
  for (const element of document.querySelectorAll('[aria-labelledby], [aria-controls], [aria-activedescendant]')) {
    for (const name of ['aria-labelledby', 'aria-controls', 'aria-activedescendant']) {
      for (const id of (element.getAttribute(name) ?? '').split(/\s+/).filter(Boolean)) {
        if (!byId(id)) found.push(`${where(element)}: ${name} names ${id}, which is not there`);
      }
    }
  }
  const ids = [...document.querySelectorAll('[id]')].map(element => element.id);
  for (const id of new Set(ids.filter((id, i) => ids.indexOf(id) !== i))) found.push(`the id ${id} is there twice`);
  if (!document.documentElement.lang) found.push('the page has no language');
  if (!document.title) found.push('the page has no title');
  if (document.querySelectorAll('main').length !== 1) found.push('the page has no main part');

  // What a mouse can press, keys can reach.
  for (const element of document.querySelectorAll('button, a[href], input, select, textarea')) {
    if (!isShown(element) || element.tabIndex >= 0 || element.getAttribute('role') === 'tab') continue;
    found.push(`${where(element)} cannot be reached by keyboard`);
  }

  // Contrast (WCAG 2.2, 1.4.3), with what lies behind a text painted together.
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const rgba = colour => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], below) => [r, g, b].map((part, i) => part * a + below[i] * (1 - a));
  const luminance = colour => {
    const [r, g, b] = colour.map(part => part / 255).map(part => part <= .04045 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const ground = element => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) layers.push(rgba(getComputedStyle(at).backgroundColor));
    return layers.reduceRight((below, layer) => over(layer, below), [255, 255, 255]);
  };
  const opacity = element => {
    let product = 1;
    for (let at = element; at; at = at.parentElement) product *= Number(getComputedStyle(at).opacity);
    return product;
  };
  const seen = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || seen.has(element) || !isShown(element)) continue;
    seen.add(element);
    // What cannot be used is exempt; so is what is only for ears.
    if (element.closest(':disabled, .unseen, script, option')) continue;
    const style = getComputedStyle(element);
    const below = ground(element);
    const [r, g, b, a] = rgba(style.color);
    const [x, y] = [luminance(over([r, g, b, a * opacity(element)], below)), luminance(below)];
    const ratio = (Math.max(x, y) + .05) / (Math.min(x, y) + .05);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || size >= 18.66 && Number(style.fontWeight) >= 700;
    if (ratio >= (isLarge ? 3 : 4.5)) continue;
    found.push(`${where(element)} “${text(element).slice(0, 30)}” has a contrast of ${ratio.toFixed(2)}`);
  }

  // Nothing sticks out at the side.
  // A phone's browser would make its window wider to hold it.
  const { scrollWidth } = document.documentElement;
  if (scrollWidth > width) found.push(`the page is ${scrollWidth} pixels wide, the window ${width}`);
  for (const element of document.querySelectorAll('body *')) {
    const box = element.getBoundingClientRect();
    if (!isShown(element) || box.width < 2 || box.right <= width + 1) continue;
    // Cut off or scrolled by something around it, of its own accord.
    let at = element.parentElement;
    while (at && getComputedStyle(at).overflowX === 'visible') at = at.parentElement;
    if (at && at !== document.body && at !== document.documentElement) continue;
    found.push(`${where(element)} sticks out to ${Math.round(box.right)} of ${width}`);
  }
  return found;
}
