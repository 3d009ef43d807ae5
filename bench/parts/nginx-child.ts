/**
 * nginx as a peer, where it is installed: one worker process that serves files. In a process of its
 * own, which takes nginx with it when it is left alone.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, chmodSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { answerParent } from './answer.js';
import { childrenOf } from './proc.js';

export interface NginxOrder {
  /** Served as /<name>, and as /copied/<name> without sendfile. */
  readonly files: readonly { readonly name: string; readonly base64: string }[];
  /** Added to each response. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface NginxRunning {
  readonly port: number;
  /** The process that serves. */
  readonly workerPid: number;
}

/** Where packages put it that is often in nobody's PATH. */
const EXTRA_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/usr/local/nginx/sbin'];
const START_TRIES = 3;
const READY_MS_MAX = 10_000;

let folder: string | null = null;
let nginx: ChildProcess | null = null;

function findNginx(): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...EXTRA_FOLDERS];
  return folders
    .map((one) => join(one, 'nginx'))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function configOf(at: string, port: number, headers: NginxOrder['headers']): string {
  const added = Object.entries(headers).map(([name, value]) => `add_header ${name} '${value}';`);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${at}/${kind};`,
  );
  return `daemon off;
worker_processes 1;
pid ${at}/nginx.pid;
error_log ${at}/error.log;
events { worker_connections 256; }
http {
  ${temporary.join('\n  ')}
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000000;
  open_file_cache max=16;
  server_tokens off;
  default_type application/json;
  server {
    listen 127.0.0.1:${port};
    root ${at};
    location /copied/ { alias ${at}/; sendfile off; }
    ${added.join('\n    ')}
  }
}
`;
}

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const answer = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
  });
  socket.destroy();
  return answer;
}

/** Resolves with null where there is no nginx. */
async function start({ files, headers }: NginxOrder): Promise<NginxRunning | null> {
  const program = findNginx();
  if (program === undefined) return null;
  folder = mkdtempSync(join(tmpdir(), 'bench-nginx-'));
  // Started by root, its worker is somebody else.
  chmodSync(folder, 0o755);
  for (const { name, base64 } of files) writeFileSync(join(folder, name), Buffer.from(base64, 'base64'));
  for (let tries = 0; tries < START_TRIES; tries++) {
    // It cannot be told to choose a port: somebody else may be quicker.
    const running = await startOn(program, folder, await freePort(), headers);
    if (running) return running;
  }
  await stop();
  throw new Error('nginx did not open its port');
}

/** Resolves with null when it has ended, or has no port in time. */
async function startOn(
  program: string,
  at: string,
  port: number,
  headers: NginxOrder['headers'],
): Promise<NginxRunning | null> {
  const file = join(at, 'nginx.conf');
  writeFileSync(file, configOf(at, port, headers));
  nginx = spawn(program, ['-p', at, '-e', join(at, 'error.log'), '-c', file], { stdio: 'inherit' });
  const endMs = performance.now() + READY_MS_MAX;
  while (performance.now() < endMs && nginx.exitCode === null) {
    const workerPid = childrenOf(nginx.pid!)[0];
    if (workerPid !== undefined && (await isOpen(port))) return { port, workerPid };
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return null;
}

async function stop(): Promise<void> {
  if (nginx && nginx.exitCode === null) {
    nginx.kill('SIGTERM');
    if (nginx.exitCode === null && nginx.signalCode === null) await once(nginx, 'exit');
  }
  nginx = null;
  if (folder !== null) rmSync(folder, { recursive: true, force: true });
  folder = null;
}

process.once('SIGTERM', () => void stop().finally(() => process.exit(0)));
answerParent({ start, stop }, () => void stop().finally(() => process.exit(0)));
