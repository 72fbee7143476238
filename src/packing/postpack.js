// After packing: puts back the manifest that prepack.js changed.
import { renameSync } from 'node:fs'

renameSync('package.json.orig', 'package.json')
