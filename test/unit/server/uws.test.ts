import { expect, it } from 'vitest';
import { loadUws, NativeBuildError } from '../../../src/server/uws.js';

it('says what is missing, and what to do, when the native build does not load', () => {
  const cause = new Error('dlopen: version GLIBC_2.38 not found');
  const load = (): never => {
    throw cause;
  };
  try {
    loadUws(load);
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(NativeBuildError);
    const { message, cause: told } = error as NativeBuildError;
    expect(message).toContain(`ABI ${process.versions.modules}`);
    expect(message).toMatch(/glibc \d+\.\d+|without glibc/);
    expect(message).toMatch(/run Node 20 with glibc 2\.27/);
    expect(message).not.toContain('\n');
    expect(told).toBe(cause);
  }
});

it('switches the header of the library off where the build can', () => {
  const keys: string[] = [];
  loadUws(() => ({ _cfg: (key: string) => keys.push(key) }));
  expect(keys).toEqual(['999999990007']);
  expect(() => loadUws(() => ({}))).not.toThrow();
});
