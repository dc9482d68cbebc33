// The OpenAPI document, written from the routes' own schemas, and the page that renders it.
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { Server } from './server.ts'

/** Swagger UI styles its icons in line; everything else is a file of this service. */
const DOCS_CSP = "default-src 'none'; connect-src 'self'; font-src 'self'; img-src 'self' data:; script-src 'self'; " +
  "style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const DOCS_THEME = {
  title: 'scorewire API',
  css: [{ filename: 'scorewire.css', content: '.swagger-ui .topbar { display: none }' }]
}

const DESCRIPTION = `A live leaderboard: an action counts exactly once, and every screen shows it.

Live updates come from the WebSocket \`/ws/scoreboard?board=main&window=all\`: a \`snapshot\` at once and an \`update\`
whenever the visible top changes, each with the whole top ten; \`/sse/scoreboard\` is the same as server-sent events.`

/**
 * Serves `/openapi.json`, written from the routes' own schemas, and `/docs`, which renders it. Call it before the
 * routes.
 */
export async function registerOpenApi (server: Server, { version }: { version: string }): Promise<void> {
  await server.register(swagger, {
    transformObject: (document) =>
      'openapiObject' in document ? correct(document.openapiObject) : document.swaggerObject,
    openapi: {
      openapi: '3.1.0',
      info: { title: 'scorewire', version, description: DESCRIPTION },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
      tags: [
        { name: 'write', description: 'Raise scores' },
        { name: 'read', description: 'Read boards' },
        { name: 'boards', description: 'Make, change and delete boards' },
        { name: 'groups', description: "Stored lists of users, such as somebody's friends" },
        { name: 'moderation', description: 'Bans, corrections and removals, with the scope admin' },
        { name: 'contracts', description: 'Five published contracts, on the default board' },
        { name: 'operations', description: 'Health and metrics' }
      ]
    }
  })
  await server.register(swaggerUi, { routePrefix: '/docs', staticCSP: DOCS_CSP, theme: DOCS_THEME })
  server.get('/openapi.json', { schema: { hide: true } }, async () => server.swagger())
}

interface Field {
  name?: string
  required?: boolean
  schema?: { default?: unknown }
}

interface Content {
  schema?: { required?: string[], properties?: Record<string, { default?: unknown }> }
}

interface Operation {
  parameters?: Field[]
  requestBody?: { required: boolean, content: Record<string, Content> }
}

/** As much of an OpenAPI document as is looked at here. */
interface Described {
  paths?: Record<string, Record<string, Operation>>
}

/**
 * What has a default may be left out, and so may a body whose every field is optional: the generator calls all of it
 * required.
 */
function correct<Document> (document: Document): Document {
  for (const operations of Object.values((document as Described).paths ?? {})) {
    for (const { parameters = [], requestBody } of Object.values(operations)) {
      for (const parameter of parameters) if (parameter.schema?.default !== undefined) parameter.required = false
      if (requestBody === undefined) continue
      const content = requestBody.content['application/json']
      const schema = content?.schema
      const required = schema?.required?.filter((name) => schema.properties?.[name]?.default === undefined) ?? []
      if (schema?.required !== undefined) content!.schema = { ...schema, required }
      requestBody.required = schema === undefined || required.length > 0
    }
  }
  return document
}
