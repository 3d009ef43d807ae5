import { expect, test } from 'vitest';
import { canonicalAddress, clientKey, isMappedIpv4, NetworkSet } from '../../../src/model/networks.js';

test.each([
  ['127.0.0.1', '127.0.0.1'],
  ['::1', '0:0:0:0:0:0:0:1'],
  ['0000:0000:0000:0000:0000:0000:0000:0001', '0:0:0:0:0:0:0:1'],
  ['0000:0000:0000:0000:0000:ffff:7f00:0001', '127.0.0.1'],
  ['::ffff:10.1.2.3', '10.1.2.3'],
  ['::FFFF:0a01:0203', '10.1.2.3'],
  ['fe80::1%eth0', 'fe80:0:0:0:0:0:0:1'],
  ['2001:db8::', '2001:db8:0:0:0:0:0:0'],
  ['::', '0:0:0:0:0:0:0:0'],
  ['64:ff9b::192.0.2.33', '64:ff9b:0:0:0:0:c000:221'],
])('%s is %s', (text, canonical) => expect(canonicalAddress(text)).toBe(canonical));

test.each(['', 'localhost', '127.1', '0177.0.0.1', '1.2.3.4:80', '[::1]', ':::', '1:2:3:4:5:6:7', '::1\n'])(
  '%j is no address',
  (text) => {
    expect(canonicalAddress(text)).toBeUndefined();
    expect(clientKey(text)).toBe('unknown');
    expect(new NetworkSet(['0.0.0.0/0', '::/0']).has(text)).toBe(false);
  },
);

test('one IPv6 host is one client', () => {
  expect(clientKey('2001:db8:1:2::1')).toBe(clientKey('2001:db8:1:2:ffff:ffff:ffff:ffff'));
  expect(clientKey('2001:db8:1:2::1')).not.toBe(clientKey('2001:db8:1:3::1'));
  expect(clientKey('::ffff:10.0.0.1')).toBe(clientKey('10.0.0.1'));
  expect(clientKey('10.0.0.1')).not.toBe(clientKey('10.0.0.2'));
});

test('networks of both families, and addresses in either spelling', () => {
  const set = new NetworkSet(['10.0.0.0/8', '192.0.2.1', 'fd00::/8']);
  for (const inside of ['10.255.0.1', '::ffff:10.0.0.1', '192.0.2.1', 'fd12::1'])
    expect(set.has(inside)).toBe(true);
  for (const outside of ['11.0.0.1', '192.0.2.2', 'fe80::1', '::a00:1']) expect(set.has(outside)).toBe(false);
  expect(new NetworkSet([]).has('10.0.0.1')).toBe(false);
  expect([new NetworkSet([]).isEmpty, set.isEmpty]).toEqual([true, false]);
  expect([isMappedIpv4('::ffff:1.2.3.4'), isMappedIpv4('::1.2.3.4'), isMappedIpv4('1.2.3.4')]).toEqual([
    true,
    false,
    false,
  ]);
});
