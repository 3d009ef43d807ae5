import { describe, expect, test } from 'vitest';
import { readEnvironment } from '../../../src/config/environment.js';
import { helpText, optionsMarkdown, sourceKeysMarkdown } from '../../../src/config/help.js';
import { hint, nearest } from '../../../src/config/nearest.js';
import { OPTION_ROWS } from '../../../src/config/options.js';
import { SOURCE_KEYS } from '../../../src/config/source-keys.js';

describe('help and docs', () => {
  test('name every option with flag, environment and default', () => {
    for (const [, spec] of OPTION_ROWS) {
      const head = new RegExp(`^  --${spec.name} <.+>   ${spec.env}   default: .+$`, 'm');
      expect(helpText()).toMatch(head);
      expect(optionsMarkdown()).toContain(`| \`--${spec.name}\` | \`${spec.env}\` |`);
    }
    for (const key of Object.keys(SOURCE_KEYS)) expect(sourceKeysMarkdown()).toContain(`| \`${key}\` |`);
  });
  test('the text is at most 110 columns wide and ends in one line break', () => {
    for (const line of helpText().split('\n')) expect(line.length, line).toBeLessThanOrEqual(110);
    expect(helpText()).toMatch(/[^\n]\n$/);
  });
  test('the tables have as many cells in each row', () => {
    for (const table of [optionsMarkdown(), sourceKeysMarkdown()]) {
      const widths = table
        .trimEnd()
        .split('\n')
        .map((line) => line.replaceAll('\\|', '').split('|').length);
      expect(new Set(widths).size).toBe(1);
    }
  });
});

describe('nearest', () => {
  const known = ['poll_ms', 'poll_timeout_ms', 'workers', 'sources'];
  test.each([
    ['pol_ms', 'poll_ms'],
    ['POLL-MS', 'poll_ms'],
    ['wrokers', 'workers'],
    ['polltimeout', 'poll_timeout_ms'],
  ])('%s is near %s', (name, near) => expect(nearest(name, known)).toBe(near));
  test('another word is near nothing', () => {
    for (const name of ['colour', '', 'x'.repeat(1000), 'ab']) expect(nearest(name, known)).toBeUndefined();
    expect(hint('colour', known)).toBe('');
  });
});

test('the environment is a copy', () => {
  const env = readEnvironment();
  process.env['WEFT_TEST_LATER'] = '1';
  expect(env['WEFT_TEST_LATER']).toBeUndefined();
  delete process.env['WEFT_TEST_LATER'];
});
