// Patterns of paths as the server reads them: see PathPattern in the engine.

/** The end of a group that begins at `from`; -1 where there is none. */
function closing(text, from) {
  let depth = 0;
  for (let i = from; i < text.length; i++) {
    if (text[i] === '{') depth++;
    else if (text[i] === '}' && --depth === 0) return i;
  }
  return -1;
}

function split(text) {
  const parts = [''];
  let depth = 0;
  for (const sign of text) {
    if (sign === ',' && depth === 0) { parts.push(''); continue; }
    depth += sign === '{' ? 1 : sign === '}' ? -1 : 0;
    parts[parts.length - 1] += sign;
  }
  return parts;
}

function source(text) {
  let out = '';
  for (let i = 0; i < text.length; i++) {
    const sign = text[i];
    if (sign === '*' && text[i + 1] === '*') {
      i++;
      if (text[i + 1] === '.') { out += '(?:[^.]*\\.)*'; i++; } else out += '.*';
    } else if (sign === '*') out += '[^.]*';
    else if (sign === '?') out += '[^.]';
    else if (sign === '{') {
      const end = closing(text, i);
      if (end < 0) throw new SyntaxError('a { without a }');
      out += `(?:${split(text.slice(i + 1, end)).map(source).join('|')})`;
      i = end;
    } else if (sign === '[') {
      const end = text.indexOf(']', i);
      if (end < 0) throw new SyntaxError('a [ without a ]');
      out += `[${text.slice(i + 1, end).replace(/[\\^]/g, '\\$&')}]`;
      i = end;
    } else out += sign.replace(/[.+^$()|\\\]}]/g, '\\$&');
  }
  return out;
}

/** Whether a path is like a pattern, as a function; one that matches nothing for what is no pattern. */
export function matcher(pattern) {
  try {
    const expression = new RegExp(`^(?:${source(pattern)})$`);
    return path => expression.test(path);
  } catch {
    return () => false;
  }
}
