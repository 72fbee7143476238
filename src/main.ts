#!/usr/bin/env node
/** The program: `run-ledger <subcommand>`. */
