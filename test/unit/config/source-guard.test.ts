import { describe, expect, test } from 'vitest';
import { mistakesOf, sourceMistakes } from './load-helper.js';

describe('where sources may point', () => {
  const at = (url: string, env: Record<string, string> = {}): string =>
    mistakesOf({ env: { UPSTREAM_URL: url, ...env } }).join('\n');

  test.each([
    'http://127.0.0.1/c',
    'http://[::1]/c',
    'http://10.1.2.3:9001/c',
    'https://8.8.8.8/c',
    'http://name/c',
  ])('%s by default', (url) => expect(at(url)).toBe(''));

  test.each([
    'http://169.254.169.254/latest/meta-data',
    'http://[fe80::1]/c',
    'http://[fd00:ec2::254]/c',
    'http://100.100.100.200/c',
    'http://168.63.129.16/c',
    'http://0.0.0.0/c',
    'http://224.0.0.1/c',
    'http://255.255.255.255/c',
    'http://[64:ff9b::a9fe:a9fe]/c',
    'http://[2002:a9fe:a9fe::]/c',
  ])('%s never, unless it is listed or all are', (url) => {
    expect(at(url)).toMatch(/^source default: cannot be fetched from there: .*SOURCE_NETWORKS=private/);
    expect(at(url, { SOURCE_NETWORKS: 'public' })).toMatch(/cannot be fetched/);
    expect(at(url, { SOURCE_NETWORKS: 'any' })).toBe('');
    const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
    expect(at(url, { SOURCE_ALLOW: host })).toBe('');
  });

  test('public ones alone', () => {
    const strict = { SOURCE_NETWORKS: 'public' };
    for (const host of [
      '127.0.0.1',
      '[::1]',
      '10.0.0.1',
      '172.16.0.1',
      '192.168.1.1',
      '100.64.0.1',
      '[fd12::1]',
    ]) {
      expect(at(`http://${host}/c`, strict), host).toMatch(/private or loopback/);
    }
    expect(at('http://8.8.8.8/c', strict)).toBe('');
    expect(at('http://10.7.0.1/c', { ...strict, SOURCE_ALLOW: '10.7.0.0/16' })).toBe('');
    expect(at('http://10.8.0.1/c', { ...strict, SOURCE_ALLOW: '10.7.0.0/16' })).not.toBe('');
  });

  test.each([
    'http://0177.0.0.1/c',
    'http://0x7f.1/c',
    'http://2130706433/c',
    'http://127.1/c',
    'http://127.0.0.1./c',
    'http://[::ffff:127.0.0.1]/c',
    'http://[::ffff:a9fe:a9fe]/c',
    'http://①②⑦.0.0.1/c',
  ])('%s is an address in disguise', (url) => {
    expect(at(url)).toMatch(/four decimal numbers/);
    expect(at(url, { SOURCE_NETWORKS: 'any' })).toMatch(/four decimal numbers/);
  });

  test('user names, ports, schemes', () => {
    expect(at('http://u:p@127.0.0.1/c')).toMatch(/credentials into headers/);
    expect(at('http://127.0.0.1:22/c', { SOURCE_PORTS: '80,9000-9100' })).toMatch(/port 22 .*SOURCE_PORTS/);
    expect(at('http://127.0.0.1:9050/c', { SOURCE_PORTS: '80,9000-9100' })).toBe('');
    expect(at('https://127.0.0.1/c', { SOURCE_PORTS: '80' })).toMatch(/port 443 /);
    expect(at('file:///etc/passwd', { SOURCE_SCHEMES: 'http,https' })).toMatch(
      /file is not allowed.*SOURCE_SCHEMES/,
    );
    expect(at('unix:/run/a.sock:/c', { SOURCE_SCHEMES: 'http' })).toMatch(/unix is not allowed/);
    expect(at('unix:/run/a.sock:/c', { SOURCE_NETWORKS: 'public', SOURCE_PORTS: '9001' })).toBe('');
    expect(at('http://h/c', { SOURCE_SCHEMES: 'ftp' })).toMatch(/SOURCE_SCHEMES/);
    for (const bad of ['0', '70000', '9-1', 'x', '1-', '-1']) {
      expect(at('http://h/c', { SOURCE_PORTS: bad }), bad).toMatch(/SOURCE_PORTS/);
    }
  });

  test('sources of the file are named', () => {
    expect(sourceMistakes('url: http://169.254.1.1/c')).toEqual([
      expect.stringMatching(/^source a: cannot be fetched from there: 169\.254\.1\.1 is a link-local/),
    ]);
  });
});
