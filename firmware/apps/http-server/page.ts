// The demonstration page, made into bytes once at start and sent from there without a copy.

/** A page that shows the board's status, asked for anew every two seconds, and looks names up. */
export function pageText(): string {
  return `<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content="width=device-width"><title>Lightwire</title>
<style>body{font:16px system-ui;max-width:36em;margin:2em auto;padding:0 1em}td{padding:.2em 1em .2em 0;border-top:1px solid #ccc}</style>
<h1>Hello from a Pico</h1>
<p>This page was sent by a TCP/IP stack written in TypeScript, running in a JavaScript engine, as is the network chip's driver. Below is the board's state, read every two seconds:
<table id=t></table>
<form id=f><p>Look a name up: <input name=name value=example.com> <button>Ask</button> <output id=o></output></form>
<p><a href=/api/status>The state as JSON</a>
<script>
function get(u,f){fetch(u).then(function(r){return r.json()}).then(f)}
f.onsubmit=function(){get("/api/resolve?name="+f.name.value,function(r){o.value=r.address||"no such name"});return!1}
setInterval(function g(){get("/api/status",function(s){var h="",k
for(k in s)h+="<tr><td>"+k+"<td>"+JSON.stringify(s[k])
t.innerHTML=h})
return g}(),2e3)
</script>
`;
}
