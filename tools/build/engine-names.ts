// Short names that cost no JavaScript heap on the device, because the engine holds them as constants: JerryScript 2.4
// (its es.next profile) and Kaluma 1.2.1, which registers its own. Any other name that a bundle uses for a property or
// in a scope takes 21 bytes: a string of 16 and its place in the engine's list of literals. Other engines lose nothing.
// Left out is what the language reserves, and `then`, which would make an object a promise.

/** Names of two to four characters, shortest first. */
export const ENGINE_NAMES: readonly string[] = (
  'IN PI cs fd fo fs id ip is ls of on rm rx tx ADC ASM I2C IRQ JMP LED LOW LSB MOV MSB Map OUT PIO PWM ' +
  'SET SPI Set URL UTC WDT _fd abs adc add all bpp bus cos cts cwd dir end exp ext fat get has irq jmp ' +
  'job key led lfs log mac map max min mov net nop now off out pin pop pow put pwm raw rtc rts sck scl ' +
  'sda sep set sin tan uid url vfs GPIO HIGH LN10 PULL PUSH UART WAIT WiFi __fd __fs _buf _cwd _dev ' +
  '_dir acos addr arch asin atan atob base bind bits body btoa call cbrt ceil cosh data done duty emit ' +
  'exec feed fill find flat flow freq hash host href http imul join keys last log2 miso mkfs mode mosi ' +
  'name next once open path port ptcl pull push race read recv root rssi scan seal seed send side sign ' +
  'sinh size some sort sqrt ssid stat stop tanh term test tone trim type wait wifi wrap'
).split(' ');
