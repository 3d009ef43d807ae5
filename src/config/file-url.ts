/** URLs of saved files. */

import { fileURLToPath } from 'node:url';

const ALLOWED = 'a file URL with an absolute path, such as file:///var/tmp/saved.csv';

/** Stands for what comes through standard input. */
export const STDIN_URL = 'file:///dev/stdin';

export function isFileUrl(url: string): boolean {
  return /^file:/i.test(url);
}

/** Why `text` names no file, or undefined when it does. */
export function fileUrlProblem(text: string): string | undefined {
  if (!/^file:\/\/\//i.test(text) || !URL.canParse(text)) return ALLOWED;
  const url = new URL(text);
  if (url.search !== '' || url.hash !== '') return `${ALLOWED} (? is written %3F, # is written %23)`;
  try {
    return fileURLToPath(url).endsWith('/') ? ALLOWED : undefined;
  } catch {
    return ALLOWED;
  }
}
