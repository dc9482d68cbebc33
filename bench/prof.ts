import { mkdtemp } from 'node:fs/promises'
import autocannon from '/work/main/node_modules/autocannon/autocannon.js'
import { createSigner } from 'fast-jwt'
import { startEmbeddedRedis } from '../src/redis/embedded.ts'
import { cpuMicros, startServer } from './processes.ts'
const dataDir = await mkdtemp('/tmp/prof-')
const redis = await startEmbeddedRedis({ dataDir, path: process.env.PATH!, log: {debug(){},info(){},warn(){},error(){}} })
const secret='x'.repeat(40)
const flags = process.argv.slice(2)
const s = await startServer([...flags, '/work/main/dist/main.js','serve'], {NODE_ENV:'production',PORT:'0',REDIS_URL:redis.url,JWT_SECRET:secret,RATE_LIMIT_MAX:process.env.RL??'1000000000'})
const sign=createSigner({key:secret,algorithm:'HS256',expiresIn:3600000})
const tokens=Array.from({length:20000},(_,n)=>`Bearer ${sign({sub:`user-${n}`,name:`User ${n}`})}`)
let sent=0
const go=async(d:number)=>autocannon({url:s.url,connections:64,duration:d,requests:[{method:'POST',path:'/v1/boards/main/increments',setupRequest:(r:any)=>({...r,headers:{'content-type':'application/json',authorization:tokens[Math.floor(Math.random()*20000)]},body:JSON.stringify({action_id:'r'+sent++,increment:1+sent%10})})}]})
await go(4)
for (let i=0;i<3;i++){const c=cpuMicros(s.pid);const r=await go(5);console.log('node us', ((cpuMicros(s.pid)-c)/r['2xx']).toFixed(1), 'rps', (r['2xx']/r.duration).toFixed(0), r.non2xx)}
await s.stop(); await redis.stop()
