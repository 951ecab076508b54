// A Kaluma program for the Pico W: tells which networks there are, joins the one that its storage names, and leaves it.
const { WiFi } = require('wifi');

const wifi = new WiFi();

function then(what, next) {
  return (error, result) => {
    console.log(`${what}: ${error ? error.message : JSON.stringify(result)}`);
    next();
  };
}

function scan(next) {
  wifi.scan((error, networks) => {
    if (error) console.log(`no scan: ${error.message}`);
    else {
      for (const { ssid, security, channel, rssi } of networks) {
        console.log(`${ssid} ${security} channel ${channel} ${rssi} dBm`);
      }
    }
    next();
  });
}

function leave() {
  wifi.getConnection(then('connection', () => wifi.disconnect(then('left', last))));
}

function last() {
  wifi.getConnection(then('connection', () => wifi.reset(then('reset', () => {}))));
}

storage.setItem('WIFI_SSID', 'home');
storage.setItem('WIFI_PASSWORD', 'correct horse');
scan(() => wifi.getConnection(then('connection', () => wifi.connect(then('connected', leave)))));
