// A Kaluma program for the Pico W that knows nothing of the driver and stack below it: joins a network, then serves pages.
const { WiFi } = require('wifi');
const http = require('http');

const wifi = new WiFi();
for (const event of ['associated', 'connected', 'disconnected']) {
  wifi.on(event, () => console.log(`wifi ${event}`));
}

let requests = 0;
const server = http.createServer((req, res) => {
  requests++;
  res.writeHead(200, 'OK', { 'Content-Type': 'text/html' });
  res.end(`<h1>Kaluma</h1><p>${req.method} ${req.url}, request ${requests}</p>`);
});

wifi.connect({ ssid: 'home', password: 'correct horse' }, (error, info) => {
  if (error) {
    console.log(`no network: ${error.message}`);
    return;
  }
  console.log(`in ${info.ssid}`);
  server.listen(80, () => console.log('web server on port 80'));
});
