// A Kaluma program that knows nothing of the stack below it: gets a page by name as soon as it starts.
const http = require('http');

const request = http.get({ host: 'web.test', port: 8000, path: '/hello' }, (res) => {
  let body = '';
  res.on('data', (chunk) => (body += String.fromCharCode.apply(null, chunk)));
  res.on('end', () => console.log(`status ${res.statusCode}, body ${body}`));
  res.on('close', () => console.log('closed'));
});
request.on('error', (error) => console.log(`failed: ${error.message}`));
