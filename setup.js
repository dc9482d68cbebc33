// Makes a fresh clone ready: packages, servers, build. It needs Node and npm alone, and is quick with nothing to do.
// `node setup.js` is for running scorewire, `--test` for testing it, `--bench` for measuring it.
// With SCOREWIRE_SETUP=check it installs nothing: it lists what is missing and exits with 1.
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, staleTargets } from './build.js'

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

const find = (command) => [...PLACES, ...postgresPlaces()].map((place) => join(place, command))
  .find((file) => isThere(file, constants.X_OK))
const findModule = (name) => NGINX_MODULES.map((place) => join(place, name))
  .find((file) => isThere(file, constants.R_OK))

function run (command, args, options = {}) {
  return spawnSync(command, args, { cwd: ROOT, stdio: 'inherit', ...options }).status === 0
}

function checkNode () {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return
  fail(`needs Node ${OLDEST_NODE.join('.')} or later, this is ${process.versions.node}`)
}

/** Whether `node_modules` holds every package of the lockfile; npm writes there what it has installed. */
function hasPackages () {
  const read = (...path) => JSON.parse(readFileSync(join(ROOT, ...path), 'utf8')).packages
  const kept = join(ROOT, 'node_modules', '.package-lock.json')
  if (!existsSync(kept)) return false
  const installed = read('node_modules', '.package-lock.json')
  return Object.entries(read('package-lock.json'))
    .every(([path, { version, optional }]) => path === '' || optional || installed[path]?.version === version)
}

function installPackages () {
  if (hasPackages()) return
  say('installing packages (npm ci)')
  const quietly = ['--no-audit', '--no-fund', '--fetch-retries=5', '--loglevel=error']
  if (!run('npm', ['ci', '--include=dev', ...quietly])) fail('npm ci failed; see above')
}

const isInstalled = ({ commands = [], modules = [] }) => commands.some(find) || modules.some(findModule)

/** The package manager of this system that has a program, if there is one, and the command that installs it. */
function managerOf ({ packages }) {
  const manager = Object.keys(MANAGERS).find((name) => packages[name] !== undefined && find(name))
  return { manager, byHand: manager && `${manager} ${MANAGERS[manager].install[0]} ${packages[manager]}` }
}

/** What to do about a program that is missing. */
function adviceFor (program) {
  const { what, commands = [], modules = [] } = program
  const { manager, byHand } = managerOf(program)
  const names = [...commands, ...modules].join(' or ')
  if (manager === undefined) return `install ${what} (${names})`
  return `install ${what} (${names}): ${MANAGERS[manager].asUser ? '' : 'sudo '}${byHand}`
}

/** Lists everything that is missing and ends, without installing anything. */
function check (programs) {
  const missing = programs.filter((program) => !isInstalled(program)).map(adviceFor)
  if (!hasPackages()) missing.unshift('install the packages: npm ci')
  if (missing.length > 0) fail(`SCOREWIRE_SETUP=check found something missing:\n${missing.map((line) => `- ${line}`).join('\n')}`)
}

/** Installs a program through the system's package manager, where it is missing and that is allowed. */
function installProgram (program) {
  if (isInstalled(program)) return
  const { what, commands = [], modules = [], packages, before = {} } = program
  const { manager, byHand } = managerOf(program)
  const names = [...commands, ...modules]
  const todo = `install ${what} (${names.join(' or ')}) and try again`
  if (manager === undefined) fail(`found none of ${names.join(', ')} and no package manager that has it: ${todo}`)

  const { refresh, install, asUser = false } = MANAGERS[manager]
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
  if (!isInstalled(program)) fail(`"${byHand}" did not bring it: ${todo}`)
}

/** Builds what has changed since the last build. */
function buildStale () {
  for (const target of staleTargets()) {
    say(`building the ${target}`)
    if (!build(target)) fail('the build failed; see above')
  }
}

const forTests = process.argv.includes('--test')
const forBench = process.argv.includes('--bench')
const { redis, postgres, chromium, haproxy, nginx, nchan } = PROGRAMS
const programs = [
  ...forTests || forBench || !process.env.REDIS_URL ? [redis] : [],
  ...forTests ? [postgres, chromium, haproxy, nginx] : [],
  ...forBench ? [postgres, nchan] : []
]
const mode = process.env.SCOREWIRE_SETUP || 'install'
if (mode !== 'install' && mode !== 'check') fail('SCOREWIRE_SETUP must be install or check')
checkNode()
if (mode === 'check') {
  check(programs)
} else {
  installPackages()
  programs.forEach(installProgram)
}
buildStale()
