// What a command says of itself: its help, its line in the list, the reminder under a mistake.
import { test } from 'tap'
import { commandList, helpText, usageText, type Usage } from '../../src/cli/usage.ts'
import { VARIABLES, describeVariable } from '../../src/environment.ts'

const usage: Usage = {
  summary: 'count something',
  forms: ['count BOARD [--twice]', 'count --all'],
  options: [['BOARD', 'the board'], ['--twice', 'counts again\nand again']],
  variables: ['PORT', 'JWT_ISSUER'],
  notes: ['Exits with 1 where there is nothing.']
}

test('the help of a command has its forms, its options, and its variables with their defaults', (t) => {
  t.equal(
    helpText('count', usage),
    `scorewire count: count something

  scorewire count BOARD [--twice]
  scorewire count --all

Options:
  BOARD    the board
  --twice  counts again
           and again

Variables, with their defaults:
  PORT        Port to listen on; 0 for any that is free (3000)
  JWT_ISSUER  The only issuer whose tokens are accepted

Exits with 1 where there is nothing.
`
  )
  t.notMatch(helpText('count', { ...usage, options: [] }), /Options/)
  t.end()
})

test('the reminder under a mistake has the forms alone', (t) => {
  t.equal(usageText(usage), 'usage: scorewire count BOARD [--twice]\n       scorewire count --all')
  t.end()
})

test('the list has a line for each command', (t) => {
  const list = commandList('1.2.3', new Map([['count', usage], ['go', { ...usage, summary: 'go on' }]]))
  t.match(
    list,
    /^scorewire 1\.2\.3: .+\n\nCommands:\n {2}count {2}count something\n {2}go {5}go on\n\nscorewire <command> --help /
  )
  t.end()
})

test('every variable says what it is for', (t) => {
  for (const name of VARIABLES) t.match(describeVariable(name), /^\S.{10,}/, name)
  t.end()
})
