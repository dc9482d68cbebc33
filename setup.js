// Makes a fresh clone ready: packages, servers, build. Needs Node and npm alone, is quick when there is nothing to do, and says what
// to do where it may not do it. `node setup.js` is for running scorewire, `--test` for testing it, `--bench` for measuring it.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { accessSync, chmodSync, constants, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('.', import.meta.url))
const OLDEST_NODE = [20, 19]
const PLACES = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/usr/local/bin', '/opt/homebrew/bin', '/usr/sbin',
  '/Applications/Google Chrome.app/Contents/MacOS']
/** Where Debian and Homebrew put the programs of PostgreSQL's server, the newest first. */
function postgresPlaces () {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : []
  return [...versions.map((version) => `${debian}/${version}/bin`), '/opt/homebrew/opt/postgresql@15/bin', '/usr/pgsql-15/bin']
}
/** Where packages put the modules of nginx. */
const NGINX_MODULES = ['/usr/lib/nginx/modules', '/usr/lib64/nginx/modules', '/usr/share/nginx/modules']

/** What scorewire needs of the system: any of the commands, and the package that brings one. */
const PROGRAMS = {
  redis: {
    what: 'a Redis server, 7.0 or later',
    commands: ['redis-server', 'valkey-server'],
    packages: { 'apt-get': 'redis-server', dnf: 'valkey', apk: 'redis', pacman: 'valkey', brew: 'redis' }
  },
  postgres: {
    what: 'PostgreSQL 15 or later, for the tests of the ledger and its measurement',
    commands: ['postgres'],
    packages: { 'apt-get': 'postgresql', dnf: 'postgresql-server', apk: 'postgresql15', pacman: 'postgresql', brew: 'postgresql@15' },
    // Else Debian makes a cluster of the system's own, which would start with the machine.
    before: { 'apt-get': ['sh', '-c', 'test -e /etc/postgresql-common/createcluster.conf || { mkdir -p /etc/postgresql-common/createcluster.d && echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.d/scorewire.conf; }'] }
  },
  chromium: {
    what: 'Chromium, for the tests of the page',
    commands: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'Google Chrome'],
    packages: { 'apt-get': 'chromium', dnf: 'chromium', apk: 'chromium', pacman: 'chromium' }
  },
  haproxy: {
    what: 'HAProxy, for the tests behind a balancer',
    commands: ['haproxy'],
    packages: { 'apt-get': 'haproxy', dnf: 'haproxy', apk: 'haproxy', pacman: 'haproxy', brew: 'haproxy' }
  },
  nginx: {
    what: 'nginx, for the tests behind a balancer',
    commands: ['nginx'],
    packages: { 'apt-get': 'nginx-light', dnf: 'nginx', apk: 'nginx', pacman: 'nginx', brew: 'nginx' }
  },
  nchan: {
    what: 'nginx with nchan, which the fan-out is measured against',
    modules: ['ngx_nchan_module.so'],
    packages: { 'apt-get': 'libnginx-mod-nchan' }
  }
}

/** A mirror may be away for a moment, and on a machine that has just started another apt is at work. */
const APT_PATIENCE = ['-o', 'Acquire::Retries=5', '-o', 'DPkg::Lock::Timeout=300']

const MANAGERS = {
  'apt-get': { refresh: ['update', '-q', ...APT_PATIENCE], install: ['install', '-y', '-q', '--no-install-recommends', ...APT_PATIENCE] },
  dnf: { install: ['install', '-y'] },
  apk: { install: ['add', '--no-cache'] },
  pacman: { refresh: ['-Sy'], install: ['-S', '--noconfirm'] },
  brew: { install: ['install'], asUser: true }
}

function fail (message) {
  process.stderr.write(`scorewire: ${message}\n`)
  process.exit(1)
}

function say (message) {
  process.stdout.write(`scorewire: ${message}\n`)
}

function isThere (file, mode) {
  try {
    accessSync(file, mode)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

const find = (command) => [...PLACES, ...postgresPlaces()].map((place) => join(place, command)).find((file) => isThere(file, constants.X_OK))
const findModule = (name) => NGINX_MODULES.map((place) => join(place, name)).find((file) => isThere(file, constants.R_OK))

function run (command, args, options = {}) {
  return spawnSync(command, args, { cwd: ROOT, stdio: 'inherit', ...options }).status === 0
}

function checkNode () {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return
  fail(`needs Node ${OLDEST_NODE.join('.')} or later, this is ${process.versions.node}`)
}

/** `npm ci`, when the lockfile is another one than at the last time. */
function installPackages () {
  const stamp = join(ROOT, 'node_modules', '.scorewire-setup')
  const lock = createHash('sha256').update(readFileSync(join(ROOT, 'package-lock.json'))).digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return
  say('installing packages (npm ci)')
  if (!run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund', '--fetch-retries=5', '--loglevel=error'])) fail('npm ci failed; see above')
  writeFileSync(stamp, lock)
}

/** Installs a program through the system's package manager, where it is missing and that is allowed. */
function installProgram ({ what, commands = [], modules = [], packages, before = {} }) {
  const isInstalled = () => commands.some(find) || modules.some(findModule)
  if (isInstalled()) return
  const manager = Object.keys(MANAGERS).find((name) => packages[name] !== undefined && find(name))
  const names = [...commands, ...modules]
  const todo = `install ${what} (${names.join(' or ')}) and try again`
  if (manager === undefined) fail(`found none of ${names.join(', ')} and no package manager that has it: ${todo}`)

  const { refresh, install, asUser = false } = MANAGERS[manager]
  const byHand = `${manager} ${install[0]} ${packages[manager]}`
  // RUNLEVEL=1 keeps Debian from starting the system's own Redis service: scorewire starts one for itself.
  const settings = ['env', 'DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1']
  const prefix = asUser || process.getuid?.() === 0 ? settings : ['sudo', '-n', ...settings]
  if (prefix[0] === 'sudo' && !run('sudo', ['-n', 'true'], { stdio: 'ignore' })) {
    fail(`found none of ${names.join(', ')}, and may not install it: run "sudo ${byHand}" and try again`)
  }
  say(`installing ${what} (${byHand})`)
  const options = { stdio: ['ignore', 'ignore', 'inherit'] }
  const step = (words) => {
    const [command, ...rest] = [...prefix, ...words]
    return run(command, rest, options)
  }
  if (refresh !== undefined) step([manager, ...refresh])
  if (before[manager] !== undefined) step(before[manager])
  step([manager, ...install, packages[manager]])
  if (!isInstalled()) fail(`"${byHand}" did not bring it: ${todo}`)
}

/** Compiles `src/` to `dist/`, when anything in it is newer. */
function build () {
  const built = join(ROOT, 'dist', 'main.js')
  const sources = ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json',
    ...readdirSync(join(ROOT, 'src'), { recursive: true }).map((name) => join('src', name))]
  const newest = Math.max(...sources.map((name) => statSync(join(ROOT, name)).mtimeMs))
  if (existsSync(built) && statSync(built).mtimeMs > newest) return
  say('building')
  if (!run('npm', ['run', '--silent', 'build'])) fail('the build failed; see above')
  chmodSync(built, 0o755)
}

const forTests = process.argv.includes('--test')
const forBench = process.argv.includes('--bench')
checkNode()
installPackages()
if (forTests || forBench || !process.env.REDIS_URL) installProgram(PROGRAMS.redis)
if (forTests) for (const program of [PROGRAMS.postgres, PROGRAMS.chromium, PROGRAMS.haproxy, PROGRAMS.nginx]) installProgram(program)
if (forBench) for (const program of [PROGRAMS.postgres, PROGRAMS.nchan]) installProgram(program)
build()
