import { parentPort } from 'node:worker_threads'
import { solve } from './puzzle.js'

parentPort?.on('message', (puzzle) => parentPort?.postMessage(solve(puzzle)))
