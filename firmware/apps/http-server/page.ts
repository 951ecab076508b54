// The demonstration page, made into bytes once at start and sent from there without a copy.

/** A page that shows the board's status and asks for it anew every two seconds. */
export function pageText(): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Lightwire</title>
<style>body{font:16px system-ui,sans-serif;max-width:36em;margin:2em auto;padding:0 1em}td{padding:.2em 1em .2em 0}
h1{font-weight:600}code{background:#eee;padding:0 .3em}</style>
<h1>Hello from a Pico</h1>
<p>This page was sent by a TCP/IP stack written in TypeScript, running in a JavaScript engine.</p>
<table id="t"></table>
<p>As JSON: <a href="/api/status"><code>/api/status</code></a></p>
<script>function g(){fetch("/api/status").then(function(r){return r.json()}).then(function(s){
var h="",k;for(k in s)h+="<tr><td>"+k+"<td>"+(typeof s[k]=="object"?JSON.stringify(s[k]):s[k]);
document.getElementById("t").innerHTML=h;setTimeout(g,2000)},function(){setTimeout(g,5000)})}g()</script>
</html>
`;
}
