/** Who is at the other end: the socket's address, or behind trusted proxies what they say. */
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { ServiceError } from '../errors.ts';

/** What is known of the client beside its request. */
export interface Peer {
  readonly publicUrl: string;
  readonly remoteAddress: string;
}

/** Sees the client behind proxies; throws requestMalformed for a forwarded value that is none. */
export type ReadPeer = (headers: IncomingMessage['headers'], direct: Peer) => Peer;

const addressFamily = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

function createBlockList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits, ...rest] = range.split('/');
    const widthMax = isIP(address) === 6 ? 128 : 32;
    const width = bits === undefined ? widthMax : Number(bits);
    const valid = isIP(address) !== 0 && rest.length === 0 && bits !== '' && Number.isInteger(width);
    if (!valid || width < 0 || width > widthMax) {
      throw new Error(`trustedProxies: "${range}" is neither an address nor a CIDR range such as 10.0.0.0/8`);
    }
    list.addSubnet(address, width, addressFamily(address));
  }
  return list;
}

/** An address as IPv4 where it is one in IPv6's clothes, without the port some proxies add. */
export function plainAddress(text: string): string {
  const trimmed = text.trim();
  const withPort = /^\[(.+)\](?::\d+)?$/.exec(trimmed) ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(trimmed);
  const address = withPort?.[1] ?? trimmed;
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}

/** The last value: what the proxy next to us wrote, not what a client made it pass on. */
function lastForwarded(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header.slice(header.lastIndexOf(',') + 1).trim() : undefined;
}

function readForwarded(
  headers: IncomingMessage['headers'],
  name: string,
  pattern: RegExp,
): string | undefined {
  const value = lastForwarded(headers[name]);
  if (value === undefined || pattern.test(value)) return value;
  throw new ServiceError('headerInvalid', `The header ${name} has a value that cannot be read.`, {
    target: name,
  });
}

/** Creates the reader for the addresses and CIDR ranges that are believed; throws for one that is neither. */
export function createPeerReader(trustedProxies: readonly string[]): ReadPeer {
  const trusted = createBlockList(trustedProxies);
  const isTrusted = (address: string) =>
    isIP(address) !== 0 && trusted.check(address, addressFamily(address));
  if (trustedProxies.length === 0) return (_headers, direct) => direct;
  return (headers, direct) => {
    if (!isTrusted(direct.remoteAddress)) return direct;
    const scheme = readForwarded(headers, 'x-forwarded-proto', /^https?$/i)?.toLowerCase();
    const host = readForwarded(headers, 'x-forwarded-host', /^([\w.-]+|\[[\da-f:.]+\])(:\d{1,5})?$/i);
    const [configuredScheme, configuredHost] = direct.publicUrl.split('://');
    const publicUrl = `${scheme ?? configuredScheme}://${host ?? configuredHost}`;
    const forwardedFor = headers['x-forwarded-for'];
    const hops = typeof forwardedFor === 'string' ? forwardedFor.split(',').map(plainAddress).reverse() : [];
    let remoteAddress = direct.remoteAddress;
    for (const hop of hops) {
      // Everything left of the first stranger is hearsay.
      if (isIP(hop) === 0 || !isTrusted(remoteAddress)) break;
      remoteAddress = hop;
    }
    return { publicUrl, remoteAddress };
  };
}
