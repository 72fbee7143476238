/** To be imported before any schema is made: the page's policy forbids code from text, which zod would try. */
import { config } from 'zod'

config({ jitless: true })
