const [command, ...args] = process.argv.slice(2)

switch (command) {
  case 'add':
    add(args)
    break
  // The other commands go here: update, delete, mark-in-progress, mark-done, list.
  default:
    console.log(`Not built yet: ${command}`)
}

function add([description]: string[]): void {
  console.log(`Not built yet: adding "${description}"`)
}
