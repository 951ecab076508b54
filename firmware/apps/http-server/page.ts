// The demonstration page, made into bytes once at start and sent from there without a copy.

/** A page that shows the board's status and asks for it anew every two seconds. */
export function pageText(): string {
  return `<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content="width=device-width"><title>Lightwire</title>
<body style="font:16px system-ui;max-width:36em;margin:2em auto">
<h1>Hello from a Pico</h1>
<p>This page was sent by a TCP/IP stack written in TypeScript, running in a JavaScript engine.
<table id=t></table>
<p><a href=/api/status>As JSON</a>
<script>setInterval(function g(){fetch("/api/status").then(function(r){return r.json()}).then(function(s){var h="",k
for(k in s)h+="<tr><td>"+k+"<td>"+JSON.stringify(s[k])
t.innerHTML=h})
return g}(),2e3)</script>
`;
}
