// A Kaluma program that knows nothing of the stack below it: a web server.
const http = require('http');

let requests = 0;
const server = http.createServer((req, res) => {
  requests++;
  if (req.url === '/large') {
    res.writeHead(200, 'OK', { 'Content-Type': 'text/plain' });
    for (let i = 0; i < 4; i++) res.write('0123456789abcdef'.repeat(64));
    res.end();
    return;
  }
  res.writeHead(200, 'OK', { 'Content-Type': 'text/html' });
  res.end(`<h1>Kaluma</h1><p>${req.method} ${req.url}, request ${requests}</p>`);
});

server.listen(80, () => console.log('web server on port 80'));
