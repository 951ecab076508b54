// Why a start of the chip did not succeed.

export const FAULT_NONE = 0;
/** The test pattern does not come back, or comes back wrong once the bus is set up. */
export const FAULT_NO_ANSWER = 1;
export const FAULT_BUS = 2;
/** The chip's clock does not come; a core is not in reset as it is after power on. */
export const FAULT_CLOCK = 3;
export const FAULT_CORE = 4;
/** No firmware image is stored, or none that is good; the sum of its content is wrong. */
export const FAULT_NO_IMAGE = 5;
export const FAULT_IMAGE_DAMAGED = 6;
/** The firmware does not start. */
export const FAULT_FIRMWARE = 7;
/** The firmware refuses its regulatory data; a setting. */
export const FAULT_CLM = 8;
export const FAULT_SETTING = 9;
/** The code that starts the chip cannot be read: another program is being written, or the build's comment is lost. */
export const FAULT_NO_CODE = 10;

/** A fault in words. @param fault dev.fault, other than FAULT_NONE */
export function cyw43FaultText(fault: number): string {
  return [
    'does not answer: is this a Pico W, with Kaluma for the plain Pico?',
    'answers wrongly: bus disturbed',
    'clock does not start',
    'cores are not in reset: switch the power off and on',
    'has no firmware on this board: lightwire cyw43-firmware stores it',
    'firmware image is damaged: store it anew',
    'firmware does not start: is the image for this chip?',
    'refuses its regulatory data: store the image anew',
    'refuses a setting',
    'cannot be started: its code is not where the program is stored',
  ][fault - 1]!;
}
